"""Uploads, files in parts: reference, sections 2, 3 and 9."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from chat.actions.files import uploads
from chat.api import schemas
from chat.api.http.multipart import FormFile, describe_form, parse_form
from chat.api.http.request import ApiRequest
from chat.api.resources.files import FileExpiry, Purpose
from chat.models.api_objects.file_objects import upload_object, upload_part_object
from chat.models.api_objects.file_shapes import UploadObject, UploadPartObject

router = Router(tags=["Uploads"])


class NewUpload(schemas.Body):
    filename: Annotated[str, Field(min_length=1, max_length=255)]
    bytes: Annotated[int, Field(ge=1)]
    purpose: Purpose
    mime_type: Annotated[str, Field(max_length=255)]
    expires_after: FileExpiry | None = None

    def sent_values(self) -> dict[str, Any]:
        fields = super().sent_values()
        if expiry := fields.get("expires_after"):
            fields["expires_after"] = expiry["seconds"]
        return fields


class NewPart(schemas.Body):
    data: FormFile


class UploadCompletion(schemas.Body):
    part_ids: Annotated[list[schemas.Id], Field(max_length=10_000)]
    md5: Annotated[str, Field(pattern="^[0-9a-fA-F]{32}$")] | None = None


NEW_PART = describe_form({"data": {"type": "string", "format": "binary"}}, required=["data"])


@router.post("/uploads")
def create_upload(request: ApiRequest, body: NewUpload) -> UploadObject:
    """Announce a file that will come in parts, within an hour."""
    return upload_object(uploads.create(request.user, **body.sent_values()))


@router.post("/uploads/{upload_id}/parts", openapi_extra=NEW_PART)
def create_upload_part(request: ApiRequest, upload_id: str) -> UploadPartObject:
    """Hand in a part, of at most 64 MB. Parts may come in any order and at the same time."""
    with parse_form(request, NewPart, file="data", max_bytes=uploads.max_part()) as form:
        part = uploads.add_part(request.user, upload_id, data=form.data)
    return upload_part_object(part)


@router.post("/uploads/{upload_id}/complete")
def complete_upload(request: ApiRequest, upload_id: str, body: UploadCompletion) -> UploadObject:
    """Join the parts to a file. Together they must have as many bytes as were announced."""
    return upload_object(uploads.complete(request.user, upload_id, **body.sent_values()))


@router.post("/uploads/{upload_id}/cancel")
def cancel_upload(request: ApiRequest, upload_id: str) -> UploadObject:
    return upload_object(uploads.cancel(request.user, upload_id))
