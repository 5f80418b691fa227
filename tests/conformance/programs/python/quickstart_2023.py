"""As in November 2023: an assistant with the code interpreter, asked once, polled by hand."""

import json
import time

from openai import OpenAI

client = OpenAI()

assistant = client.beta.assistants.create(
    name="Tutor",
    instructions="You help with sums. Write and run code for them.",
    tools=[{"type": "code_interpreter"}],
    model="gpt-4-1106-preview",
)
thread = client.beta.threads.create()
client.beta.threads.messages.create(thread_id=thread.id, role="user", content="Solve 3x + 11 = 14.")
run = client.beta.threads.runs.create(
    thread_id=thread.id, assistant_id=assistant.id, instructions="The user has a premium account."
)
print(json.dumps(["created", run.object, run.status, run.model, run.instructions, run.file_ids]))

while run.status in ("queued", "in_progress"):
    time.sleep(0.1)
    run = client.beta.threads.runs.retrieve(thread_id=thread.id, run_id=run.id)
print(json.dumps(["ended", run.status, run.last_error, run.completed_at >= run.started_at >= run.created_at]))

messages = client.beta.threads.messages.list(thread_id=thread.id)
for message in reversed(messages.data):
    text = message.content[0].text
    print(json.dumps([message.role, text.value, text.annotations, message.file_ids, message.run_id == run.id]))

steps = client.beta.threads.runs.steps.list(thread_id=thread.id, run_id=run.id)
for step in steps.data:
    made = step.step_details.message_creation.message_id == messages.data[0].id
    print(json.dumps([step.object, step.type, step.status, made]))

print(json.dumps(client.beta.threads.delete(thread.id).deleted))
print(json.dumps(client.beta.assistants.delete(assistant.id).object))
