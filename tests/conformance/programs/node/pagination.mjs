// Lists that are longer than a page.
import OpenAI from "openai";

const client = new OpenAI();
const show = (...seen) => console.log(JSON.stringify(seen));
const list = client.beta.threads.messages.list.bind(client.beta.threads.messages);
const thread = await client.beta.threads.create({
  messages: [1, 2, 3, 4, 5].map((n) => ({ role: "user", content: `number ${n}` })),
});

const texts = async (messages) => {
  const found = [];
  for await (const message of messages) found.push(message.content[0].text.value);
  return found;
};
show(...(await texts(list(thread.id, { limit: 2 }))));
show(...(await texts(list(thread.id, { limit: 2, order: "asc" }))));

let page = await list(thread.id, { limit: 2, order: "asc" });
const sizes = [page.data.length];
while (page.hasNextPage()) {
  page = await page.getNextPage();
  sizes.push(page.data.length);
}
show(...sizes);

const { data } = await list(thread.id, { order: "asc" });
page = await list(thread.id, { before: data[2].id, order: "asc" });
show(page.data.map((message) => message.id).join() === [data[0].id, data[1].id].join(), page.has_more);
