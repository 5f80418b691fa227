// The quickstart: an assistant, a thread, a question; polled by the helper, then streamed with listeners.
import OpenAI from "openai";

const client = new OpenAI();
const show = (...seen) => console.log(JSON.stringify(seen));

const assistant = await client.beta.assistants.create({
  name: "Tutor",
  instructions: "You help with sums.",
  tools: [{ type: "code_interpreter" }],
  model: "gpt-4o",
});
const thread = await client.beta.threads.create({ metadata: { user: "ada" } });
await client.beta.threads.messages.create(thread.id, { role: "user", content: "Solve 3x + 11 = 14." });

let run = await client.beta.threads.runs.createAndPoll(
  thread.id,
  { assistant_id: assistant.id },
  { pollIntervalMs: 100 },
);
const messages = await client.beta.threads.messages.list(thread.id);
show(run.status, messages.data[0].content[0].text.value, messages.data.length, messages.has_more);

const pieces = [];
const seen = [];
const stream = client.beta.threads.runs
  .stream(thread.id, { assistant_id: assistant.id, additional_instructions: "Smile." })
  .on("messageCreated", (message) => seen.push(`message created: ${message.content.length}`))
  .on("textCreated", () => seen.push("text created"))
  .on("textDelta", (delta) => pieces.push(delta.value))
  .on("textDone", (text) => seen.push(`text done: ${text.value === pieces.join("")}`))
  .on("messageDone", (message) => seen.push(`message done: ${message.status}`))
  .on("runStepDone", (step) => seen.push(`step done: ${step.status}`))
  .on("end", () => seen.push("end"));
run = await stream.finalRun();
await stream.done();
show(run.status, run.instructions, pieces.join(""), pieces.length > 1);
show(...seen);
show((await stream.finalMessages()).length, (await stream.finalRunSteps()).map((step) => step.status));

const names = [];
for await (const event of client.beta.threads.createAndRunStream({
  assistant_id: assistant.id,
  thread: { messages: [{ role: "user", content: "/say Yes." }] },
}))
  if (names.at(-1) !== event.event) names.push(event.event);
show(...names);

show((await client.beta.threads.delete(thread.id)).deleted, (await client.beta.assistants.delete(assistant.id)).object);
