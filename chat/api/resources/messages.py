"""Messages: reference, sections 2, 3 and 5."""

from __future__ import annotations

from typing import Annotated, Literal

from ninja import Query, Router
from pydantic import Discriminator, Field, Tag

from chat.actions.conversation import messages, threads
from chat.api import schemas
from chat.api.http.pagination import Listing, page
from chat.api.http.request import ApiRequest
from chat.models.objects import deleted_object, message_object
from chat.models.shapes import DeletedObject, ListObject, MessageObject
from chat.models.threads import MAX_TEXT

router = Router(tags=["Messages"])
Detail = Literal["auto", "low", "high"]
Text = Annotated[str, Field(max_length=MAX_TEXT)]


class ImageFile(schemas.Body):
    file_id: schemas.Id
    detail: Detail = "auto"


class ImageUrl(schemas.Body):
    url: Annotated[str, Field(min_length=1)]
    detail: Detail = "auto"


class TextPart(schemas.Body):
    type: Literal["text"]
    text: Text


class ImageFilePart(schemas.Body):
    type: Literal["image_file"]
    image_file: ImageFile


class ImageUrlPart(schemas.Body):
    type: Literal["image_url"]
    image_url: ImageUrl


Part = Annotated[TextPart | ImageFilePart | ImageUrlPart, Discriminator("type")]
Content = Annotated[
    Annotated[Text, Tag("string")] | Annotated[list[Part], Field(min_length=1), Tag("array")],
    Discriminator(lambda value: "array" if isinstance(value, list) else "string"),
]


class AttachmentTool(schemas.Body):
    type: Literal["code_interpreter", "file_search"]


class Attachment(schemas.Body):
    file_id: schemas.Id
    tools: list[AttachmentTool] | None = None


class NewMessage(schemas.Body):
    role: Literal["user", "assistant"]
    content: Content
    attachments: list[Attachment] | None = None
    metadata: schemas.Metadata | None = None


class MessageChanges(schemas.Body):
    metadata: schemas.Metadata | None = None


class MessageListing(Listing):
    run_id: str | None = None


@router.post("/threads/{thread_id}/messages")
def create_message(request: ApiRequest, thread_id: str, body: NewMessage) -> MessageObject:
    """Refused while a run is live on the thread."""
    return message_object(messages.create(threads.get(request.user, thread_id), **body.given()))


@router.get("/threads/{thread_id}/messages")
def list_messages(request: ApiRequest, thread_id: str, query: Query[MessageListing]) -> ListObject[MessageObject]:
    rows = messages.of(request.user, thread_id)
    return page(rows.filter(run_id=query.run_id) if query.run_id else rows, query, show=message_object)


@router.get("/threads/{thread_id}/messages/{message_id}")
def retrieve_message(request: ApiRequest, thread_id: str, message_id: str) -> MessageObject:
    return message_object(messages.get(request.user, thread_id, message_id))


@router.post("/threads/{thread_id}/messages/{message_id}")
def modify_message(
    request: ApiRequest, thread_id: str, message_id: str, body: MessageChanges | None = None
) -> MessageObject:
    """Only ``metadata`` can be changed; it is replaced as a whole."""
    message = messages.get(request.user, thread_id, message_id)
    changes = (body or MessageChanges()).given()
    return message_object(messages.update(message, metadata=changes["metadata"] or {}) if changes else message)


@router.delete("/threads/{thread_id}/messages/{message_id}")
def delete_message(request: ApiRequest, thread_id: str, message_id: str) -> DeletedObject:
    messages.delete(messages.get(request.user, thread_id, message_id))
    return deleted_object(message_id, "thread.message")
