"""Tool resources: the files and vector stores that the tools of an assistant, a thread or a run may use.

Their form, in rows and in the API: ``{"code_interpreter": {"file_ids": [str]}, "file_search": {"vector_store_ids":
[str]}}``, with only the keys that were sent (reference, sections 3 to 6.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from chat.actions.files import files
from chat.actions.knowledge import vector_stores
from chat.errors import Absent, InvalidRequest, inside
from chat.models import User
from chat.models.vector_stores import Origin
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH

Resources = Mapping[str, Any]

MAX_FILES = 20  # of one code_interpreter
HELPER_DAYS = 7  # without use, of a store for the files of one thread
THREAD_STORE: Mapping[str, Any] = {"expires_after": HELPER_DAYS, "origin": Origin.ATTACHMENT}
LISTS = {CODE_INTERPRETER: "file_ids", FILE_SEARCH: "vector_store_ids"}


@transaction.atomic
def clean_resources(user: User, resources: Resources | None, *, for_thread: bool = False) -> dict[str, Any]:
    """Check ``tool_resources`` of the API and return them as columns of an assistant or a thread have them.

    ``file_search.vector_stores``, a list of at most one ``{"file_ids", "chunking_strategy", "metadata"}``, makes a
    store whose id takes its place; one ``for_thread`` expires after ``HELPER_DAYS`` without use. Raise ``NotFound``
    for a file or store that is not the user's, and ``InvalidRequest`` for a store both named and described; both name
    their parameter within ``tool_resources``.
    """
    resources = resources or {}
    cleaned: dict[str, Any] = {}
    if (code := resources.get(CODE_INTERPRETER)) is not None:
        file_ids = _distinct(code.get("file_ids") or [])
        files.get_all(user, file_ids, param="code_interpreter.file_ids[]")
        cleaned[CODE_INTERPRETER] = {"file_ids": file_ids}
    if (search := resources.get(FILE_SEARCH)) is not None:
        cleaned[FILE_SEARCH] = {"vector_store_ids": _stores(user, search, for_thread=for_thread)}
    return cleaned


def _stores(user: User, search: Resources, *, for_thread: bool) -> list[str]:
    named, described = search.get("vector_store_ids") or [], search.get("vector_stores") or []
    if named and described:
        raise InvalidRequest(
            f"Invalid '{FILE_SEARCH}': 'vector_store_ids' and 'vector_stores' exclude each other. Name a vector"
            " store or have one made, not both.",
            param=FILE_SEARCH,
            code="invalid_value",
        )
    created = []
    for index, store in enumerate(described):
        with inside(f"{FILE_SEARCH}.vector_stores[{index}]"):
            created.append(vector_stores.create(user, **store, **(THREAD_STORE if for_thread else {})))
    return [_store_id(user, id, place=place) for place, id in enumerate(named)] + [store.id for store in created]


def _store_id(user: User, store_id: str, *, place: int) -> str:
    try:
        return vector_stores.get(user, store_id).id
    except Absent as absent:
        absent.param = f"{FILE_SEARCH}.vector_store_ids[{place}]"
        raise


def _distinct(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))
