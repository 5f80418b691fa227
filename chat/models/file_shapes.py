"""The shapes of files, of uploads and of vector stores (reference, section 3)."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from typing_extensions import TypedDict

from chat.models.shapes import Metadata, Seconds, one_of
from chat.models.uploads import Upload

StoreStatus = Literal["expired", "in_progress", "completed"]
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
