"""Tool resources: which files and vector stores the tools of an assistant, a thread and a run may use.

Their form, as it is kept and shown: ``{"code_interpreter": {"file_ids": [str]}, "file_search": {"vector_store_ids":
[str]}}``, with only the keys that were given (reference, sections 3 to 6.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from chat.actions.files import files
from chat.actions.knowledge import vector_stores
from chat.errors import InvalidRequest
from chat.models import User
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


def _distinct(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))
