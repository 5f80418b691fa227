// deep-chat, a chat page, in a page without a screen: it shows what is streamed, also a picture that code has drawn.
import { JSDOM } from "jsdom";
import OpenAI from "openai";

const show = (...seen) => console.log(JSON.stringify(seen));
const client = new OpenAI();
const { window } = new JSDOM("<!doctype html>", { url: "http://localhost/", pretendToBeVisual: true });
// What deep-chat needs of a browser and Node or jsdom does not have.
const innerText = { get() { return this.textContent; }, set(text) { this.textContent = text; } };
Object.defineProperty(window.HTMLElement.prototype, "innerText", innerText);
window.Element.prototype.scrollTo = () => {};
const { fetch, Response } = globalThis;
Response.prototype.blob = async function () {
  return new window.Blob([new window.Uint8Array(await this.arrayBuffer())], { type: this.headers.get("content-type") });
};
window.fetch = globalThis.fetch = (address, options) =>
  fetch(address.replace("https://api.openai.com/v1", process.env.OPENAI_BASE_URL), options);
const replaced = ["window", "Event", "CustomEvent", "Blob", "navigator"];
const made = await client.beta.assistants.create({ model: "gpt-4o", tools: [{ type: "code_interpreter" }] });
for (const name of Object.getOwnPropertyNames(window).filter((name) => !(name in globalThis) || replaced.includes(name)))
  Object.defineProperty(globalThis, name, { value: window[name], configurable: true, writable: true });
await import("deep-chat");

const chat = document.createElement("deep-chat");
chat.directConnection = { openAI: { key: client.apiKey, assistant: { assistant_id: made.id } } };
chat.connect = { stream: true };
document.body.append(chat);
const soon = () => new Promise((resolve) => setTimeout(resolve, 100));
const ask = async (text, isDone) => {
  do {
    chat.submitUserMessage({ text }); // nothing comes of it until the page is there
    await soon();
  } while (!chat.getMessages().some((message) => message.text === text));
  while (!chat.getMessages().some(isDone)) await soon();
};
await ask("/say Good morning.", (message) => message.role === "ai" && message.text === "Good morning.");
show("text", chat.getMessages().length);
const code = "import matplotlib.pyplot as plt\nplt.bar([1, 2], [3, 3])\nplt.show()";
await ask(`/python ${code}`, (message) => message.files);
show("picture", chat.getMessages().filter((message) => message.files?.[0].src.includes(";base64,iVBORw0KGgo")).length);
process.exit(0);
