"""The limits of the process that reads a hostile file: 2 GB, no network, no new files, and time for what it does.

It has a minute, and more for each page that it has read: a tenth of a second, or a minute for a scanned one.
"""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress

MEMORY_BYTES = 2 << 30
"""Address space. PDFium and libraries like it end the process when they get no more."""

CPU_SECONDS = 60
PAGES_A_SECOND = 10
"""Pages that were read earn another second, so that a page count that lies earns nothing."""

SCAN_SECONDS = 60
"""What a page earns in whose picture text was looked for."""

_NICENESS = 10
"""Chat goes first."""

_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system")


def limit_resources() -> None:
    """Limit memory and time; call before a byte of the file is looked at."""
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):  # macOS has no limit on address space
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    allow_pages(0)


def allow_pages(pages: int, *, scans: int = 0) -> None:
    """Set the limit on CPU time to that of a file of which ``pages`` pages, ``scans`` of them scanned, were read."""
    ceiling = resource.getrlimit(resource.RLIMIT_CPU)[1]
    seconds = CPU_SECONDS + pages // PAGES_A_SECOND + scans * SCAN_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, ceiling))


def forbid_side_effects() -> None:
    """Refuse from now on to write files, open sockets and start programs. Call once all libraries are imported.

    This stops libraries that would follow a reference in a document; it is no sandbox for foreign machine code.
    """
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sys.addaudithook(_refuse)


def _refuse(event: str, _: object) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"{event} while a document is read")
