// A vector store: filled by the helpers, walked, searched.
import OpenAI, { toFile } from "openai";

const client = new OpenAI();
const show = (...seen) => console.log(JSON.stringify(seen));
const text = (name, words) => toFile(Buffer.from(words), name);

const store = await client.vectorStores.create({ name: "Menu" });
const batch = await client.vectorStores.fileBatches.uploadAndPoll(store.id, {
  files: [await text("soup.txt", "The soup of the day is leek."), await text("cake.md", "# Cake\n\nThere is apple cake.")],
});
show("batch", batch.status, batch.file_counts);
const prices = await client.vectorStores.files.uploadAndPoll(store.id, await text("prices.txt", "Soup costs four coins."));
show("file", prices.object, prices.status, prices.last_error, prices.attributes);
const broken = await client.vectorStores.files.uploadAndPoll(store.id, await text("broken.pdf", "%PDF-1.7 and no more"));
show("broken", broken.status, broken.last_error.code);

const statuses = [];
for await (const file of client.vectorStores.files.list(store.id, { limit: 2 })) statuses.push(file.status);
show("walked", statuses);
const changed = await client.vectorStores.files.update(prices.id, { vector_store_id: store.id, attributes: { year: 2026 } });
show("attributes", changed.attributes);
const results = [];
for await (const found of client.vectorStores.search(store.id, { query: "How many coins is the soup?", max_num_results: 1 }))
  results.push([found.filename, found.content[0].text, found.attributes]);
show("search", results);
const pieces = [];
for await (const piece of client.vectorStores.files.content(prices.id, { vector_store_id: store.id })) pieces.push(piece.text);
show("content", pieces);
show("gone", (await client.vectorStores.files.delete(broken.id, { vector_store_id: store.id })).deleted);
show("counts", (await client.vectorStores.retrieve(store.id)).file_counts);
