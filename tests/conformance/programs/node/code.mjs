// The code interpreter: the code as it is written, its output, a picture that can be fetched at once.
import OpenAI from "openai";

const client = new OpenAI();
const show = (...seen) => console.log(JSON.stringify(seen));
const { assistants, threads } = client.beta;

const assistant = await assistants.create({ model: "gpt-4o", tools: [{ type: "code_interpreter" }] });
const thread = await threads.create();
const ask = (code) => threads.messages.create(thread.id, { role: "user", content: `/python ${code}` });

await ask("total = sum(range(10))\nprint(total)");
await threads.runs.createAndPoll(thread.id, { assistant_id: assistant.id });
await ask("import matplotlib.pyplot as plt\nplt.bar([1, 2], [total, 3])\nplt.show()\nprint(total + 1)");

let code = "";
const pictures = [];
const run = threads.runs
  .stream(thread.id, { assistant_id: assistant.id })
  .on("toolCallCreated", (call) => show("created", call.type))
  .on("toolCallDelta", (delta) => (code += delta.code_interpreter?.input ?? ""))
  .on("imageFileDone", (image) => pictures.push(client.files.content(image.file_id)));
const [answer] = await run.finalMessages();
const [step] = (await run.finalRunSteps()).filter((step) => step.type === "tool_calls");
const [call] = step.step_details.tool_calls;
show("code", code === call.code_interpreter.input);
show("outputs", call.code_interpreter.outputs.map((output) => [output.type, output.logs ?? ""]));
const [picture] = await Promise.all(pictures);
show("picture", Buffer.from(await picture.arrayBuffer()).subarray(0, 8).toString("hex"));
show("content", answer.content.map((part) => part.type));
