"""A program for Azure: another header for the key, another path, and the version of the API in the query."""

import json
import time

from openai import AuthenticationError, AzureOpenAI

client = AzureOpenAI()
assistant = client.beta.assistants.create(model="gpt-4o", instructions="Be brief.")
thread = client.beta.threads.create(messages=[{"role": "user", "content": "/say Yes."}])
run = client.beta.threads.runs.create(thread_id=thread.id, assistant_id=assistant.id)
while run.status != "completed":
    time.sleep(0.1)
    run = client.beta.threads.runs.retrieve(thread_id=thread.id, run_id=run.id)
print(json.dumps([message.content[0].text.value for message in client.beta.threads.messages.list(thread.id, limit=1)]))

file = client.files.create(file=("notes.txt", b"notes"), purpose="assistants")
print(json.dumps([file.filename, client.files.content(file.id).text, client.files.delete(file.id).deleted]))
try:
    AzureOpenAI(api_key="wrong").beta.threads.retrieve(thread.id)
except AuthenticationError as error:
    print(json.dumps(error.status_code))
