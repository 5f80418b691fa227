"""Files of assistants and of messages as objects of their own, which only the first Assistants API had."""

from __future__ import annotations

from typing import Literal

from ninja import Query, Router
from typing_extensions import TypedDict

from chat.actions.assistants import assistants
from chat.actions.assistants_v1 import assistant_files, message_files
from chat.actions.conversation import messages
from chat.actions.files import files as uploaded_files
from chat.api import schemas
from chat.api.http.pagination import ListQuery, paginate
from chat.api.http.request import ApiRequest
from chat.models import File
from chat.models.api_objects.objects import deleted_object, seconds
from chat.models.api_objects.shapes import DeletedObject, ListObject, Seconds

router = Router()


class NewAssistantFile(schemas.Body):
    file_id: schemas.Id


class AssistantFileObject(TypedDict):
    id: str
    object: Literal["assistant.file"]
    created_at: Seconds
    assistant_id: str


class MessageFileObject(TypedDict):
    id: str
    object: Literal["thread.message.file"]
    created_at: Seconds
    message_id: str


def assistant_file_object(row: File, *, assistant_id: str) -> AssistantFileObject:
    return {
        "id": row.id,
        "object": "assistant.file",
        "created_at": seconds(row.created_at),
        "assistant_id": assistant_id,
    }


def message_file_object(row: File, *, message_id: str) -> MessageFileObject:
    return {
        "id": row.id,
        "object": "thread.message.file",
        "created_at": seconds(row.created_at),
        "message_id": message_id,
    }


@router.post("/assistants/{assistant_id}/files")
def create_assistant_file(request: ApiRequest, assistant_id: str, body: NewAssistantFile) -> AssistantFileObject:
    file = assistant_files.attach(request.user, assistant_id, body.file_id)
    return assistant_file_object(file, assistant_id=assistant_id)


@router.get("/assistants/{assistant_id}/files")
def list_assistant_files(
    request: ApiRequest, assistant_id: str, query: Query[ListQuery]
) -> ListObject[AssistantFileObject]:
    rows = assistant_files.of_assistant(assistants.get(request.user, assistant_id))
    return paginate(
        rows,
        query,
        serialize=lambda row: assistant_file_object(row, assistant_id=assistant_id),
        cursor_rows=uploaded_files.of_user(request.user),  # one may have been taken from the assistant
        scope=request.user.pk,
    )


@router.get("/assistants/{assistant_id}/files/{file_id}")
def retrieve_assistant_file(request: ApiRequest, assistant_id: str, file_id: str) -> AssistantFileObject:
    file = assistant_files.get(request.user, assistant_id, file_id)
    return assistant_file_object(file, assistant_id=assistant_id)


@router.delete("/assistants/{assistant_id}/files/{file_id}")
def delete_assistant_file(request: ApiRequest, assistant_id: str, file_id: str) -> DeletedObject:
    """The file leaves the assistant; it is not deleted."""
    assistant_files.detach(request.user, assistant_id, file_id)
    return deleted_object(file_id, "assistant.file")


@router.get("/threads/{thread_id}/messages/{message_id}/files")
def list_message_files(
    request: ApiRequest, thread_id: str, message_id: str, query: Query[ListQuery]
) -> ListObject[MessageFileObject]:
    rows = message_files.of_message(messages.get(request.user, thread_id, message_id))
    return paginate(
        rows, query, serialize=lambda row: message_file_object(row, message_id=message_id), scope=request.user.pk
    )


@router.get("/threads/{thread_id}/messages/{message_id}/files/{file_id}")
def retrieve_message_file(request: ApiRequest, thread_id: str, message_id: str, file_id: str) -> MessageFileObject:
    file = message_files.get(messages.get(request.user, thread_id, message_id), file_id)
    return message_file_object(file, message_id=message_id)
