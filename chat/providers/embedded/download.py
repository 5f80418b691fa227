"""Weights from a web address."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from pathlib import Path
from typing import BinaryIO

from chat.providers.embedded.catalogue import Progress, SourceFailed, Weights

BLOCK = 1 << 20
STALL_SECONDS = 8.0
"""How long connecting, or a silence, may last. Where the network swallows packets, a first start waits this long."""


class _BrokenOff(Exception):
    """The connection ended before the file did."""


_NETWORK_TROUBLE = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, _BrokenOff)


def from_url(weights: Weights, *, partial: Path, progress: Progress) -> None:
    """Append to ``partial`` what it lacks of ``weights.url``, asking anew as long as each try brings something.

    Raises ``SourceFailed``; an ``OSError`` of the disk passes.
    """
    with partial.open("ab") as out:
        while out.tell() < weights.size:
            before = out.tell()
            try:
                _fetch_rest(weights, out, progress)
            except _NETWORK_TROUBLE as error:
                if out.tell() <= before:
                    raise SourceFailed(f"{weights.url}: {_reason(error)}") from error


def _fetch_rest(weights: Weights, out: BinaryIO, progress: Progress) -> None:
    headers = {"User-Agent": "everthread", "Accept-Encoding": "identity", "Range": f"bytes={out.tell()}-"}
    request = urllib.request.Request(weights.url, headers=headers)  # noqa: S310 -- the catalogue's own address
    with urllib.request.urlopen(request, timeout=STALL_SECONDS) as response:  # noqa: S310
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:  # it sends the whole file, from the start
            out.seek(0)
            out.truncate()
        while out.tell() < weights.size:
            block = response.read(min(BLOCK, weights.size - out.tell()))
            if not block:
                raise _BrokenOff("the connection ended too early")
            out.write(block)
            progress(out.tell(), weights.size)


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error) or type(error).__name__
