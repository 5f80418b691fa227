"""As in November 2023: a file for an assistant that retrieves, another with a message, and the lists of both."""

import json
import time

from openai import OpenAI

client = OpenAI()


def upload(name, text):
    return client.files.create(file=(name, text.encode()), purpose="assistants")


menu, prices = upload("menu.txt", "Soup of the day: leek."), upload("prices.txt", "Soup: 4 coins.")
assistant = client.beta.assistants.create(
    instructions="Answer from the menu.",
    tools=[{"type": "retrieval"}],
    model="gpt-4-1106-preview",
    file_ids=[menu.id],
)
print(json.dumps(["assistant", [tool.type for tool in assistant.tools], assistant.file_ids == [menu.id]]))

added = client.beta.assistants.files.create(assistant_id=assistant.id, file_id=prices.id)
print(json.dumps(["added", added.object, added.id == prices.id, added.assistant_id == assistant.id]))
found = client.beta.assistants.files.retrieve(prices.id, assistant_id=assistant.id)
print(json.dumps(["found", found.object, found.id == prices.id]))
listed = client.beta.assistants.files.list(assistant_id=assistant.id)
print(json.dumps(["listed", sorted(file.id for file in listed) == sorted([menu.id, prices.id])]))
removed = client.beta.assistants.files.delete(prices.id, assistant_id=assistant.id)
print(json.dumps(["removed", removed.object, removed.deleted, client.files.retrieve(prices.id).filename]))
kept = client.beta.assistants.retrieve(assistant.id)
print(json.dumps(["kept", kept.file_ids == [menu.id]]))

thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is there?", "file_ids": [prices.id]}])
(message,) = client.beta.threads.messages.list(thread.id).data
print(json.dumps(["message", message.content[0].text.value, message.file_ids == [prices.id]]))
(attached,) = client.beta.threads.messages.files.list(message.id, thread_id=thread.id).data
print(json.dumps(["attached", attached.object, attached.id == prices.id, attached.message_id == message.id]))
again = client.beta.threads.messages.files.retrieve(prices.id, thread_id=thread.id, message_id=message.id)
print(json.dumps(["again", again.object, again.id == prices.id]))

run = client.beta.threads.runs.create(thread_id=thread.id, assistant_id=assistant.id)
while run.status in ("queued", "in_progress"):
    time.sleep(0.1)
    run = client.beta.threads.runs.retrieve(thread_id=thread.id, run_id=run.id)
print(json.dumps(["run", run.status, [tool.type for tool in run.tools], run.file_ids == [menu.id]]))
