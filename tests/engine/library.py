"""Files that can be searched, and a model that searches them."""

from __future__ import annotations

from django.core.files.base import ContentFile

from chat.models import File, Passage, VectorStore, VectorStoreFile
from chat.providers.base import Usage
from chat.providers.scripted.provider import ScriptedProvider
from chat.providers.scripted.replies import Reply, call
from chat.retrieval.keywords import index

CAKE = "Filip's favourite food is cake."


def fill(store: VectorStore, name: str, text: str, *, page: int | None = None, status: str = "completed") -> File:
    """A file of one passage in ``store``, found by its words."""
    file = File(owner=store.owner, filename=name, content_type="text/plain", bytes=len(text))
    file.content.save(name, ContentFile(text.encode()), save=False)
    file.save()
    entry = VectorStoreFile.objects.create(
        store=store, file=file, status=status, is_cut=True, embedded_by=store.embedder, attributes={"year": 2026}
    )
    place = {"page_from": page, "page_to": page, "char_from": 0, "char_to": len(text), "window_from": 0, "window_to": 0}
    passage = Passage.objects.create(entry=entry, place=0, text=text, heading="Food", **place)
    index.add([passage], store=store)
    return file


def librarian(*said: str, queries: tuple[str, ...] = ("Filip cake",)) -> ScriptedProvider:
    asks = Reply(call("file_search", queries=list(queries)), Usage(prompt=830, completion=20))
    return ScriptedProvider([asks, Reply(*said, Usage(prompt=20, completion=11), after_tools=True)])
