"""Files that are attached to a message: which are accepted, which tools get them, and how far they are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from chat.actions.assistants.tool_resources import LISTS, MAX_FILES, THREAD_STORE
from chat.actions.files import files
from chat.actions.knowledge import enqueue
from chat.actions.knowledge.enqueue import NewEntry
from chat.documents.formats import SUPPORTED, FileKind, extension, format_of
from chat.errors import InvalidRequest, Unreadable
from chat.models import Assistant, File, Thread, User, VectorStore, VectorStoreFile
from chat.models.api_objects.objects import Object
from chat.models.files import IMAGE_TYPES
from chat.models.resource_uses import replace_uses
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
    ".zip",
)
# Better counted by code than searched, where there is code.
TABLES = (FileKind.SHEETS, FileKind.DELIMITED, FileKind.JSON)
DATA = (*FOR_CODE, *(name for name, each in SUPPORTED.items() if each.kind in TABLES), ".xml")
SEARCH, CODE = {"type": FILE_SEARCH}, {"type": CODE_INTERPRETER}

Status = VectorStoreFile.Status


@dataclass(frozen=True, slots=True)
class ReadingProgress:
    """The state of a file in the thread's vector store. ``progress`` is in percent; ``words`` say why reading failed,
    or what to know of the text that was read.
    """

    status: str
    is_outstanding: bool  # it cannot be searched yet
    progress: int
    words: str


def accepted_types(assistants: Iterable[Assistant]) -> list[str]:
    """Return what can be attached for one of ``assistants``: file extensions, and media types of pictures."""
    data = FOR_CODE if any(CODE in assistant.tools for assistant in assistants) else ()
    return [*SUPPORTED, *data, *IMAGE_TYPES.values()]


def create_attachable(user: User, *, upload: Upload) -> File:
    """Keep an uploaded file that assistants can read, see or work on.

    Raise ``InvalidRequest`` for any other file, and as ``files.create``.
    """
    file = files.create(user, upload=upload)
    if not file.is_image and extension(file.filename) not in FOR_CODE:
        try:
            format_of(file.filename)
        except Unreadable as unreadable:
            files.remove(file)
            words = {"name": file.filename, "why": unreadable.message}
            raise InvalidRequest(_("“%(name)s” cannot be attached. %(why)s") % words, param="file") from None
    return file


def attachments_for(files: Iterable[File], *, assistant: Assistant) -> list[dict[str, Any]]:
    """Return the ``attachments`` of a message to ``assistant``: each file for the tools that can do something with it.

    Pictures are seen without a tool. Raise ``InvalidRequest`` for a file that nothing can read here.
    """
    code = CODE in assistant.tools
    attachments = []
    for file in files:
        kind = extension(file.filename)
        if file.is_image or (code and kind in DATA):
            tools = [CODE] if code else []
        elif kind in FOR_CODE:
            raise InvalidRequest(
                _("“%(name)s” can be read by assistants that run code only. Take it off, or choose such an assistant.")
                % {"name": file.filename},
                param="file",
            )
        else:
            tools = [SEARCH, CODE] if code else [SEARCH]
        if tools:
            attachments.append({"file_id": file.id, "tools": tools})
    return attachments


def attach(thread: Thread, attachments: Sequence[Object]) -> None:
    """Give a message's ``attachments``, ``[{"file_id", "tools": [{"type"}]}]``, to the tools of its thread.

    Files for ``code_interpreter`` join the thread's list, files for ``file_search`` its vector store, which is made if
    there is none or it has expired. ``thread`` is locked or new; the caller saves its ``tool_resources``. Raise
    ``InvalidRequest`` when ``code_interpreter`` would have more than 20 files.
    """
    by_tool = {tool: _ids_for(attachments, tool=tool) for tool in LISTS}
    # The attachments were checked before: a file that is gone meanwhile is left out.
    present = {file.id: file for file in files.get_present(thread.owner, chain.from_iterable(by_tool.values()))}
    code, attached = ([present[id] for id in ids if id in present] for ids in by_tool.values())
    search = [file for file in attached if enqueue.is_searchable(file)]
    if not code and not search:
        return
    resources = dict(thread.tool_resources)
    if code:
        resources[CODE_INTERPRETER] = {"file_ids": _with_code_files(thread, code)}
    if search:
        resources[FILE_SEARCH] = {"vector_store_ids": [_store_with(thread, search).id]}
    thread.tool_resources = resources
    replace_uses(thread)


def _ids_for(attachments: Sequence[Object], *, tool: str) -> list[str]:
    """Return the ids of the files that are attached for ``tool``, each once and in order."""
    ids = [
        attachment["file_id"]
        for attachment in attachments
        if attachment.get("file_id") and any(use["type"] == tool for use in attachment.get("tools") or [])
    ]
    return list(dict.fromkeys(ids))


def _with_code_files(thread: Thread, attached: Sequence[File]) -> list[str]:
    earlier = thread.tool_resources.get(CODE_INTERPRETER, {}).get("file_ids", [])
    file_ids = list(dict.fromkeys([*earlier, *(file.id for file in attached)]))
    if len(file_ids) > MAX_FILES:
        raise InvalidRequest(
            f"Invalid 'attachments': too many files. A thread has at most {MAX_FILES} files for code_interpreter, but"
            f" with these it would have {len(file_ids)}.",
            param="attachments",
            code="array_above_max_length",
        )
    return file_ids


def _store_with(thread: Thread, attached: Sequence[File]) -> VectorStore:
    """Return the thread's own store with the files in it: those that it has are not read again."""
    store = VectorStore.objects.filter(owner=thread.owner_id, id__in=_store_ids(thread)).first()
    if store is None or store.is_expired:
        return enqueue.create_store(thread.owner, attached, **THREAD_STORE)
    present = set(store.files.filter(pk__in=[file.pk for file in attached]))
    if missing := [NewEntry(file) for file in attached if file not in present]:
        enqueue.add_files(store, missing, param="attachments")
    return store


def _store_ids(thread: Thread) -> list[Any]:
    return list(thread.tool_resources.get(FILE_SEARCH, {}).get("vector_store_ids", []))


def reading_progress(thread: Thread, file_ids: Iterable[str]) -> dict[str, ReadingProgress]:
    """Return the progress of those files that are in the thread's own vector store, by their ids."""
    entries = VectorStoreFile.objects.filter(
        store_id__in=_store_ids(thread), store__owner=thread.owner_id, file_id__in=set(file_ids)
    )
    by_file = {}
    for entry in entries.defer("attributes", "chunking_strategy"):
        words = entry.last_error["message"] if entry.last_error else entry.notice
        by_file[entry.file_id] = ReadingProgress(
            status=entry.status,
            is_outstanding=entry.status == VectorStoreFile.Status.IN_PROGRESS,
            progress=entry.progress,
            words=words,
        )
    return by_file
