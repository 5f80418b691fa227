"""The files of an assistant as the first Assistants API had them: one list, which all its tools use.

They are kept as tool resources (reference, section 11): ``code_interpreter`` has the list, ``file_search`` a vector
store with the same files. Without either tool the list stays, for the tools that the assistant may get later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from chat.actions.assistants import assistants
from chat.actions.assistants.tool_resources import MAX_FILES, Resources
from chat.actions.files import files
from chat.actions.knowledge import enqueue
from chat.actions.knowledge.enqueue import NewEntry
from chat.errors import Absent, InvalidRequest
from chat.models import Assistant, File, ResourceUse, User, VectorStore
from chat.models.files import FileQuerySet
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH

Tools = Sequence[dict[str, Any]]
HOSTED = {CODE_INTERPRETER, FILE_SEARCH}


def of_assistant(assistant: Assistant) -> FileQuerySet:
    """Return the files that any of the assistant's tools has."""
    code = assistant.tool_resources.get(CODE_INTERPRETER, {}).get("file_ids", [])
    stores = assistant.tool_resources.get(FILE_SEARCH, {}).get("vector_store_ids", [])
    has = Q(id__in=code) | Q(entries__store_id__in=stores)
    return File.objects.there().filter(has, owner=assistant.owner_id).distinct()


def ids_of(user: User, assistant_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the ids of the files of assistants, oldest first, by the ids of those that the user may use."""
    usable = assistants.usable(user).filter(id__in=set(assistant_ids))
    return {assistant.id: _ids(assistant) for assistant in usable}


def get(user: User, assistant_id: str, file_id: str) -> File:
    """Return a file of an assistant that the user may use. Raise ``Absent``."""
    file = of_assistant(assistants.get(user, assistant_id)).filter(id=file_id).first()
    if file is None:
        raise Absent("assistant file", file_id)
    return file


@transaction.atomic
def create(user: User, *, file_ids: Sequence[str] | None = None, **fields: Any) -> Assistant:
    """Create an assistant with these files for the tools that it gets; ``fields`` as for ``assistants.create``.

    Raise ``InvalidRequest`` for more than 20 files and for files next to ``tool_resources``, and as it.
    """
    if file_ids is not None:
        fields |= _resources(fields, resources_for(user, file_ids, tools=fields.get("tools") or []))
    return assistants.create(user, **fields)


@transaction.atomic
def update(
    user: User, assistant_id: str, *, file_ids: Sequence[str] | None = None, follow: bool = False, **fields: Any
) -> Assistant:
    """Change an assistant; ``file_ids`` replace its files, ``fields`` are as for ``assistants.update``.

    With ``follow`` the files go to the tools, when it gets or loses one that uses them. Raise as ``create`` and as
    ``assistants.update``.
    """
    assistant = _locked(assistants.get_own(user, assistant_id))
    tools = (fields["tools"] or []) if "tools" in fields else assistant.tools
    if file_ids is None and follow and _hosted(tools) != _hosted(assistant.tools):
        file_ids = _ids(assistant)
    if file_ids is not None:
        fields |= _resources(fields, resources_for(user, file_ids, tools=tools, store=_store_of(assistant)))
    return assistants.update(user, assistant_id, **fields)


@transaction.atomic
def attach(user: User, assistant_id: str, file_id: str) -> File:
    """Give the assistant one more file. Raise as ``update``, and ``NotFound``."""
    assistant = _locked(assistants.get_own(user, assistant_id))
    file = files.get(user, file_id, param="file_id")
    update(user, assistant_id, file_ids=[*_ids(assistant), file.id])
    return file


@transaction.atomic
def detach(user: User, assistant_id: str, file_id: str) -> None:
    """Take a file from the assistant; the file stays. Raise as ``update``, and ``Absent``."""
    assistant = _locked(assistants.get_own(user, assistant_id))
    get(user, assistant_id, file_id)
    update(user, assistant_id, file_ids=[id for id in _ids(assistant) if id != file_id])


def resources_for(user: User, file_ids: Sequence[str], *, tools: Tools, store: VectorStore | None = None) -> Resources:
    """Return the user's files as ``tool_resources`` for ``tools``, as a program would send them.

    ``store`` is filled with exactly these files if they are searched; without it, one is described. Files that cannot
    be searched are for the code interpreter alone, if there is one. Raise ``NotFound``, and ``InvalidRequest``.
    """
    rows = files.get_all(user, file_ids, param="file_ids[]")
    file_ids = [file.id for file in rows]
    _check_number(file_ids)
    hosted = _hosted(tools)
    if hosted == {FILE_SEARCH}:
        enqueue.check_searchable(rows, param="file_ids")
    searched = [file.id for file in rows if enqueue.is_searchable(file)] if hosted == HOSTED else file_ids
    resources: dict[str, Any] = {}
    if FILE_SEARCH in hosted and store is not None:
        _fill(store, searched)
        resources[FILE_SEARCH] = {"vector_store_ids": [store.id]}
    elif FILE_SEARCH in hosted and searched:
        resources[FILE_SEARCH] = {"vector_stores": [{"file_ids": searched}]}
    if CODE_INTERPRETER in hosted or (file_ids and not resources):
        resources[CODE_INTERPRETER] = {"file_ids": file_ids}
    return resources


def _ids(assistant: Assistant) -> list[str]:
    return list(of_assistant(assistant).order_by("created_at", "number").values_list("id", flat=True))


def _hosted(tools: Tools) -> set[str]:
    return {tool["type"] for tool in tools} & HOSTED


def _locked(assistant: Assistant) -> Assistant:
    # Another request that gives it a file at this moment waits.
    return Assistant.objects.select_for_update(no_key=True).get(pk=assistant.pk)


def _resources(fields: dict[str, Any], resources: Resources) -> dict[str, Any]:
    if fields.get("tool_resources") is not None:
        raise InvalidRequest(
            "Invalid 'file_ids': 'file_ids' and 'tool_resources' exclude each other. Send the one or the other.",
            param="file_ids",
            code="invalid_value",
        )
    return {"tool_resources": resources}


def _check_number(file_ids: Sequence[str]) -> None:
    if len(file_ids) > MAX_FILES:
        raise InvalidRequest(
            f"Invalid 'file_ids': array too long. Expected an array with maximum length {MAX_FILES}, but got an array"
            f" with length {len(file_ids)} instead.",
            param="file_ids",
            code="array_above_max_length",
        )


def _store_of(assistant: Assistant) -> VectorStore | None:
    """Return the assistant's vector store, if no other assistant or thread searches it and it has not expired."""
    store_ids = assistant.tool_resources.get(FILE_SEARCH, {}).get("vector_store_ids", [])
    store = VectorStore.objects.filter(owner=assistant.owner_id, id__in=store_ids).first()
    if store is None or store.is_expired:
        return None
    others = ResourceUse.objects.filter(resource_id=store.id).exclude(assistant_id=assistant.id)
    return None if others.exists() else store


def _fill(store: VectorStore, file_ids: Sequence[str]) -> None:
    """Make these the files of ``store``. Those that it has are not read again."""
    store.entries.exclude(file_id__in=file_ids).delete()
    present = set(store.files.values_list("id", flat=True))
    if new := files.get_present(store.owner, [id for id in file_ids if id not in present]):
        enqueue.add_files(store, [NewEntry(file) for file in new])
