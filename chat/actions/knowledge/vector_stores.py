"""Vector stores: create, find, change, delete. ``store_files`` and ``file_batches`` are about what is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from chat.actions.files import files
from chat.actions.knowledge import enqueue
from chat.actions.knowledge.enqueue import Attributes, NewEntry
from chat.errors import Absent
from chat.models import File, User, VectorStore, VectorStoreFile
from chat.models.vector_stores import Origin
from chat.retrieval.indexing.withdraw import withdraw

CLEARED: dict[str, Any] = {"name": "", "metadata": {}, "expires_after": None}


@transaction.atomic
def create(
    user: User,
    *,
    name: str | None = None,
    description: str | None = None,
    file_ids: Sequence[str] = (),
    chunking_strategy: Mapping[str, Any] | None = None,
    metadata: Mapping[str, str] | None = None,
    expires_after: int | None = None,
    origin: Origin = Origin.API,
) -> VectorStore:
    """Create a store with these files of the user, each cut by ``chunking_strategy``.

    ``expires_after`` is in days without use; None: never. Raise ``NotFound`` for a file that is not the user's, and
    as ``enqueue.add_files``.
    """
    enqueue.normalise_chunking(chunking_strategy)  # refused without files too
    rows = files.get_all(user, file_ids, param="file_ids[]") if file_ids else []
    enqueue.check_searchable(rows, param="file_ids")
    enqueue.check_number(len(rows), param="file_ids")
    return enqueue.create_store(
        user,
        rows,
        chunking_strategy=chunking_strategy,
        name=name or "",
        description=description or "",
        metadata=dict(metadata or {}),
        expires_after=expires_after,
        origin=origin,
    )


def of_user(user: User) -> QuerySet[VectorStore]:
    return VectorStore.objects.filter(owner=user)


def get(user: User, store_id: str) -> VectorStore:
    """Return the user's store. Raise ``Absent``, also for another's."""
    store = of_user(user).filter(id=store_id).first()
    if store is None:
        raise Absent("vector store", store_id)
    return store


@transaction.atomic
def update(user: User, store_id: str, **fields: Any) -> VectorStore:
    """Change ``name``, ``metadata`` (replaced as a whole) or ``expires_after`` (days); None clears one.

    The days until the store expires still count from its last use. Raise ``Absent``.
    """
    store = get(user, store_id)
    for name, value in fields.items():
        setattr(store, name, CLEARED[name] if value is None else value)
    store.save(update_fields=list(fields))
    return store


def delete(user: User, store_id: str) -> None:
    """Delete the store, not its files. Raise ``Absent``."""
    store = get(user, store_id)
    withdraw(store.entries.all())
    store.delete()


def add_file(
    store: VectorStore,
    *,
    file: File,
    attributes: Attributes | None = None,
    chunking_strategy: Mapping[str, Any] | None = None,
) -> VectorStoreFile:
    """Add ``file`` to ``store``. One that it has already is indexed again.

    The caller has checked that both are the user's. Raise as ``enqueue.add_files``.
    """
    (entry,) = enqueue.add_files(store, [NewEntry(file, attributes or {}, chunking_strategy)], param="file_id")
    return entry
