"""Responses with the bytes of a stored file, for the API and the pages. They are read a block at a time."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from chat.errors import NotFound
from chat.models import File

BLOCK = 256 * 1024  # bytes
SIGNED = 300  # seconds that an address in a bucket is good for
SANDBOX = "default-src 'none'; sandbox"
RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")  # more digits are no place in a file
Span = tuple[int, int]  # the first byte and how many


class Download(FileResponse):
    """A response with bytes of a file. The browser neither guesses their type nor runs them."""

    def __init__(self, content: FileRange, **options: Any) -> None:
        super().__init__(content, **options)
        self.block_size = BLOCK
        self["Content-Length"] = str(content.remaining)
        self["Accept-Ranges"] = "bytes"
        self["X-Content-Type-Options"] = "nosniff"
        self["Content-Security-Policy"] = SANDBOX


class FileRange:
    """A file-like object with ``length`` bytes of a stored file from byte ``first`` on."""

    def __init__(self, file: File, first: int, length: int) -> None:
        self.content = file.content.open("rb")
        self.content.seek(first)
        self.remaining = length

    def read(self, size: int) -> bytes:
        block: bytes = self.content.read(min(size, self.remaining))
        self.remaining -= len(block)
        return block

    def close(self) -> None:
        self.content.close()


def download_response(request: HttpRequest, file: File, *, as_attachment: bool, content_type: str) -> HttpResponseBase:
    """Return the bytes of ``file``, or those of the request's ``Range``. Raise ``NotFound`` if they are lost.

    With EVERTHREAD_STORAGE_REDIRECTS, return the way to the bucket that has them.
    """
    if as_attachment and settings.EVERTHREAD_STORAGE_REDIRECTS:
        return HttpResponseRedirect(signed_url(file, content_type=content_type))
    span = parse_range(request.headers.get("Range", ""), size=file.bytes) if "If-Range" not in request.headers else None
    if span == (0, 0):
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{file.bytes}"})
    first, length = span or (0, file.bytes)
    try:
        content = FileRange(file, first, length)
    except FileNotFoundError:
        raise NotFound(_("The file is no longer stored.")) from None
    response = Download(content, as_attachment=as_attachment, filename=file.filename, content_type=content_type)
    if span:
        response.status_code = 206
        response["Content-Range"] = f"bytes {first}-{first + length - 1}/{file.bytes}"
    return response


def signed_url(file: File, *, content_type: str) -> str:
    """Return an address in the bucket that serves ``file`` as a download to whoever has it, for ``SIGNED`` seconds."""
    disposition = content_disposition_header(as_attachment=True, filename=file.filename)
    headers = {"ResponseContentDisposition": disposition, "ResponseContentType": content_type}
    storage: Any = file.content.storage  # of ``config.object_storage``
    return str(storage.url(file.content.name, parameters=headers, expire=SIGNED))


def parse_range(header: str, *, size: int) -> Span | None:
    """Return what a ``Range`` header asks for of ``size`` bytes: None for all, ``(0, 0)`` for what is not there.

    Several ranges, or what is no range, are answered with all, as RFC 9110, section 14.2, allows.
    """
    match = RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    begin, end = match.groups()
    if not begin:
        length = min(int(end), size)
        return (size - length, length) if length else (0, 0)
    first, last = int(begin), min(int(end or size), size - 1)
    if end and int(end) < first:
        return None
    return (first, last - first + 1) if first <= last else (0, 0)
