"""The shapes of files, of uploads and of vector stores (reference, section 3)."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from typing_extensions import TypedDict

from chat.models.api_objects.shapes import Metadata, Seconds, one_of
from chat.models.uploads import Upload
from chat.models.vector_stores import VectorStoreFile

StoreStatus = Literal["expired", "in_progress", "completed"]
BatchStatus = Literal["in_progress", "completed", "cancelled", "failed"]
EntryStatusName = Annotated[str, one_of(VectorStoreFile.Status.values)]
Attributes = dict[str, str | float | bool]
UploadStatusName = Annotated[str, one_of(Upload.Status.values)]


class FileObject(TypedDict):
    object: Literal["file"]
    id: str
    purpose: str
    filename: str
    bytes: int
    created_at: Seconds
    expires_at: Seconds | None
    status: Literal["processed"]
    status_details: None


class UploadObject(TypedDict):
    """``file`` is there when the upload is completed, as long as that file is."""

    id: str
    object: Literal["upload"]
    bytes: int
    created_at: Seconds
    filename: str
    purpose: str
    status: UploadStatusName
    expires_at: Seconds
    file: NotRequired[FileObject]


class UploadPartObject(TypedDict):
    id: str
    object: Literal["upload.part"]
    created_at: Seconds
    upload_id: str


class FileCounts(TypedDict):
    in_progress: int
    completed: int
    failed: int
    cancelled: int
    total: int


class ShownExpiry(TypedDict):
    anchor: Literal["last_active_at"]
    days: int


class VectorStoreObject(TypedDict):
    id: str
    object: Literal["vector_store"]
    created_at: Seconds
    name: str | None
    description: str | None
    usage_bytes: int
    file_counts: FileCounts
    status: StoreStatus
    expires_after: ShownExpiry | None
    expires_at: Seconds | None
    last_active_at: Seconds
    metadata: Metadata


class StaticNumbers(TypedDict):
    max_chunk_size_tokens: int
    chunk_overlap_tokens: int


class ShownChunking(TypedDict):
    type: Literal["static"]
    static: StaticNumbers


class EntryError(TypedDict):
    code: Literal["server_error", "unsupported_file", "invalid_file"]
    message: str


class StoreFileObject(TypedDict):
    """``id`` is that of the file. ``usage_bytes`` is 0 until it is completed."""

    id: str
    object: Literal["vector_store.file"]
    usage_bytes: int
    created_at: Seconds
    vector_store_id: str
    status: EntryStatusName
    last_error: EntryError | None
    chunking_strategy: ShownChunking
    attributes: Attributes


class FileBatchObject(TypedDict):
    id: str
    object: Literal["vector_store.file_batch"]
    created_at: Seconds
    status: BatchStatus
    vector_store_id: str
    file_counts: FileCounts


class TextContent(TypedDict):
    type: Literal["text"]
    text: str


class FileContentPage(TypedDict):
    """All of it: this has no further pages."""

    object: Literal["vector_store.file_content.page"]
    data: list[TextContent]
    has_more: Literal[False]
    next_page: None


class SearchResult(TypedDict):
    file_id: str
    filename: str
    score: float
    attributes: Attributes
    content: list[TextContent]


class SearchResultsPage(TypedDict):
    """The best first; this has no further pages. ``search_query`` is what was searched for."""

    object: Literal["vector_store.search_results.page"]
    search_query: list[str]
    data: list[SearchResult]
    has_more: Literal[False]
    next_page: None
