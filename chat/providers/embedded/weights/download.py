"""Fetches weights from a web address."""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from chat.providers.embedded.weights.catalogue import Progress, SourceFailed, WeightsFile

BLOCK = 1 << 20
STALL_SECONDS = 8.0
"""The longest time for connecting, and the longest silence: a first start waits this long where packets get lost."""


class _NetworkError(Exception):
    """An error of the network, not of the disk."""


def from_url(weights: WeightsFile, *, partial: Path, progress: Progress) -> None:
    """Append to ``partial`` what it lacks of ``weights.url``, in as many requests as it takes.

    Raise ``SourceFailed`` when a request brings nothing, and ``OSError`` for the disk.
    """
    with partial.open("ab") as out:
        while out.tell() < weights.size:
            before = out.tell()
            try:
                _fetch_rest(weights, out, progress)
            except _NetworkError as error:
                if out.tell() <= before:
                    raise SourceFailed(f"{weights.url}: {error}") from error


def _fetch_rest(weights: WeightsFile, out: BinaryIO, progress: Progress) -> None:
    with _open(weights.url, offset=out.tell()) as response:
        # The server ignores the range: it sends the whole file.
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            out.seek(0)
            out.truncate()
        while out.tell() < weights.size:
            with _naming_network_errors():
                block = response.read(min(BLOCK, weights.size - out.tell()))
            if not block:
                raise _NetworkError("the connection ended too early")
            out.write(block)
            progress(out.tell(), weights.size)


def _open(url: str, *, offset: int) -> http.client.HTTPResponse:
    headers = {"User-Agent": "everthread", "Accept-Encoding": "identity", "Range": f"bytes={offset}-"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 -- the catalogue's own address
    with _naming_network_errors():
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=STALL_SECONDS)  # noqa: S310
    return response


@contextmanager
def _naming_network_errors() -> Iterator[None]:
    # Errors of the network are of the same classes as those of the disk.
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        raise _NetworkError(getattr(error, "reason", None) or error or type(error).__name__) from error
