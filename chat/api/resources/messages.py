"""Messages: reference, sections 2, 3 and 5."""

from __future__ import annotations

from ninja import Query, Router

from chat.actions.conversation import messages
from chat.api import schemas
from chat.api.http.pagination import ListQuery, paginate
from chat.api.http.request import ApiRequest
from chat.api.message_schemas import NewMessage
from chat.models.api_objects.objects import deleted_object, message_object
from chat.models.api_objects.shapes import DeletedObject, ListObject, MessageObject

router = Router(tags=["Messages"])


class MessageChanges(schemas.Body):
    metadata: schemas.Metadata | None = None


class MessageListQuery(ListQuery):
    run_id: str | None = None


@router.post("/threads/{thread_id}/messages")
def create_message(request: ApiRequest, thread_id: str, body: NewMessage) -> MessageObject:
    """Refused while a run is live on the thread."""
    return message_object(messages.create(request.user, thread_id, **body.sent_values()))


@router.get("/threads/{thread_id}/messages")
def list_messages(request: ApiRequest, thread_id: str, query: Query[MessageListQuery]) -> ListObject[MessageObject]:
    rows = messages.of_thread(request.user, thread_id)
    return paginate(
        rows.filter(run_id=query.run_id) if query.run_id else rows, query, serialize=message_object, scope=thread_id
    )


@router.get("/threads/{thread_id}/messages/{message_id}")
def retrieve_message(request: ApiRequest, thread_id: str, message_id: str) -> MessageObject:
    return message_object(messages.get(request.user, thread_id, message_id))


@router.post("/threads/{thread_id}/messages/{message_id}")
def modify_message(
    request: ApiRequest, thread_id: str, message_id: str, body: MessageChanges | None = None
) -> MessageObject:
    """Only ``metadata`` can be changed; it is replaced as a whole."""
    message = messages.get(request.user, thread_id, message_id)
    changes = (body or MessageChanges()).sent_values()
    return message_object(messages.update(message, metadata=changes["metadata"] or {}) if changes else message)


@router.delete("/threads/{thread_id}/messages/{message_id}")
def delete_message(request: ApiRequest, thread_id: str, message_id: str) -> DeletedObject:
    messages.delete(request.user, thread_id, message_id)
    return deleted_object(message_id, "thread.message")
