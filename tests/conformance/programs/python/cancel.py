"""A long answer that is stopped half-way; the thread is free again afterwards."""

import json
import time

from openai import BadRequestError, OpenAI

client = OpenAI()
assistant = client.beta.assistants.create(model="gpt-4o", instructions="Be brief.")
thread = client.beta.threads.create(messages=[{"role": "user", "content": "/slow 60"}])
run = client.beta.threads.runs.create(thread_id=thread.id, assistant_id=assistant.id)
while run.status == "queued":
    time.sleep(0.1)
    run = client.beta.threads.runs.retrieve(thread_id=thread.id, run_id=run.id)

run = client.beta.threads.runs.cancel(thread_id=thread.id, run_id=run.id)
print(json.dumps([run.status, run.cancelled_at]))
while run.status == "cancelling":
    time.sleep(0.1)
    run = client.beta.threads.runs.retrieve(thread_id=thread.id, run_id=run.id)
print(json.dumps([run.status, run.cancelled_at >= run.created_at, run.last_error]))

try:
    client.beta.threads.runs.cancel(thread_id=thread.id, run_id=run.id)
except BadRequestError as error:
    print(json.dumps([error.status_code, error.response.json()["error"]["message"]]))

client.beta.threads.messages.create(thread_id=thread.id, role="user", content="Never mind.")
run = client.beta.threads.runs.create(thread_id=thread.id, assistant_id=assistant.id)
while run.status != "completed":
    time.sleep(0.1)
    run = client.beta.threads.runs.retrieve(thread_id=thread.id, run_id=run.id)
print(json.dumps(client.beta.threads.messages.list(thread.id).data[0].content[0].text.value))
