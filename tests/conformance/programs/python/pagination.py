"""Lists that are longer than a page, forwards, backwards and from a place in the middle."""

import json
import time

from openai import OpenAI

client = OpenAI()
messages = client.beta.threads.messages

thread = client.beta.threads.create(messages=[{"role": "user", "content": f"number {n}"} for n in range(1, 6)])


def texts(page):
    return [message.content[0].text.value for message in page]


print(json.dumps(["newest first", texts(messages.list(thread.id, limit=2))]))
print(json.dumps(["oldest first", texts(messages.list(thread.id, limit=2, order="asc"))]))

page = messages.list(thread.id, limit=2, order="asc")
pages = []
while True:
    ends = page.first_id == page.data[0].id and page.last_id == page.data[-1].id
    pages.append([texts(page.data), page.has_more, ends])
    if not page.has_more:
        break
    page = page.get_next_page()
print(json.dumps(["pages", pages]))

exact = messages.list(thread.id, limit=5)
print(json.dumps(["as many as the limit", len(exact.data), exact.has_more]))
third = messages.list(thread.id, order="asc").data[2].id
print(json.dumps(["after", texts(messages.list(thread.id, after=third, order="asc").data)]))
print(json.dumps(["after, newest first", texts(messages.list(thread.id, after=third).data)]))
print(json.dumps(["before", texts(messages.list(thread.id, before=third, order="asc").data)]))
print(json.dumps(["one before", texts(messages.list(thread.id, before=third, order="asc", limit=1).data)]))

empty = messages.list(client.beta.threads.create().id)
print(json.dumps(["empty", empty.data, empty.has_more, empty.first_id, empty.last_id]))

assistant = client.beta.assistants.create(model="gpt-4o", instructions="Be brief.")
runs = []
for _ in range(3):
    run = client.beta.threads.runs.create(thread_id=thread.id, assistant_id=assistant.id)
    while run.status != "completed":
        time.sleep(0.1)
        run = client.beta.threads.runs.retrieve(thread_id=thread.id, run_id=run.id)
    runs.append(run.id)
listed = [run.id for run in client.beta.threads.runs.list(thread.id, limit=1)]
print(json.dumps(["runs", listed == runs[::-1]]))
