"""Files of vector stores: reference, sections 2, 3 and 9."""

from __future__ import annotations

from typing import Literal

from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Query, Router

from chat.actions.knowledge import store_files
from chat.api import schemas
from chat.api.http.pagination import ListQuery, paginate
from chat.api.http.poll_header import set_poll_header
from chat.api.http.request import ApiRequest
from chat.models import VectorStoreFile
from chat.models.api_objects.file_shapes import FileContentPage, StoreFileObject
from chat.models.api_objects.objects import deleted_object
from chat.models.api_objects.shapes import DeletedObject, ListObject
from chat.models.api_objects.store_objects import store_file_object

router = Router(tags=["Vector stores"])


class NewStoreFile(schemas.Body):
    file_id: schemas.Id
    attributes: schemas.Attributes | None = None
    chunking_strategy: schemas.Chunking | None = None


class StoreFileChanges(schemas.Body):
    attributes: schemas.Attributes | None


class StoreFileListQuery(ListQuery):
    filter: Literal["in_progress", "completed", "failed", "cancelled"] | None = None


@router.post("/vector_stores/{vector_store_id}/files")
def create_vector_store_file(request: ApiRequest, vector_store_id: str, body: NewStoreFile) -> StoreFileObject:
    """Put a file into the store, to be read in the background; one that is there already is read anew."""
    return store_file_object(store_files.create(request.user, vector_store_id, **body.sent_values()))


@router.get("/vector_stores/{vector_store_id}/files")
def list_vector_store_files(
    request: ApiRequest, vector_store_id: str, query: Query[StoreFileListQuery]
) -> ListObject[StoreFileObject]:
    """`filter` is a status."""
    return paginate_store_files(store_files.of_store(request.user, vector_store_id), query, vector_store_id)


def paginate_store_files(
    entries: QuerySet[VectorStoreFile], query: StoreFileListQuery, store_id: str
) -> ListObject[StoreFileObject]:
    """Return one page of those ``entries`` of a store that have the query's status."""
    rows = entries.filter(status=query.filter) if query.filter else entries
    # The entry that a cursor names may have changed its status since the last page.
    return paginate(rows, query, serialize=store_file_object, key="file_id", cursor_rows=entries, scope=store_id)


@router.get("/vector_stores/{vector_store_id}/files/{file_id}")
def retrieve_vector_store_file(
    request: ApiRequest, response: HttpResponse, vector_store_id: str, file_id: str
) -> StoreFileObject:
    entry = store_files.get(request.user, vector_store_id, file_id)
    if entry.status == VectorStoreFile.Status.IN_PROGRESS:
        set_poll_header(response)
    return store_file_object(entry)


@router.post("/vector_stores/{vector_store_id}/files/{file_id}")
def modify_vector_store_file(
    request: ApiRequest, vector_store_id: str, file_id: str, body: StoreFileChanges
) -> StoreFileObject:
    """Only `attributes` can be changed; they are replaced as a whole."""
    entry = store_files.get(request.user, vector_store_id, file_id)
    return store_file_object(store_files.update(entry, attributes=body.attributes or {}))


@router.delete("/vector_stores/{vector_store_id}/files/{file_id}")
def delete_vector_store_file(request: ApiRequest, vector_store_id: str, file_id: str) -> DeletedObject:
    """It is not found in the store any more; the file survives."""
    store_files.delete(store_files.get(request.user, vector_store_id, file_id))
    return deleted_object(file_id, "vector_store.file")


@router.get("/vector_stores/{vector_store_id}/files/{file_id}/content")
def retrieve_vector_store_file_content(request: ApiRequest, vector_store_id: str, file_id: str) -> FileContentPage:
    """The text that was read of the file, page by page; nothing until it is completed."""
    pieces = store_files.content(store_files.get(request.user, vector_store_id, file_id))
    return {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": piece} for piece in pieces],
        "has_more": False,
        "next_page": None,
    }
