"""Assistants with ``file_ids``."""

from __future__ import annotations

from ninja import Router

from chat.actions.assistants_v1 import assistant_files
from chat.api import schemas
from chat.api.http.request import ApiRequest
from chat.api.resources import assistants
from chat.models.api_objects.objects import assistant_object
from chat.models.api_objects.shapes import AssistantObject

router = Router()
FileIds = list[schemas.Id]


class NewAssistant(assistants.NewAssistant):
    file_ids: FileIds | None = None


class AssistantChanges(assistants.AssistantChanges):
    file_ids: FileIds | None = None


@router.post("/assistants")
def create_assistant(request: ApiRequest, body: NewAssistant) -> AssistantObject:
    return assistant_object(assistant_files.create(request.user, **body.sent_values()))


@router.post("/assistants/{assistant_id}")
def modify_assistant(request: ApiRequest, assistant_id: str, body: AssistantChanges) -> AssistantObject:
    """Change what is given; ``file_ids`` are replaced as a whole. A v1 client's files go with their tools."""
    follow = request.beta == "v1"
    return assistant_object(assistant_files.update(request.user, assistant_id, follow=follow, **body.sent_values()))


# The same address has these too.
router.get("/assistants")(assistants.list_assistants)
router.get("/assistants/{assistant_id}")(assistants.retrieve_assistant)
router.delete("/assistants/{assistant_id}")(assistants.delete_assistant)
