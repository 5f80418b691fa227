"""The headers of a form's parts, whose file names some programs write in the bytes of their own system."""

from __future__ import annotations

import re
from typing import IO

from django.http import HttpRequest

MAX_HEADERS = 64 * 1024  # bytes of one part that are looked for its headers


class Utf8Headers:
    """A form's body in which the headers of all parts are UTF-8. What is not is taken for Latin-1.

    Django passes over a header that is not UTF-8, so that the part would have no name at all.
    """

    def __init__(self, body: IO[bytes] | HttpRequest, *, boundary: str) -> None:
        self.body = body
        self.delimiter = b"--" + boundary.encode(errors="ignore") + b"\r\n"
        self.headers = re.compile(re.escape(self.delimiter) + rb".*?\r\n\r\n", re.DOTALL)
        self.rest = b""  # the beginning of a part's headers, or of a delimiter

    def read(self, size: int) -> bytes:
        """Return about ``size`` bytes; none at the end."""
        while True:
            block = self.body.read(size)
            data = self.rest + block
            end = self._whole_end(data) if block else len(data)
            data, self.rest = data[:end], data[end:]
            if data or not block:
                return self.headers.sub(_as_utf8, data)

    def _whole_end(self, data: bytes) -> int:
        """Return up to where ``data`` has no headers and no delimiter that go on behind it."""
        begin = data.rfind(self.delimiter)
        end = data.find(b"\r\n\r\n", begin) if begin >= 0 else 0
        if end < 0 and len(data) - begin < MAX_HEADERS:
            return begin
        return max(end + 4 if begin >= 0 else 0, len(data) - len(self.delimiter), 0)


def _as_utf8(headers: re.Match[bytes]) -> bytes:
    try:
        headers[0].decode()
    except UnicodeDecodeError:
        return headers[0].decode("latin-1").encode()
    return headers[0]
