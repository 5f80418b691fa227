"""Multipart forms: fields and one file, which is written to the disk block by block, whatever its size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.errors import HeaderParseError
from email.header import decode_header
from typing import Any, TypeVar, cast

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from pydantic import BaseModel, ValidationError

from chat.api.http.form_headers import Utf8Headers
from chat.api.http.request import ApiRequest
from chat.api.http.validation_errors import refusal_for
from chat.errors import InvalidRequest, TooLarge

Form = TypeVar("Form", bound=BaseModel)
FormFile = Any  # a Django ``UploadedFile``
NESTED_NAME = re.compile(r"(\w+)\[(\w+)\]")
MAX_FIELD_BYTES = 1024**2  # of a form besides its file
UNNAMED = (
    "Invalid '{name}': bytes without a file name can only be text of at most 5 MB. Give the part of the form a"
    " 'filename'."
)


@contextmanager
def parse_form(request: ApiRequest, form: type[Form], *, file: str, max_bytes: int) -> Iterator[Form]:
    """Yield the validated form, whose field named ``file`` is a file of at most about ``max_bytes`` bytes.

    Raise ``InvalidRequest`` if it is no such form, ``TooLarge`` if it is longer.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > max_bytes + MAX_FIELD_BYTES:
        raise TooLarge(f"The body of the request is too large: at most {max_bytes} bytes are taken.", param=file)
    fields, uploads = _parse(request, file=file)
    try:
        if isinstance(text := fields.get(file), str):
            fields[file] = _file_from_text(text, name=file)
        yield _validate(form, fields | uploads)
    finally:
        for upload in uploads.values():
            upload.close()


class FormParser(MultiPartParser):
    def sanitize_file_name(self, file_name: str) -> str | None:
        # Decode before Django cuts the name at slashes, which base64 has too.
        return super().sanitize_file_name(decode_file_name(file_name))


def decode_file_name(name: str) -> str:
    """Return a file name that may be an encoded word of RFC 2047, as .NET sends it: ``=?utf-8?B?…?=``."""
    if not name.startswith("=?"):
        return name
    try:
        pieces = decode_header(name)
        return "".join(
            piece.decode(charset or "ascii") if isinstance(piece, bytes) else piece for piece, charset in pieces
        )
    except (HeaderParseError, LookupError, ValueError):
        return name


def _parse(request: ApiRequest, *, file: str) -> tuple[dict[str, Any], dict[str, UploadedFile[bytes]]]:
    """Return fields and files by name. ``a[b]`` is field ``b`` of ``a``."""
    if request.content_type != "multipart/form-data":
        return {}, {}
    # Without a length the body comes in chunks; the parser would take it for empty.
    meta = request.META | {"CONTENT_LENGTH": request.META.get("CONTENT_LENGTH") or "1"}
    body: Any = Utf8Headers(request, boundary=(request.content_params or {}).get("boundary", ""))
    try:
        values, uploads = FormParser(meta, body, request.upload_handlers, "utf-8").parse()
    except RequestDataTooBig:
        raise InvalidRequest(UNNAMED.format(name=file), param=file) from None
    except (MultiPartParserError, TooManyFieldsSent, TooManyFilesSent, LookupError) as error:
        raise InvalidRequest(f"We could not parse the form of your request: {error}") from None
    fields: dict[str, Any] = {}
    for name, value in values.items():
        if (nested := NESTED_NAME.fullmatch(name)) and isinstance(inner := fields.setdefault(nested[1], {}), dict):
            inner[nested[2]] = value
        else:
            fields[name] = value
    return fields, {name: cast("UploadedFile[bytes]", upload) for name, upload in uploads.items()}


def _file_from_text(text: str, *, name: str) -> UploadedFile[bytes]:
    """Return the file of a part that came without a file name, which Django parses as a field."""
    if "\ufffd" in text:
        raise InvalidRequest(UNNAMED.format(name=name), param=name)
    return SimpleUploadedFile("file", text.encode())


def _validate(form: type[Form], values: dict[str, Any]) -> Form:
    try:
        return form.model_validate(values, strict=False)  # numbers are written as text
    except ValidationError as invalid:
        error = invalid.errors(include_url=False)[0]
        error["loc"] = ("form", *error["loc"])  # where an argument of an operation has its name
        raise refusal_for(error, value=values) from None


def describe_form(properties: dict[str, Any], *, required: list[str]) -> dict[str, Any]:
    """Return the OpenAPI description of a form with ``properties``."""
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
