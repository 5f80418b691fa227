"""Tool resources: which files and vector stores the tools of an assistant, a thread and a run may use.

Their form, as it is kept and shown: ``{"code_interpreter": {"file_ids": [str]}, "file_search": {"vector_store_ids":
[str]}}``, with only the keys that were given (reference, sections 3 to 6.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from chat.actions.files import files
from chat.actions.knowledge import enqueue, vector_stores
from chat.actions.knowledge.enqueue import Wanted
from chat.errors import InvalidRequest
from chat.models import File, Thread, User, VectorStore
from chat.models.objects import Object
from chat.models.resource_uses import replace_uses
from chat.models.vector_stores import Origin
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH

Resources = Mapping[str, Any]

MAX_FILES = 20  # of one code_interpreter
HELPER_DAYS = 7  # without use, of a store for the files of one thread
OF_THREADS: Mapping[str, Any] = {"expires_after": HELPER_DAYS, "origin": Origin.ATTACHMENT}
LISTS = {CODE_INTERPRETER: "file_ids", FILE_SEARCH: "vector_store_ids"}


@transaction.atomic
def checked(user: User, given: Resources | None, *, for_thread: bool = False) -> dict[str, Any]:
    """The ``tool_resources`` of an assistant or a thread as they are kept.

    ``file_search.vector_stores``, a list of at most one ``{"file_ids", "chunking_strategy", "metadata"}``, makes a
    store whose id takes its place; one ``for_thread`` expires after ``HELPER_DAYS`` without use. Raises ``NotFound``
    for a file or store that is not the user's, and ``InvalidRequest`` for a store both named and made.
    """
    given = given or {}
    kept: dict[str, Any] = {}
    if (code := given.get(CODE_INTERPRETER)) is not None:
        file_ids = _distinct(code.get("file_ids") or [])
        files.get_all(user, file_ids)
        kept[CODE_INTERPRETER] = {"file_ids": file_ids}
    if (search := given.get(FILE_SEARCH)) is not None:
        kept[FILE_SEARCH] = {"vector_store_ids": _stores(user, search, for_thread=for_thread)}
    return kept


def _stores(user: User, search: Resources, *, for_thread: bool) -> list[str]:
    named, described = search.get("vector_store_ids") or [], search.get("vector_stores") or []
    if named and described:
        where = "tool_resources.file_search"
        raise InvalidRequest(
            f"Invalid '{where}': 'vector_store_ids' and 'vector_stores' exclude each other. Name a vector store or have"
            " one made, not both.",
            param=where,
            code="invalid_value",
        )
    made = [vector_stores.create(user, **store, **(OF_THREADS if for_thread else {})) for store in described]
    return [vector_stores.get(user, store_id).id for store_id in named] + [store.id for store in made]


@transaction.atomic
def attach(thread: Thread, attachments: Sequence[Object]) -> None:
    """Give a message's ``attachments``, ``[{"file_id", "tools": [{"type"}]}]``, to the tools of its thread.

    Files for ``code_interpreter`` join the thread's list, files for ``file_search`` its vector store, which is made if
    there is none or it has expired. The caller has checked the attachments: a file that is gone meanwhile is left out,
    and so is, of the search, one that cannot be searched. Raises ``InvalidRequest`` when ``code_interpreter`` would
    have more than 20 files.
    """
    code, attached = (_files_for(thread, attachments, tool=tool) for tool in LISTS)
    search = [file for file in attached if enqueue.is_searchable(file)]
    if not code and not search:
        return
    # Someone else may attach at this moment. Without the key's lock: messages that were just inserted hold theirs.
    latest = Thread.objects.select_for_update(no_key=True).get(pk=thread.pk)
    resources = dict(latest.tool_resources)
    if code:
        resources[CODE_INTERPRETER] = {"file_ids": _with_files(resources, code)}
    if search:
        resources[FILE_SEARCH] = {"vector_store_ids": [_store_with(latest, search).id]}
    thread.tool_resources = resources
    thread.save(update_fields=["tool_resources"])
    replace_uses(thread)


def _files_for(thread: Thread, attachments: Sequence[Object], *, tool: str) -> list[File]:
    """The files that are attached for ``tool``, each once and in order."""
    meant = [
        attachment["file_id"]
        for attachment in attachments
        if attachment.get("file_id") and any(use["type"] == tool for use in attachment.get("tools") or [])
    ]
    return files.get_present(thread.owner, meant)


def _with_files(resources: Resources, attached: Sequence[File]) -> list[str]:
    earlier = resources.get(CODE_INTERPRETER, {}).get("file_ids", [])
    file_ids = _distinct([*earlier, *(file.id for file in attached)])
    if len(file_ids) > MAX_FILES:
        raise InvalidRequest(
            f"Invalid 'attachments': too many files. A thread has at most {MAX_FILES} files for code_interpreter, but"
            f" with these it would have {len(file_ids)}.",
            param="attachments",
            code="array_above_max_length",
        )
    return file_ids


def _store_with(thread: Thread, attached: Sequence[File]) -> VectorStore:
    """The thread's own store with the files in it: those that it has are not read again."""
    store_ids = thread.tool_resources.get(FILE_SEARCH, {}).get("vector_store_ids", [])
    store = VectorStore.objects.filter(owner=thread.owner_id, id__in=store_ids).first()
    if store is None or store.is_expired:
        return vector_stores.create(thread.owner, file_ids=[file.id for file in attached], **OF_THREADS)
    had = set(store.files.filter(pk__in=[file.pk for file in attached]))
    if new := [Wanted(file) for file in attached if file not in had]:
        enqueue.put(store, new, param="attachments")
    return store


def effective(assistant_resources: Resources, thread_resources: Resources) -> dict[str, Any]:
    """What a run may use: the assistant's files and stores and the thread's."""
    both: dict[str, Any] = {}
    for tool, name in LISTS.items():
        ids = [
            resources[tool].get(name, []) for resources in (assistant_resources, thread_resources) if tool in resources
        ]
        if ids:
            both[tool] = {name: _distinct(id for one in ids for id in one)}
    return both


def _distinct(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))
