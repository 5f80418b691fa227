"""Updates: what is named is replaced, what is not stays, null clears."""

import json
import time

from openai import OpenAI

client = OpenAI()

assistant = client.beta.assistants.create(
    model="gpt-4o", name="Helper", description="Helps.", instructions="Be brief.", metadata={"a": "1", "b": "2"}
)
print(json.dumps([assistant.name, assistant.description, assistant.metadata, assistant.tools]))
changed = client.beta.assistants.update(assistant.id, metadata={"c": "3"})
print(json.dumps([changed.name, changed.description, changed.instructions, changed.metadata]))
cleared = client.beta.assistants.update(assistant.id, name=None, metadata={})
print(json.dumps([cleared.name, cleared.description, cleared.metadata, cleared.id == assistant.id]))

thread = client.beta.threads.create(metadata={"user": "ada"})
client.beta.threads.update(thread.id, metadata={"user": "bob"})
print(json.dumps(client.beta.threads.retrieve(thread.id).metadata))

message = client.beta.threads.messages.create(thread.id, role="user", content="Hello", metadata={"n": "1"})
client.beta.threads.messages.update(message.id, thread_id=thread.id, metadata={"n": "2"})
message = client.beta.threads.messages.retrieve(message.id, thread_id=thread.id)
print(json.dumps([message.metadata, message.content[0].text.value]))

run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, metadata={"why": "test"})
print(json.dumps(run.metadata))
while run.status != "completed":
    time.sleep(0.1)
    run = client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)
run = client.beta.threads.runs.update(run.id, thread_id=thread.id, metadata={"why": "done"})
print(json.dumps([run.status, run.metadata]))
