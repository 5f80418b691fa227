"""Files that people attach to a message: taken in, given to the tools that read them, and how far each of them is on
its way to being searched.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from chat.actions.files import files
from chat.documents.formats import SUPPORTED, extension, format_of
from chat.errors import InvalidRequest, Unreadable
from chat.models import Assistant, File, Thread, User, VectorStoreFile, storing
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH

if TYPE_CHECKING:
    from chat.actions.files.files import Upload

# For code alone: besides documents, what the reference (section 4) lists, and what pandas and sqlite3 read.
FOR_CODE = (
    ".db",
    ".feather",
    ".gz",
    ".npy",
    ".npz",
    ".parquet",
    ".pkl",
    ".sqlite",
    ".tar",
    ".tgz",
    ".tsv",
    ".xls",
    ".zip",
)
DATA = (*FOR_CODE, ".csv", ".json", ".xlsx", ".xml")  # better counted by code than searched, where there is code
SEARCH, CODE = {"type": FILE_SEARCH}, {"type": CODE_INTERPRETER}

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


def accepted(offered: Iterable[Assistant]) -> list[str]:
    """What can be attached for one of the assistants: extensions of documents and data, media types of pictures."""
    data = FOR_CODE if any(map(runs_code, offered)) else ()
    return [*SUPPORTED, *data, *storing.IMAGE_TYPES.values()]


def runs_code(assistant: Assistant) -> bool:
    return CODE in assistant.tools


def take(user: User, *, upload: Upload) -> File:
    """Keep an uploaded file that assistants can read, see or work on.

    Raises ``InvalidRequest`` for any other file, and as ``files.create``.
    """
    file = files.create(user, upload=upload)
    if not file.is_image and extension(file.filename) not in FOR_CODE:
        try:
            format_of(file.filename)
        except Unreadable as unreadable:
            files.remove(file)
            told = {"name": file.filename, "why": unreadable.message}
            raise InvalidRequest(_("“%(name)s” cannot be attached. %(why)s") % told, param="file") from None
    return file


def given(taken: Iterable[File], *, assistant: Assistant) -> list[dict[str, Any]]:
    """The ``attachments`` of a message to ``assistant``: each file for the tools that can do something with it.

    Pictures are seen without a tool. Raises ``InvalidRequest`` for a file that nothing can read here.
    """
    found = [(file, _tools_for(file, code=runs_code(assistant))) for file in taken]
    return [{"file_id": file.id, "tools": tools} for file, tools in found if tools]


def _tools_for(file: File, *, code: bool) -> list[dict[str, str]]:
    kind = extension(file.filename)
    if file.is_image or (code and kind in DATA):
        return [CODE] if code else []
    if kind in FOR_CODE:
        told = {"name": file.filename}
        raise InvalidRequest(
            _("“%(name)s” can be read by assistants that run code only. Take it off, or choose such an assistant.")
            % told,
            param="file",
        )
    return [SEARCH, CODE] if code else [SEARCH]


def readings(thread: Thread, file_ids: Iterable[str]) -> dict[str, Reading]:
    """How far those files are that are in the thread's own vector store, by their ids."""
    store_ids = thread.tool_resources.get(FILE_SEARCH, {}).get("vector_store_ids", [])
    entries = VectorStoreFile.objects.filter(
        store_id__in=store_ids, store__owner=thread.owner_id, file_id__in=set(file_ids)
    )
    return {entry.file_id: _reading(entry) for entry in entries.defer("attributes", "chunking_strategy")}


def _reading(entry: VectorStoreFile) -> Reading:
    words = entry.last_error["message"] if entry.last_error else entry.notice
    return Reading(entry.status, entry.progress, words)
