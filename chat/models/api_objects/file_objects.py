"""The public form of files and of uploads (reference, sections 3 and 9)."""

from __future__ import annotations

from chat.models.api_objects.file_shapes import FileObject, UploadObject, UploadPartObject
from chat.models.api_objects.objects import seconds
from chat.models.api_objects.shapes import DeletedObject
from chat.models.files import File
from chat.models.uploads import Upload, UploadPart


def file_object(row: File) -> FileObject:
    return {
        "object": "file",
        "id": row.id,
        "purpose": row.purpose,
        "filename": row.filename,
        "bytes": row.bytes,
        "created_at": seconds(row.created_at),
        "expires_at": seconds(row.expires_at),
        "status": "processed",  # at once, as OpenAI's was in every recording
        "status_details": None,
    }


def deleted_file_object(id: str) -> DeletedObject:
    """Unlike other deleted objects, this one is still called a ``file``."""
    return {"object": "file", "deleted": True, "id": id}


def upload_object(row: Upload) -> UploadObject:
    """``file`` is there when the upload is completed, as long as that file is."""
    file: UploadObject = {
        "id": row.id,
        "object": "upload",
        "bytes": row.bytes,
        "created_at": seconds(row.created_at),
        "filename": row.filename,
        "purpose": row.purpose,
        "status": row.status,
        "expires_at": seconds(row.expires_at),
    }
    if row.file:
        file["file"] = file_object(row.file)
    return file


def upload_part_object(row: UploadPart) -> UploadPartObject:
    return {
        "id": row.id,
        "object": "upload.part",
        "created_at": seconds(row.created_at),
        "upload_id": row.upload_id,
    }
