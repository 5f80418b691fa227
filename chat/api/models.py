"""Models: rows and aliases, and what the default provider's own is called."""

from __future__ import annotations

from ninja import Router

from chat.actions import catalogue
from chat.api.requests import ApiRequest
from chat.models.objects import Object

router = Router(tags=["Models"])


@router.get("/models")
def list_models(request: ApiRequest) -> Object:
    return {"object": "list", "data": catalogue.listed()}


@router.get("/models/{path:model}")
def retrieve_model(request: ApiRequest, model: str) -> Object:
    return catalogue.get(model)


@router.delete("/models/{path:model}")
def delete_model(request: ApiRequest, model: str) -> Object:
    """Models are the administrators' to delete, in the admin."""
    return catalogue.delete(model)
