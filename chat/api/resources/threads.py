"""Threads: reference, sections 2, 3 and 5."""

from __future__ import annotations

import re

from django.http import HttpRequest
from ninja import Query, Router

from chat.actions.conversation import new_threads, threads
from chat.api import schemas
from chat.api.http.pagination import Listing, page
from chat.api.http.request import ApiRequest, bracketed
from chat.api.message_schemas import NewMessage
from chat.models.objects import deleted_object, thread_object
from chat.models.shapes import DeletedObject, ListObject, ThreadObject

router = Router(tags=["Threads"])


class NewThread(schemas.Body):
    messages: list[NewMessage] | None = None
    metadata: schemas.Metadata | None = None
    tool_resources: schemas.NewToolResources | None = None


class ThreadListing(Listing):
    families = frozenset({"metadata"})


class ThreadChanges(schemas.Body):
    metadata: schemas.Metadata | None = None
    tool_resources: schemas.ToolResources | None = None


@router.post("/threads")
def create_thread(request: ApiRequest, body: NewThread | None = None) -> ThreadObject:
    return thread_object(new_threads.create_thread(request.user, **(body or NewThread()).given()))


@router.get("/threads", openapi_extra={"parameters": [bracketed("metadata", "Only threads with this pair.")]})
def list_threads(request: ApiRequest, query: Query[ThreadListing]) -> ListObject[ThreadObject]:
    """Your threads (OpenAI never had this), of the chat page and of programs; ``metadata[key]=value`` filters."""
    return page(threads.of(request.user, metadata=pairs(request)), query, show=thread_object)


@router.get("/threads/{thread_id}")
def retrieve_thread(request: ApiRequest, thread_id: str) -> ThreadObject:
    return thread_object(threads.get(request.user, thread_id))


@router.post("/threads/{thread_id}")
def modify_thread(request: ApiRequest, thread_id: str, body: ThreadChanges | None = None) -> ThreadObject:
    """Change what is given and leave the rest; ``metadata`` is replaced as a whole."""
    return thread_object(threads.update(request.user, thread_id, **(body or ThreadChanges()).given()))


@router.delete("/threads/{thread_id}")
def delete_thread(request: ApiRequest, thread_id: str) -> DeletedObject:
    """The thread with its messages and runs; a live run is stopped. Files and vector stores survive."""
    threads.delete(request.user, thread_id)
    return deleted_object(thread_id, "thread")


def pairs(request: HttpRequest) -> dict[str, str]:
    """``metadata[key]=value`` of the query."""
    found = (re.fullmatch(r"metadata\[(.+)\]", name) for name in request.GET)
    return {match[1]: str(request.GET[match[0]]) for match in found if match}
