"""Assistants: reference, sections 2 and 3."""

from __future__ import annotations

from functools import partial

from ninja import Query, Router

from chat.actions.assistants import assistants
from chat.api import schemas
from chat.api.http.pagination import ListQuery, paginate
from chat.api.http.request import ApiRequest
from chat.models.api_objects.objects import assistant_object, deleted_object
from chat.models.api_objects.shapes import AssistantObject, DeletedObject, ListObject
from chat.models.assistants import ReasoningEffort

router = Router(tags=["Assistants"])


class AssistantSettings(schemas.Body):
    """The settings of an assistant besides its model."""

    name: schemas.Name | None = None
    description: schemas.Description | None = None
    instructions: schemas.Instructions | None = None
    tools: schemas.Tools | None = None
    metadata: schemas.Metadata | None = None
    temperature: schemas.Temperature | None = None
    top_p: schemas.TopP | None = None
    reasoning_effort: ReasoningEffort | None = None
    response_format: schemas.ResponseFormat | None = None


class NewAssistant(AssistantSettings):
    model: schemas.ModelName
    tool_resources: schemas.NewToolResources | None = None


class AssistantChanges(AssistantSettings):
    model: schemas.ModelName = ""
    tool_resources: schemas.ToolResources | None = None


@router.post("/assistants")
def create_assistant(request: ApiRequest, body: NewAssistant) -> AssistantObject:
    return assistant_object(assistants.create(request.user, **body.sent_values()))


@router.get("/assistants")
def list_assistants(request: ApiRequest, query: Query[ListQuery]) -> ListObject[AssistantObject]:
    """Your own and those that are shared with you."""
    return paginate(
        assistants.usable(request.user),
        query,
        serialize=partial(assistants.object_for, request.user),
        scope=request.user.pk,
    )


@router.get("/assistants/{assistant_id}")
def retrieve_assistant(request: ApiRequest, assistant_id: str) -> AssistantObject:
    return assistants.object_for(request.user, assistants.get(request.user, assistant_id))


@router.post("/assistants/{assistant_id}")
def modify_assistant(request: ApiRequest, assistant_id: str, body: AssistantChanges) -> AssistantObject:
    """Change what is given and leave the rest; ``metadata`` is replaced as a whole."""
    return assistant_object(assistants.update(request.user, assistant_id, **body.sent_values()))


@router.delete("/assistants/{assistant_id}")
def delete_assistant(request: ApiRequest, assistant_id: str) -> DeletedObject:
    assistants.delete(request.user, assistant_id)
    return deleted_object(assistant_id, "assistant")
