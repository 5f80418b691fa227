"""Threads: reference, sections 2, 3 and 5."""

from __future__ import annotations

import re

from django.http import HttpRequest
from ninja import Query, Router

from chat.actions.conversation import new_threads, threads
from chat.api import schemas
from chat.api.http.pagination import ListQuery, paginate
from chat.api.http.request import ApiRequest, deep_object_param
from chat.api.message_schemas import NewMessage
from chat.models.api_objects.objects import deleted_object, thread_object
from chat.models.api_objects.shapes import DeletedObject, ListObject, ThreadObject

router = Router(tags=["Threads"])


class NewThread(schemas.Body):
    messages: list[NewMessage] | None = None
    metadata: schemas.Metadata | None = None
    tool_resources: schemas.NewToolResources | None = None


class ThreadListQuery(ListQuery):
    deep_objects = frozenset({"metadata"})


class ThreadChanges(schemas.Body):
    metadata: schemas.Metadata | None = None
    tool_resources: schemas.ToolResources | None = None


@router.post("/threads")
def create_thread(request: ApiRequest, body: NewThread | None = None) -> ThreadObject:
    return thread_object(new_threads.create_thread(request.user, **(body or NewThread()).sent_values()))


@router.get("/threads", openapi_extra={"parameters": [deep_object_param("metadata", "Only threads with this pair.")]})
def list_threads(request: ApiRequest, query: Query[ThreadListQuery]) -> ListObject[ThreadObject]:
    """Your threads (OpenAI never had this), of the chat page and of programs; ``metadata[key]=value`` filters."""
    return paginate(
        threads.of_user(request.user, metadata=metadata_pairs(request)),
        query,
        serialize=thread_object,
        scope=request.user.pk,
    )


@router.get("/threads/{thread_id}")
def retrieve_thread(request: ApiRequest, thread_id: str) -> ThreadObject:
    return thread_object(threads.get(request.user, thread_id))


@router.post("/threads/{thread_id}")
def modify_thread(request: ApiRequest, thread_id: str, body: ThreadChanges | None = None) -> ThreadObject:
    """Change what is given and leave the rest; ``metadata`` is replaced as a whole."""
    return thread_object(threads.update(request.user, thread_id, **(body or ThreadChanges()).sent_values()))


@router.delete("/threads/{thread_id}")
def delete_thread(request: ApiRequest, thread_id: str) -> DeletedObject:
    """The thread with its messages and runs; a live run is stopped. Files and vector stores survive."""
    threads.delete(request.user, thread_id)
    return deleted_object(thread_id, "thread")


def metadata_pairs(request: HttpRequest) -> dict[str, str]:
    """Return the parameters ``metadata[key]=value`` of the query string, by key."""
    matches = (re.fullmatch(r"metadata\[(.+)\]", name) for name in request.GET)
    return {match[1]: str(request.GET[match[0]]) for match in matches if match}
