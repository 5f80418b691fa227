"""Reading a document from the server's side: a child process a file, its sections as they come. Indexing calls it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

import msgspec

from chat.documents.errors import BROKEN_SERVER
from chat.documents.formats import extension, format_of
from chat.documents.reading.protocol import LINE_BYTES, Line, Refused, decode
from chat.documents.sections import Section, Summary
from chat.errors import Unreadable

SILENT_SECONDS = 900.0
"""Seconds without a line from the child: its 60 s of work, on a machine where it gets a fifteenth of a core."""

_ROOT = Path(__file__).resolve().parents[3]
_PASSED_ON = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR")
"""The only variables that the child gets: it parses hostile files, and needs none of our secrets."""

_ENDINGS = {
    signal.SIGXCPU: "The file took too long to read.",
    signal.SIGKILL: "The file took too much memory or time to read.",
}
_CRASHED = "The file could not be read: it is broken or needs too much memory."

logger = logging.getLogger(__name__)


async def read_document(path: Path, *, name: str, ocr_pages: int = 0) -> AsyncGenerator[Section | Summary, None]:
    """Yield the sections of the file at ``path``, whose name is ``name``; its summary last.

    At most ``ocr_pages`` scanned pages are read, if RapidOCR is installed.
    Raise ``Unreadable`` at any point if the file, or the rest of it, cannot be read. Memory is bounded however the
    file is made, and a slow caller slows the reader. Close the iterator (``contextlib.aclosing``) to end the child.
    """
    format_of(name)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "chat.documents", str(Path.cwd() / path), extension(name)),
        cwd=_ROOT,
        env={
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            "EVERTHREAD_OCR_PAGES": str(ocr_pages),
        },
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,  # native libraries write there what they like; causes come as refusals
        limit=LINE_BYTES,
        start_new_session=True,  # so that Ctrl-C in our terminal ends it through us
    )
    try:
        while (line := await _next(process)) is not None:
            if line.refused is not None:
                raise _refusal(line.refused, path)
            if item := line.section or line.summary:
                yield item
            if line.summary is not None:
                return
        raise _ending(await process.wait(), path)
    finally:
        await _end(process)


async def _next(process: Process) -> Line | None:
    """Return the child's next line; None when it has ended. Raise ``Unreadable`` if it is silent or sends nonsense."""
    assert process.stdout
    try:
        async with asyncio.timeout(SILENT_SECONDS):
            line = await process.stdout.readline()
        return decode(line) if line.endswith(b"\n") else None
    except TimeoutError:
        raise Unreadable(_ENDINGS[signal.SIGXCPU]) from None
    except (ValueError, msgspec.DecodeError):  # longer than LINE_BYTES, or not ours: the file has taken the child over
        raise Unreadable(_CRASHED) from None


def _refusal(refused: Refused, path: Path) -> Unreadable:
    if refused.code == BROKEN_SERVER or refused.cause:
        logger.info("Could not read %s: %s\n%s", path, refused.message, refused.cause)
    return Unreadable(refused.message, code=refused.code)


def _ending(code: int, path: Path) -> Unreadable:
    """Return the refusal for a child that ended with ``code`` before the summary."""
    logger.warning("The process that read %s ended with %s.", path, code)
    if code >= 0:
        return Unreadable("The server could not read the file. Try again.", code=BROKEN_SERVER)
    return Unreadable(_ENDINGS.get(signal.Signals(-code), _CRASHED))


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    assert process.stdout
    while await process.stdout.read(LINE_BYTES):  # asyncio waits for the end of the pipe as well as of the process
        pass
    await process.wait()
