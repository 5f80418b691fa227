"""The child that reads one document: ``python -m chat.documents PATH EXTENSION``, JSON lines on stdout.

It exits with 0 when it has written everything, even a refusal.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from chat.documents.errors import BROKEN_SERVER, INVALID, broken
from chat.documents.formats import SUPPORTED, FileKind
from chat.documents.readers import load_reader
from chat.documents.reading import confinement, normalize, sniffing
from chat.documents.reading.protocol import Line, Refused, encode
from chat.documents.sections import Notice, Section, Summary
from chat.errors import Unreadable

_PAGES_AT_ONCE = 50


def main(path: Path, extension: str) -> None:
    """Read the file at ``path``, named like ``*{extension}``, and write its lines."""
    confinement.limit_resources()
    sys.set_int_max_str_digits(0)  # ijson crashes on a number that Python refuses
    try:
        for line in _lines(path, extension):
            sys.stdout.buffer.write(encode(line) + b"\n")
        sys.stdout.flush()
    except BrokenPipeError:  # the server has stopped reading
        os._exit(0)


def _lines(path: Path, extension: str) -> Iterator[Line]:
    kind = SUPPORTED[extension].kind
    try:
        path.open("rb").close()
    except OSError as reason:
        yield Line(refused=_refused(Unreadable("The server could not open the file.", code=BROKEN_SERVER), reason))
        return
    try:
        kind = sniffing.identify_file(path, extension=extension)
        yield from _section_lines(path, kind)
    except Unreadable as refusal:
        yield Line(refused=_refused(refusal, refusal.__cause__))
    except MemoryError:
        yield Line(refused=_refused(Unreadable("The file needs too much memory to be read."), None))
    except ImportError as reason:
        yield Line(refused=_refused(Unreadable("The server lacks a library.", code=BROKEN_SERVER), reason))
    except Exception as reason:  # whatever a hostile file makes of a library's assumptions
        yield Line(refused=_refused(broken(kind.label), reason))


def _section_lines(path: Path, kind: FileKind) -> Iterator[Line]:
    read_sections = load_reader(kind)
    confinement.forbid_side_effects()
    for item in normalize.normalize_sections(with_time(read_sections(path)), kind=kind):
        if isinstance(item, Summary):
            yield Line(summary=item)
            return
        yield Line(section=item)


def with_time(items: Iterator[Section | Notice]) -> Iterator[Section | Notice]:
    """Allow as much time as the pages have earned."""
    scans = 0
    for item in items:
        if isinstance(item, Section) and item.page and (item.recognized or item.page % _PAGES_AT_ONCE == 0):
            scans += item.recognized
            confinement.allow_pages(item.page, scans=scans)
        yield item


def _refused(refusal: Unreadable, cause: BaseException | None) -> Refused:
    lines = traceback.format_exception(cause)[-6:] if cause else []
    return Refused(refusal.message, refusal.code or INVALID, "".join(lines))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
