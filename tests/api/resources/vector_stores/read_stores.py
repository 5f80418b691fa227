"""Vector stores whose files have been read, as rows."""

from __future__ import annotations

from typing import Any

from chat.models import Passage, User, VectorStore, VectorStoreFile
from tests.actions.knowledge.stores import file_of

AUTO = {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}}
Cut = tuple[int, str, int | None]  # where a passage begins, its text and its page


def store_of(owner: User, **fields: Any) -> VectorStore:
    return VectorStore.objects.create(owner=owner, **fields)


def entry_of(store: VectorStore, filename: str = "notes.txt", *, status: str = "completed", **fields: Any) -> Any:
    """A new file of the store's owner in the store."""
    file = file_of(store.owner, filename)
    return VectorStoreFile.objects.create(
        store=store, file=file, status=status, **{"chunking_strategy": AUTO, "is_cut": status == "completed"} | fields
    )


def cut(entry: VectorStoreFile, *cuts: Cut) -> None:
    """Give the entry these passages."""
    for place, (start, text, page) in enumerate(cuts):
        Passage.objects.create(
            entry=entry,
            place=place,
            text=text,
            char_from=start,
            char_to=start + len(text),
            page_from=page,
            page_to=page,
            window_from=0,
            window_to=0,
        )
