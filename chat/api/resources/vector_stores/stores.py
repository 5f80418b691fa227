"""Vector stores: reference, sections 2, 3 and 9."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from chat.actions.knowledge import vector_stores
from chat.api import schemas
from chat.api.http.pagination import ListQuery, list_object, page_of
from chat.api.http.poll_header import set_poll_header
from chat.api.http.request import ApiRequest
from chat.models.api_objects.file_shapes import VectorStoreObject
from chat.models.api_objects.objects import deleted_object
from chat.models.api_objects.shapes import DeletedObject, ListObject
from chat.models.api_objects.store_objects import vector_store_object, vector_store_objects

router = Router(tags=["Vector stores"])


class Expiry(schemas.Body):
    anchor: Literal["last_active_at"]
    days: Annotated[int, Field(ge=1, le=365)]


class Changes(schemas.Body):
    """The settings of a vector store that can be changed."""

    name: schemas.Name | None = None
    expires_after: Expiry | None = None
    metadata: schemas.Metadata | None = None

    def sent_values(self) -> dict[str, Any]:
        fields = super().sent_values()
        if expiry := fields.get("expires_after"):
            fields["expires_after"] = expiry["days"]
        return fields


class NewStore(Changes):
    description: schemas.Description | None = None
    file_ids: Annotated[list[schemas.Id], Field(max_length=500)] = []
    chunking_strategy: schemas.Chunking | None = None


@router.post("/vector_stores")
def create_vector_store(request: ApiRequest, body: NewStore | None = None) -> VectorStoreObject:
    """Make a vector store; its files are read in the background."""
    return vector_store_object(vector_stores.create(request.user, **(body or NewStore()).sent_values()))


@router.get("/vector_stores")
def list_vector_stores(request: ApiRequest, query: Query[ListQuery]) -> ListObject[VectorStoreObject]:
    page = page_of(vector_stores.of_user(request.user), query, scope=request.user.pk)
    return list_object(vector_store_objects(page.rows), has_more=page.has_more)


@router.get("/vector_stores/{vector_store_id}")
def retrieve_vector_store(request: ApiRequest, response: HttpResponse, vector_store_id: str) -> VectorStoreObject:
    data = vector_store_object(vector_stores.get(request.user, vector_store_id))
    if data["status"] == "in_progress":
        set_poll_header(response)
    return data


@router.post("/vector_stores/{vector_store_id}")
def modify_vector_store(request: ApiRequest, vector_store_id: str, body: Changes | None = None) -> VectorStoreObject:
    """Change what is given and leave the rest; ``metadata`` is replaced as a whole."""
    return vector_store_object(vector_stores.update(request.user, vector_store_id, **(body or Changes()).sent_values()))


@router.delete("/vector_stores/{vector_store_id}")
def delete_vector_store(request: ApiRequest, vector_store_id: str) -> DeletedObject:
    """The store alone: its files survive."""
    vector_stores.delete(request.user, vector_store_id)
    return deleted_object(vector_store_id, "vector_store")
