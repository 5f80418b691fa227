"""Batches of files for vector stores: reference, sections 2, 3 and 9."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from chat.actions.knowledge import file_batches
from chat.actions.knowledge.file_batches import BatchFile
from chat.api import schemas
from chat.api.http.poll_header import set_poll_header
from chat.api.http.request import ApiRequest
from chat.api.resources.vector_stores.store_files import NewStoreFile, StoreFileListQuery, paginate_store_files
from chat.errors import InvalidRequest
from chat.models.api_objects.file_shapes import FileBatchObject, StoreFileObject
from chat.models.api_objects.shapes import ListObject
from chat.models.api_objects.store_objects import file_batch_object

router = Router(tags=["Vector stores"])
MAX_FILES = 2000
BATCHES = "/vector_stores/{vector_store_id}/file_batches"


class NewBatch(schemas.Body):
    """Either ``file_ids``, to which the rest applies, or ``files``, each with its own."""

    file_ids: Annotated[list[schemas.Id], Field(min_length=1, max_length=MAX_FILES)] | None = None
    files: Annotated[list[NewStoreFile], Field(min_length=1, max_length=MAX_FILES)] | None = None
    attributes: schemas.Attributes | None = None
    chunking_strategy: schemas.Chunking | None = None

    def named(self) -> list[BatchFile]:
        """Return the files of the batch. Raise ``InvalidRequest`` if both lists are sent, or none."""
        if self.file_ids and self.files:
            raise InvalidRequest(
                "Invalid 'files': 'file_ids' and 'files' exclude each other. Send the one or the other.",
                param="files",
                code="invalid_value",
            )
        files = self.files or [
            NewStoreFile(file_id=file_id, attributes=self.attributes, chunking_strategy=self.chunking_strategy)
            for file_id in self.file_ids or ()
        ]
        if not files:
            raise InvalidRequest(
                "Missing required parameter: 'file_ids'.", param="file_ids", code="missing_required_parameter"
            )
        return [_named(file) for file in files]


def _named(file: NewStoreFile) -> BatchFile:
    strategy = file.chunking_strategy
    return BatchFile(file.file_id, file.attributes or {}, strategy.model_dump() if strategy else None)


@router.post(BATCHES)
def create_vector_store_file_batch(request: ApiRequest, vector_store_id: str, body: NewBatch) -> FileBatchObject:
    """Put many files into the store, to be read in the background."""
    param = "files" if body.files else "file_ids"
    return file_batch_object(file_batches.create(request.user, vector_store_id, batch_files=body.named(), param=param))


@router.get(BATCHES + "/{batch_id}")
def retrieve_vector_store_file_batch(
    request: ApiRequest, response: HttpResponse, vector_store_id: str, batch_id: str
) -> FileBatchObject:
    data = file_batch_object(file_batches.get(request.user, vector_store_id, batch_id))
    if data["status"] == "in_progress":
        set_poll_header(response)
    return data


@router.post(BATCHES + "/{batch_id}/cancel")
def cancel_vector_store_file_batch(request: ApiRequest, vector_store_id: str, batch_id: str) -> FileBatchObject:
    """Leave out what has not been read yet; a batch that has ended stays as it is."""
    return file_batch_object(file_batches.cancel(file_batches.get(request.user, vector_store_id, batch_id)))


@router.get(BATCHES + "/{batch_id}/files")
def list_files_in_vector_store_batch(
    request: ApiRequest, vector_store_id: str, batch_id: str, query: Query[StoreFileListQuery]
) -> ListObject[StoreFileObject]:
    """`filter` is a status."""
    entries = file_batches.entries_of(file_batches.get(request.user, vector_store_id, batch_id))
    return paginate_store_files(entries, query, vector_store_id)
