"""Multipart forms: fields and one file, which goes to the disk piece by piece, whatever its size."""

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

from chat.api.http.request import ApiRequest
from chat.api.http.validation_errors import refusal
from chat.errors import InvalidRequest, TooLarge

Form = TypeVar("Form", bound=BaseModel)
FormFile = Any  # a Django ``UploadedFile``
NESTED = re.compile(r"(\w+)\[(\w+)\]")
AROUND = 1024**2  # bytes that a form may have besides its file
UNNAMED = (
    "Invalid '{name}': bytes without a file name can only be text of at most 5 MB. Give the part of the form a"
    " 'filename'."
)


@contextmanager
def form_of(request: ApiRequest, form: type[Form], *, file: str, most: int) -> Iterator[Form]:
    """The fields of the form; the one that is named ``file`` is a file of at most about ``most`` bytes.

    Raises ``InvalidRequest`` for what is no such form, and ``TooLarge``.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > most + AROUND:
        raise TooLarge(f"The body of the request is too large: at most {most} bytes are taken.", param=file)
    fields, uploads = _parsed(request, file=file)
    try:
        if isinstance(text := fields.get(file), str):
            fields[file] = _unnamed(text, name=file)
        yield _checked(form, fields | uploads)
    finally:
        for upload in uploads.values():
            upload.close()


class Parts(MultiPartParser):
    def sanitize_file_name(self, file_name: str) -> str | None:
        """Decoded before it is cut at slashes, which base64 has too."""
        return super().sanitize_file_name(decoded(file_name))


def decoded(name: str) -> str:
    """A file name that may be written as RFC 2047 has it, as .NET does: ``=?utf-8?B?…?=``."""
    if not name.startswith("=?"):
        return name
    try:
        pieces = decode_header(name)
        return "".join(
            piece.decode(charset or "ascii") if isinstance(piece, bytes) else piece for piece, charset in pieces
        )
    except (HeaderParseError, LookupError, ValueError):
        return name


def _parsed(request: ApiRequest, *, file: str) -> tuple[dict[str, Any], dict[str, UploadedFile[bytes]]]:
    """Fields and files by name. ``a[b]`` is field ``b`` of ``a``."""
    if request.content_type != "multipart/form-data":
        return {}, {}
    # Without a length the body comes in chunks; the parser takes that for an empty body.
    about = request.META | {"CONTENT_LENGTH": request.META.get("CONTENT_LENGTH") or "1"}
    try:
        given, uploads = Parts(about, request, request.upload_handlers, "utf-8").parse()
    except RequestDataTooBig:
        raise InvalidRequest(UNNAMED.format(name=file), param=file) from None
    except (MultiPartParserError, TooManyFieldsSent, TooManyFilesSent) as error:
        raise InvalidRequest(f"We could not parse the form of your request: {error}") from None
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if (nested := NESTED.fullmatch(name)) and isinstance(inner := fields.setdefault(nested[1], {}), dict):
            inner[nested[2]] = value
        else:
            fields[name] = value
    return fields, {name: cast("UploadedFile[bytes]", upload) for name, upload in uploads.items()}


def _unnamed(text: str, *, name: str) -> UploadedFile[bytes]:
    """A file that came without a name, which is read as if it were a field."""
    if "\ufffd" in text:
        raise InvalidRequest(UNNAMED.format(name=name), param=name)
    return SimpleUploadedFile("file", text.encode())


def _checked(form: type[Form], given: dict[str, Any]) -> Form:
    try:
        return form.model_validate(given, strict=False)  # numbers are written as text
    except ValidationError as invalid:
        error = invalid.errors(include_url=False)[0]
        error["loc"] = ("form", *error["loc"])  # as if it were an argument of the operation
        raise refusal(error, given=given) from None


def described(properties: dict[str, Any], *, required: list[str]) -> dict[str, Any]:
    """A form in the API's documentation."""
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
