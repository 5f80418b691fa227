"""Vector stores as staff change them in the admin. The files of a store belong to its owner."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from django.db import transaction

from chat.actions import notify
from chat.actions.files import files
from chat.actions.knowledge import enqueue
from chat.actions.knowledge.enqueue import NewEntry
from chat.documents.formats import format_of
from chat.errors import NotFound
from chat.models import Provider, VectorStore, VectorStoreFile
from chat.models.files import shown_name
from chat.retrieval.indexing import reindex
from chat.retrieval.indexing.withdraw import withdraw

if TYPE_CHECKING:
    from chat.actions.files.files import Upload

Status = VectorStoreFile.Status
NOT_INDEXED = (Status.FAILED, Status.CANCELLED)


def add_upload(store: VectorStore, *, upload: Upload) -> VectorStoreFile:
    """Store an uploaded file as the store's owner's, and have it indexed.

    Raise ``Unreadable`` for a file type that cannot be read, and as ``files.create`` and ``enqueue.add_files``.
    """
    format_of(shown_name(upload.name))
    enqueue.check_alive(store)
    file = files.build_file(store.owner, upload=upload)
    try:
        with transaction.atomic():  # together, since a file that is in no store would never be found
            file.save()
            (entry,) = enqueue.add_files(store, [NewEntry(file)])
    except BaseException:
        file.content.delete(save=False)
        raise
    return entry


@transaction.atomic
def retry(store: VectorStore, *, entry_pk: int | None = None) -> int:
    """Have the files indexed again that failed or were cancelled: all, or the one of ``entry_pk``. Return how many.

    Raise as ``enqueue.add_files``.
    """
    entries = store.entries.filter(status__in=NOT_INDEXED).select_related("file", "batch")
    by_batch: dict[str | None, list[VectorStoreFile]] = {}
    for entry in entries if entry_pk is None else entries.filter(pk=entry_pk):
        by_batch.setdefault(entry.batch_id, []).append(entry)
    for together in by_batch.values():  # batches count their files, so each stays in its own
        new_entries = [NewEntry(entry.file, entry.attributes, entry.chunking_strategy or None) for entry in together]
        enqueue.add_files(store, new_entries, batch=together[0].batch)
    return sum(map(len, by_batch.values()))


def take_out(entry: VectorStoreFile, *, with_file: bool) -> None:
    """Remove an entry from its store; ``with_file`` also its file, unless something else uses it."""
    withdraw(VectorStoreFile.objects.filter(pk=entry.pk))
    entry.delete()
    if with_file:
        _discard(entry)


def delete(store: VectorStore, *, with_files: bool) -> None:
    """Delete a store; ``with_files`` also its files, but for those that something else uses."""
    entries = list(store.entries.select_related("file__owner")) if with_files else []
    withdraw(VectorStoreFile.objects.filter(store=store))
    store.delete()
    for entry in entries:
        _discard(entry)


def _discard(entry: VectorStoreFile) -> None:
    with suppress(NotFound):  # it has expired, so it goes by itself
        files.discard(entry.file.owner, entry.file_id)


@transaction.atomic
def embed_with(store: VectorStore, *, provider: Provider | None, model: str) -> int:
    """Set the embedding model of ``store``: ``model`` of ``provider``; None: the one that is built in.

    If that changes it, the files are indexed again, since vectors of different models cannot be compared. Return how
    many these are.
    """
    store.embedding_provider, store.embedding_model = provider, model if provider else ""
    store.save(update_fields=["embedding_provider", "embedding_model"])
    notify.wake_indexing()
    return reindex.reindex_store(store)


@transaction.atomic
def reindex_all() -> int:
    """Have the files indexed again whose vectors another model than their store's made. Return how many these are."""
    count = reindex.reindex_all()
    if count:
        notify.wake_indexing()
    return count


@transaction.atomic
def embed_new_stores(provider: Provider, *, enabled: bool) -> None:
    """Set whether new stores use the embeddings of ``provider``. At most one provider does that."""
    if enabled:
        Provider.objects.filter(embeds_new_stores=True).exclude(pk=provider.pk).update(embeds_new_stores=False)
    Provider.objects.filter(pk=provider.pk).update(embeds_new_stores=enabled)
    provider.embeds_new_stores = enabled
