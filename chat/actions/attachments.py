"""Files that people attach to a message: taken in, and how far each of them is on its way to being searched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from chat.actions import files
from chat.documents.errors import Unreadable
from chat.documents.formats import SUPPORTED, format_of
from chat.errors import InvalidRequest
from chat.models import File, Thread, User, VectorStoreFile

if TYPE_CHECKING:
    from chat.actions.files import Upload

ACCEPTED = (*SUPPORTED, *files.IMAGE_TYPES.values())
"""What the page offers to attach: extensions of documents, media types of pictures."""

Status = VectorStoreFile.Status


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a file is. ``progress`` is in percent; ``words`` say why it failed, or what to know of what was read."""

    status: str
    progress: int
    words: str

    @property
    def is_outstanding(self) -> bool:
        return self.status == Status.IN_PROGRESS


def take(user: User, *, upload: Upload) -> File:
    """Keep an uploaded file that assistants can read or see.

    Raises ``InvalidRequest`` for any other file, and as ``files.create``.
    """
    file = files.create(user, upload=upload)
    if not file.is_image:
        try:
            format_of(file.filename)
        except Unreadable as unreadable:
            files.remove(file)
            told = {"name": file.filename, "why": unreadable.message}
            raise InvalidRequest(_("“%(name)s” cannot be attached. %(why)s") % told, param="file") from None
    return file


def readings(thread: Thread, file_ids: Iterable[str]) -> dict[str, Reading]:
    """How far those files are that are in the thread's own vector store, by their ids."""
    store_ids = thread.tool_resources.get("file_search", {}).get("vector_store_ids", [])
    entries = VectorStoreFile.objects.filter(
        store_id__in=store_ids, store__owner=thread.owner_id, file_id__in=set(file_ids)
    )
    return {entry.file_id: _reading(entry) for entry in entries.defer("attributes", "chunking_strategy")}


def _reading(entry: VectorStoreFile) -> Reading:
    words = entry.last_error["message"] if entry.last_error else entry.notice
    return Reading(entry.status, entry.progress, words)
