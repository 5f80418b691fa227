"""Vector stores: make, find, change, fill. Reading and searching their files is not done here: an entry is
``in_progress`` until its passages can be found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from chat.actions import files
from chat.errors import Absent, InvalidRequest
from chat.models import File, User, VectorStore, VectorStoreFile

AUTO = {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}
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
) -> VectorStore:
    """A store with these files of the user, each cut by ``chunking_strategy``.

    ``expires_after`` is in days without use; None: never. Raises ``NotFound`` for a file that is not the user's, and
    ``InvalidRequest`` as ``static``.
    """
    strategy = static(chunking_strategy)
    found = files.get_all(user, file_ids)
    store = VectorStore.objects.create(
        owner=user,
        name=name or "",
        description=description or "",
        metadata=dict(metadata or {}),
        expires_after=expires_after,
    )
    entries = [VectorStoreFile(store=store, file=file, chunking_strategy=strategy) for file in found]
    VectorStoreFile.objects.bulk_create(entries, batch_size=500)
    return store


def listed(user: User) -> QuerySet[VectorStore]:
    return VectorStore.objects.filter(owner=user)


def get(user: User, store_id: str) -> VectorStore:
    """The user's store; someone else's answers like one that does not exist: ``NotFound``."""
    store = listed(user).filter(id=store_id).first()
    if store is None:
        raise Absent("vector store", store_id)
    return store


@transaction.atomic
def update(user: User, store_id: str, **fields: Any) -> VectorStore:
    """Change what is given of ``name``, ``metadata`` (all of it) and ``expires_after`` (days); None clears.

    That is no use of the store: its days do not begin anew. Raises ``NotFound``.
    """
    store = get(user, store_id)
    for name, value in fields.items():
        setattr(store, name, CLEARED[name] if value is None else value)
    store.save(update_fields=list(fields))
    return store


@transaction.atomic
def delete(user: User, store_id: str) -> None:
    """The store, not its files. Raises ``NotFound``."""
    get(user, store_id).delete()


@transaction.atomic
def add_file(
    store: VectorStore,
    *,
    file: File,
    attributes: Mapping[str, str | float | bool] | None = None,
    chunking_strategy: Mapping[str, Any] | None = None,
) -> VectorStoreFile:
    """Put ``file`` into ``store``, to be read; a file that is there already is read anew.

    The caller has checked that both are the user's. Raises ``InvalidRequest`` when the store has expired, and as
    ``static``.
    """
    if store.is_expired:
        raise InvalidRequest(f"Vector store '{store.id}' has expired.", param="vector_store_id")
    strategy = static(chunking_strategy)
    entry, _new = VectorStoreFile.objects.update_or_create(
        store=store,
        file=file,
        defaults={
            "status": VectorStoreFile.Status.IN_PROGRESS,
            "last_error": None,
            "usage_bytes": 0,
            "attributes": dict(attributes or {}),
            "chunking_strategy": strategy,
        },
    )
    store.touch()
    return entry


def static(strategy: Mapping[str, Any] | None) -> dict[str, Any]:
    """How a file is cut, as it is kept and shown: ``auto`` has numbers too (reference, section 3).

    Raises ``InvalidRequest`` when passages would overlap by more than half.
    """
    numbers = AUTO if strategy is None or strategy["type"] == "auto" else dict(strategy["static"])
    most = numbers["max_chunk_size_tokens"] // 2
    if (overlap := numbers["chunk_overlap_tokens"]) > most:
        raise InvalidRequest(
            f"Invalid 'chunking_strategy.static.chunk_overlap_tokens': integer above maximum value. Expected a value"
            f" <= {most} (half of 'max_chunk_size_tokens'), but got {overlap} instead.",
            param="chunking_strategy.static.chunk_overlap_tokens",
            code="integer_above_max_value",
        )
    return {"type": "static", "static": dict(numbers)}
