// Azure's own client of the first Assistants API. It says so by the version in the query alone.
import { AssistantsClient, AzureKeyCredential } from "@azure/openai-assistants";

const { AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY } = process.env;
const show = (...seen) => console.log(JSON.stringify(seen));
const credential = new AzureKeyCredential(AZURE_OPENAI_API_KEY);
const client = new AssistantsClient(AZURE_OPENAI_ENDPOINT, credential, { allowInsecureConnection: true });

const words = new TextEncoder().encode("The code word is plum.");
const file = await client.uploadFile(words, "assistants", { filename: "words.txt" });
show("file", file.filename);
const tools = [{ type: "retrieval" }];
const assistant = await client.createAssistant({ model: "gpt-4o", name: "Fruit", tools, fileIds: [file.id] });
show("assistant", assistant.tools, assistant.fileIds.length);
show("files", (await client.listAssistantFiles(assistant.id)).data.length);

const thread = await client.createThread();
const asked = await client.createMessage(thread.id, "user", "/say Plum.", { fileIds: [file.id] });
show("message", asked.fileIds.length);
let run = await client.createRun(thread.id, { assistantId: assistant.id });
while (["queued", "in_progress"].includes(run.status)) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  run = await client.getRun(thread.id, run.id);
}
show("run", run.status, run.tools, run.fileIds.length);
const [answer] = (await client.listMessages(thread.id)).data;
show("answer", answer.role, answer.content[0].text.value.startsWith("Plum."));
