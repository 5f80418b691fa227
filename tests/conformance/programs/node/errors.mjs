// What a program catches, and that a long answer can be stopped.
import OpenAI, { APIError, AuthenticationError } from "openai";

const client = new OpenAI({ maxRetries: 0 });
const show = (...seen) => console.log(JSON.stringify(seen));
const refused = async (promise) => {
  try {
    await promise;
    show("not refused");
  } catch (error) {
    if (!(error instanceof APIError)) throw error;
    const words = error.message.replace(/\b(asst|thread|run)_\w{24}/g, "$1_X");
    show(error.constructor.name, error.status, words, error.code ?? null, error.requestID?.slice(0, 4));
  }
};

const threads = client.beta.threads;
const assistant = await client.beta.assistants.create({ model: "gpt-4o", instructions: "Be brief." });
const thread = await threads.create({ messages: [{ role: "user", content: "/slow 60" }] });
await refused(threads.retrieve("thread_000000000000000000000000"));
await refused(threads.retrieve("nonsense"));
await refused(client.beta.assistants.create({ model: "gpt-4o", nonsense: 1 }));

const stream = threads.runs.stream(thread.id, { assistant_id: assistant.id });
await new Promise((resolve) => stream.once("textCreated", resolve));
const { id } = stream.currentRun();
await refused(threads.runs.create(thread.id, { assistant_id: assistant.id }));
await refused(threads.messages.create(thread.id, { role: "user", content: "Are you there?" }));
show((await threads.runs.cancel(id, { thread_id: thread.id })).status);
show((await stream.finalRun()).status);
await refused(threads.runs.cancel(id, { thread_id: thread.id }));

try {
  await new OpenAI({ apiKey: "sk-wrong" }).models.list();
} catch (error) {
  show(error instanceof AuthenticationError, error.code);
}
const names = [];
for await (const model of client.models.list()) names.push(model.id);
show(names.includes("gpt-4o"), (await client.models.retrieve("vendor/model:7b")).id);
