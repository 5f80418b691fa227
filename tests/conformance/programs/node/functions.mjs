// Functions: two calls in one turn, answered inside the stream and by the helper that polls.
import OpenAI from "openai";

const client = new OpenAI();
const show = (...seen) => console.log(JSON.stringify(seen));
const TEMPERATURES = { Oslo: "3", Rome: "20" };

const assistant = await client.beta.assistants.create({
  instructions: "You tell the weather.",
  model: "gpt-4o",
  tools: [
    {
      type: "function",
      function: { name: "temperature", parameters: { type: "object", properties: { city: { type: "string" } } } },
    },
  ],
});
const outputs = (run) =>
  run.required_action.submit_tool_outputs.tool_calls.map((call) => ({
    tool_call_id: call.id,
    output: TEMPERATURES[JSON.parse(call.function.arguments).city],
  }));
const ask = () =>
  client.beta.threads.create({
    messages: [{ role: "user", content: '/calls\ntemperature {"city": "Oslo"}\ntemperature {"city": "Rome"}' }],
  });

let thread = await ask();
const calls = [];
const stream = client.beta.threads.runs
  .stream(thread.id, { assistant_id: assistant.id })
  .on("toolCallDone", (call) => calls.push(call.function.arguments));
let run = await stream.finalRun();
show(run.status, calls);
const rest = client.beta.threads.runs.submitToolOutputsStream(run.id, {
  thread_id: thread.id,
  tool_outputs: outputs(run),
});
const texts = [];
rest.on("textDone", (text) => texts.push(text.value));
run = await rest.finalRun();
show(run.status, texts);

thread = await ask();
run = await client.beta.threads.runs.createAndPoll(
  thread.id,
  { assistant_id: assistant.id },
  { pollIntervalMs: 100 },
);
show(run.status);
run = await client.beta.threads.runs.submitToolOutputsAndPoll(
  run.id,
  { thread_id: thread.id, tool_outputs: outputs(run) },
  { pollIntervalMs: 100 },
);
show(run.status, run.usage.total_tokens > 0);
for await (const step of client.beta.threads.runs.steps.list(run.id, { thread_id: thread.id, order: "asc", limit: 1 }))
  show(step.type, step.status, step.step_details.tool_calls?.map((call) => call.function.output) ?? null);
