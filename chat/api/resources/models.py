"""Models: the models and aliases of this server, the default provider's own model, and assistants."""

from __future__ import annotations

from ninja import Router

from chat.actions import model_list
from chat.api.http.request import ApiRequest
from chat.models.api_objects.shapes import DeletedObject, ModelList, ModelObject

router = Router(tags=["Models"])


@router.get("/models")
def list_models(request: ApiRequest) -> ModelList:
    return {"object": "list", "data": model_list.list_models(request.user)}


@router.get("/models/{path:model}")
def retrieve_model(request: ApiRequest, model: str) -> ModelObject:
    return model_list.get(request.user, model)


@router.delete("/models/{path:model}")
def delete_model(request: ApiRequest, model: str) -> DeletedObject:
    """Models are the administrators' to delete, in the admin."""
    return model_list.delete(request.user, model)
