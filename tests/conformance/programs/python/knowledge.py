"""A vector store of today: attributes, batches of files with their own, search, filters, content."""

import json

from openai import BadRequestError, OpenAI

client = OpenAI()
stores = client.vector_stores


def show(*seen):
    print(json.dumps(seen))


def upload(name, words):
    return client.files.create(file=(name, words.encode()), purpose="assistants")


def names(found):
    return [result.filename for result in found]


opening = upload("opening.txt", "The museum is open from nine to five, on Thursdays until eight.")
tickets = upload("tickets.md", "# Tickets\n\nA ticket costs twelve euros. Children pay nothing. 子供は無料です。")
garden = upload("garden.html", "<h1>Garden</h1><p>The restaurant in the garden serves soup and cake.</p>")

store = stores.create(name="Museum", file_ids=[opening.id], metadata={"city": "Oslo"})
file = stores.files.poll(opening.id, vector_store_id=store.id)
show("poll", file.status, stores.retrieve(store.id).status)
stores.files.create(store.id, file_id=tickets.id, attributes={"year": 2024, "draft": False})
file = stores.files.poll(tickets.id, vector_store_id=store.id)
show("create", file.status, file.attributes)
batch = stores.file_batches.create_and_poll(
    store.id,
    file_ids=[garden.id],
    chunking_strategy={"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 20}},
)
show("batch", batch.status, batch.file_counts.total)
(file,) = stores.file_batches.list_files(batch.id, vector_store_id=store.id)
show("chunking", file.chunking_strategy.static.max_chunk_size_tokens)

found = stores.search(store.id, query="What does a ticket cost?", max_num_results=2, rewrite_query=True)
best = found.data[0]
show("search", found.object, best.filename, best.file_id == tickets.id, best.attributes, 0 < best.score <= 1)
show("passage", "twelve euros" in best.content[0].text)
show("in Japanese", names(stores.search(store.id, query="子供"))[0])
several = stores.search(store.id, query=["soup and cake", "open on Thursdays"], max_num_results=2)
show("several", sorted(names(several)))
year = {"type": "gte", "key": "year", "value": 2024}
show("filter", names(stores.search(store.id, query="museum restaurant ticket", filters=year)))
changed = stores.files.update(opening.id, vector_store_id=store.id, attributes={"year": 2025})
show("attributes", changed.attributes, sorted(names(stores.search(store.id, query="museum ticket", filters=year))))
none = stores.search(store.id, query="museum", ranking_options={"score_threshold": 1.0})
show("threshold", names(none))

content = "\n".join(part.text for part in stores.files.content(garden.id, vector_store_id=store.id))
show("content", content)
picture = client.files.create(file=("dot.png", b"\x89PNG\r\n\x1a\n" + bytes(16)), purpose="assistants")
try:
    stores.files.create(store.id, file_id=picture.id)
except BadRequestError as error:
    show("picture", error.code, error.body["message"].partition(". ")[0])
client.files.delete(garden.id)
show(
    "deleted",
    stores.retrieve(store.id).file_counts.total,
    "garden.html" in names(stores.search(store.id, query="soup")),
)
done = stores.file_batches.cancel(batch.id, vector_store_id=store.id)
show("cancel", done.status, done.file_counts.total)
