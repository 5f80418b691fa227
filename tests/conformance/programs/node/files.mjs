// Files: from bytes, back again, in parts, gone.
import OpenAI, { NotFoundError, toFile } from "openai";

const client = new OpenAI();
const show = (...seen) => console.log(JSON.stringify(seen));
const NAME = "Überblick – 概要.txt";

const file = await client.files.create({
  file: await toFile(Buffer.from("Line one.\n"), NAME, { type: "text/plain" }),
  purpose: "assistants",
  expires_after: { anchor: "created_at", seconds: 3600 },
});
show(file.object, file.filename === NAME, file.bytes, file.expires_at - file.created_at);
show((await client.files.waitForProcessing(file.id, { pollInterval: 100 })).status);

const response = await client.files.content(file.id);
show(response.status, await response.text());

const found = [];
for await (const listed of client.files.list({ purpose: "assistants", limit: 50 })) found.push(listed.id);
show(found.includes(file.id));
show((await client.files.delete(file.id)).deleted);
try {
  await client.files.retrieve(file.id);
} catch (error) {
  show(error instanceof NotFoundError, error.status, error.requestID.slice(0, 4));
}

let upload = await client.uploads.create({ bytes: 10, filename: "w.txt", mime_type: "text/plain", purpose: "assistants" });
const parts = [];
for (const text of ["Hello", "world"])
  parts.push((await client.uploads.parts.create(upload.id, { data: await toFile(Buffer.from(text), "part") })).id);
upload = await client.uploads.complete(upload.id, { part_ids: parts });
show(upload.status, await (await client.files.content(upload.file.id)).text());
