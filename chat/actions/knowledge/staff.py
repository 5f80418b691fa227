"""Knowledge as staff keep it. The files of a store belong to its owner, whoever of the staff hands them in."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from django.db import transaction

from chat.actions import notify
from chat.actions.files import files
from chat.actions.knowledge import enqueue
from chat.actions.knowledge.enqueue import NewFile
from chat.documents.formats import format_of
from chat.errors import NotFound
from chat.models import Provider, VectorStore, VectorStoreFile, storing
from chat.retrieval.indexing import reindex
from chat.retrieval.indexing.withdraw import withdraw

if TYPE_CHECKING:
    from chat.actions.files.files import Upload

Status = VectorStoreFile.Status
LEFT_OUT = (Status.FAILED, Status.CANCELLED)


def add(store: VectorStore, *, upload: Upload) -> VectorStoreFile:
    """Keep an uploaded file as the store's owner's and have it read.

    Raises ``Unreadable`` for a file type that is not read, and as ``files.create`` and ``enqueue.add_files``.
    """
    format_of(storing.shown_name(upload.name))
    enqueue.check_alive(store)
    file = files.taken_in(store.owner, upload=upload)
    try:
        with transaction.atomic():  # together, since nobody would find a file that is in no store
            file.save()
            (entry,) = enqueue.add_files(store, [NewFile(file)])
    except BaseException:
        file.content.delete(save=False)
        raise
    return entry


@transaction.atomic
def retry(store: VectorStore, *, entry_pk: int | None = None) -> int:
    """Have the files read again that failed or were cancelled: all, or the one of ``entry_pk``. Returns how many.

    Raises as ``enqueue.add_files``.
    """
    entries = store.entries.filter(status__in=LEFT_OUT).select_related("file", "batch")
    by_batch: dict[str | None, list[VectorStoreFile]] = {}
    for entry in entries if entry_pk is None else entries.filter(pk=entry_pk):
        by_batch.setdefault(entry.batch_id, []).append(entry)
    for together in by_batch.values():  # batches count their files, so each stays in its own
        wanted = [NewFile(entry.file, entry.attributes, entry.chunking_strategy or None) for entry in together]
        enqueue.add_files(store, wanted, batch=together[0].batch)
    return sum(map(len, by_batch.values()))


def take_out(entry: VectorStoreFile, *, with_file: bool) -> None:
    """From now on nobody finds it here. ``with_file``: the file goes too, unless something else uses it."""
    withdraw(VectorStoreFile.objects.filter(pk=entry.pk))
    entry.delete()
    if with_file:
        _discard(entry)


def delete(store: VectorStore, *, with_files: bool) -> None:
    """``with_files``: its files go too, but for those that something else uses."""
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
    """Have the vectors of ``store`` made by ``model`` of ``provider``, None: by the model that is built in.

    If that is another one than before, its files are read anew, since vectors of different models cannot be compared.
    Returns how many these are.
    """
    store.embedding_provider, store.embedding_model = provider, model if provider else ""
    store.save(update_fields=["embedding_provider", "embedding_model"])
    notify.wake_indexing()
    return reindex.reindex_store(store)


@transaction.atomic
def renew_all() -> int:
    """After a provider was deleted: have the files read anew whose vectors were its. Returns how many these are."""
    notify.wake_indexing()
    return reindex.reindex_all()


@transaction.atomic
def embed_new_stores(provider: Provider, *, wanted: bool) -> None:
    """Whether new stores use the embeddings of ``provider``: at most one provider does that."""
    if wanted:
        Provider.objects.filter(embeds_new_stores=True).exclude(pk=provider.pk).update(embeds_new_stores=False)
    Provider.objects.filter(pk=provider.pk).update(embeds_new_stores=wanted)
    provider.embeds_new_stores = wanted
