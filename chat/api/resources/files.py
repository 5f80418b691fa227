"""Files: reference, sections 2, 3, 9 and 12."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router
from pydantic import Field

from chat.actions.files import files
from chat.api import schemas
from chat.api.http.multipart import FormFile, describe_form, parse_form
from chat.api.http.pagination import ListQuery, paginate
from chat.api.http.request import ApiRequest
from chat.downloads import download_response
from chat.models import File
from chat.models.api_objects.file_objects import deleted_file_object, file_object
from chat.models.api_objects.file_shapes import FileObject
from chat.models.api_objects.shapes import DeletedObject, ListObject

router = Router(tags=["Files"])
# The action refuses other purposes in its own words.
Purpose = Annotated[str, Field(json_schema_extra={"enum": list(files.PURPOSES)})]


class FileExpiry(schemas.Body):
    anchor: Literal["created_at"]
    seconds: Annotated[int, Field(ge=3600, le=2_592_000)]


class NewFile(schemas.Body):
    file: FormFile
    purpose: Purpose
    expires_after: FileExpiry | None = None


class FileListQuery(ListQuery):
    limit: Annotated[int, Field(ge=1, le=10_000)] = 10_000
    purpose: str | None = None


NEW_FILE = describe_form(
    {
        "purpose": {"type": "string", "enum": list(files.PURPOSES)},
        "file": {"type": "string", "format": "binary"},
        "expires_after[anchor]": {"type": "string", "enum": ["created_at"]},
        "expires_after[seconds]": {"type": "integer", "minimum": 3600, "maximum": 2_592_000},
    },
    required=["file", "purpose"],
)


@router.post("/files", openapi_extra=NEW_FILE)
def create_file(request: ApiRequest) -> FileObject:
    """Hand in a file. Larger ones go in parts: see uploads."""
    with parse_form(request, NewFile, file="file", max_bytes=settings.EVERTHREAD_MAX_UPLOAD_MB * 1024**2) as form:
        expires_after = form.expires_after.seconds if form.expires_after else None
        row = files.create(request.user, upload=form.file, purpose=form.purpose, expires_after=expires_after)
    return file_object(row)


@router.get("/files")
def list_files(request: ApiRequest, query: Query[FileListQuery]) -> ListObject[FileObject]:
    rows, all_files = files.of_user(request.user), File.objects.filter(owner=request.user)
    if query.purpose is not None:
        rows = rows.filter(purpose=query.purpose)
    return paginate(rows, query, serialize=file_object, cursor_rows=all_files, scope=request.user.pk)


@router.get("/files/{file_id}")
def retrieve_file(request: ApiRequest, file_id: str) -> FileObject:
    return file_object(files.get(request.user, file_id))


@router.delete("/files/{file_id}")
def delete_file(request: ApiRequest, file_id: str) -> DeletedObject:
    """It leaves vector stores and code interpreters too; messages go on naming it."""
    files.delete(request.user, file_id)
    return deleted_file_object(file_id)


@router.get("/files/{file_id}/content")
def download_file(request: ApiRequest, file_id: str) -> HttpResponseBase:
    """The bytes, of a file of any purpose."""
    file = files.get(request.user, file_id)
    return download_response(request, file, as_attachment=True, content_type="application/octet-stream")


router.api_operation(["HEAD"], "/files/{file_id}/content", include_in_schema=False)(download_file)

Operation = Callable[..., HttpResponseBase]


def with_detail(operation: Operation) -> Operation:
    """Decorate an operation so that its errors have a ``detail`` too, as those of OpenAI's file addresses do."""

    @wraps(operation)
    def respond(request: ApiRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = operation(request, *args, **kwargs)
        if response.status_code >= 400 and isinstance(response, HttpResponse) and response.content:
            body = json.loads(response.content)
            body["detail"] = {name: body["error"][name] for name in ("message", "code")}
            response.content = json.dumps(body).encode()
        return response

    return respond


router.add_decorator(with_detail, mode="view")
