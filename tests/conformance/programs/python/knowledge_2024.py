"""As in April 2024: a vector store filled with the helpers of the SDK, for an assistant and a thread."""

import json

from openai import NotFoundError, OpenAI

client = OpenAI()
stores = client.beta.vector_stores


def show(*seen):
    print(json.dumps(seen))


def text(name, words):
    return (name, words.encode())


store = stores.create(name="Menu", expires_after={"anchor": "last_active_at", "days": 7})
show("store", store.object, store.name, store.status, store.file_counts.total)

batch = stores.file_batches.upload_and_poll(
    vector_store_id=store.id,
    files=[text("soup.txt", "The soup of the day is leek."), text("cake.md", "# Cake\n\nThere is apple cake.")],
)
show("batch", batch.status, batch.file_counts.completed, batch.file_counts.total, batch.vector_store_id == store.id)
listed = stores.file_batches.list_files(batch.id, vector_store_id=store.id)
show("of the batch", sorted(file.status for file in listed))

prices = stores.files.upload_and_poll(vector_store_id=store.id, file=text("prices.txt", "Soup costs four coins."))
show("file", prices.object, prices.status, prices.last_error, prices.usage_bytes > 0)
broken = stores.files.upload_and_poll(vector_store_id=store.id, file=text("broken.pdf", "%PDF-1.7 and no more"))
show("broken", broken.status, broken.last_error.code)
show("listed", next(file.id for file in stores.files.list(store.id)) == broken.id)
show("failed", [file.id for file in stores.files.list(store.id, filter="failed")] == [broken.id])

gone = stores.files.delete(broken.id, vector_store_id=store.id)
show("gone", gone.object, gone.deleted, client.files.retrieve(broken.id).filename)
try:
    stores.files.retrieve(broken.id, vector_store_id=store.id)
except NotFoundError as error:
    show("not there", error.status_code)
counts = stores.retrieve(store.id).file_counts
show("counts", counts.completed, counts.failed, counts.in_progress, counts.total)

assistant = client.beta.assistants.create(
    model="gpt-4o",
    tools=[{"type": "file_search"}],
    tool_resources={"file_search": {"vector_store_ids": [store.id]}},
)
show("assistant", assistant.tool_resources.file_search.vector_store_ids == [store.id])
attached = client.files.create(file=text("wine.txt", "The wine is red."), purpose="assistants")
thread = client.beta.threads.create(
    messages=[
        {
            "role": "user",
            "content": "Which wine?",
            "attachments": [{"file_id": attached.id, "tools": [{"type": "file_search"}]}],
        }
    ]
)
(own,) = client.beta.threads.retrieve(thread.id).tool_resources.file_search.vector_store_ids
show("of the thread", [file.id for file in stores.files.list(own)] == [attached.id])
show("its days", stores.retrieve(own).expires_after.days)
show("deleted", stores.delete(store.id).deleted)
