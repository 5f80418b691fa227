"""An installation as one archive: a tar of a manifest, rows, stored files and totals, in this order.

``manifest.json`` and ``totals.json`` are the structures of those names; ``rows/TABLE/NUMBER`` is a MessagePack array of
rows; other names are those of stored files. It is written and read once from its beginning, so pipes do.
"""

from __future__ import annotations

import re
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import IO, Any

import msgspec
from django.core.management.base import CommandError

from chat.management.transfer.sender import FORMAT, Manifest, Sender, tables_at
from chat.management.transfer.stored_files import NAME, StoredContent
from chat.management.transfer.tables import Row, TransferTable
from chat.management.transfer.totals import Totals

MANIFEST, TOTALS = "manifest.json", "totals.json"
ROWS = re.compile(r"rows/(\w+)/\d+", re.ASCII)
BUFFER = 1024 * 1024  # bytes that are read and written at a time
DAMAGED = (
    "This is no whole backup of Everthread: {why}. Nothing was restored. Take another copy of it, or an earlier one."
)
UNKNOWN_FORMAT = (
    "The format {format} of this backup is newer than this version, which knows {known}. Install Everthread {version}."
)


def write_archive(sender: Sender, stream: IO[bytes]) -> None:
    """Write all of ``sender``."""
    tar: Any
    with tarfile.open(fileobj=stream, mode="w|", bufsize=BUFFER) as tar:
        tar.copybufsize = BUFFER
        _add_bytes(tar, MANIFEST, msgspec.json.encode(sender.manifest))
        for number, (table, rows) in enumerate(sender.rows()):
            _add_bytes(tar, f"rows/{table}/{number:06}", msgspec.msgpack.encode(rows))
        for content in sender.files():
            _add(tar, content.stored_name, content, size=content.total)
        sender.finish()
        _add_bytes(tar, TOTALS, msgspec.json.encode(sender.totals))


def _add_bytes(tar: Any, name: str, content: bytes) -> None:
    _add(tar, name, BytesIO(content), size=len(content))


def _add(tar: Any, name: str, content: Any, *, size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(time.time())
    tar.addfile(member, content)
    tar.members.clear()  # which it keeps for a table of contents, and no stub knows


class Archive:
    """An archive that is read. Raise ``CommandError`` for anything that no backup has; no name in it is a path here."""

    def __init__(self, stream: IO[bytes]) -> None:
        with damage():
            self._tar: Any = tarfile.open(fileobj=stream, mode="r|", bufsize=BUFFER)  # noqa: SIM115 -- holds nothing
            self._member: Any = self._tar.next()
            self.manifest = self._read_manifest()
        self.totals = Totals()
        self.tables = tables_at(self.manifest.migrations, version=self.manifest.version)
        if {name: list(table.columns) for name, table in self.tables.items()} != self.manifest.columns:
            raise CommandError(DAMAGED.format(why="its tables are not those of its migrations"))

    def _read_manifest(self) -> Manifest:
        manifest = msgspec.json.decode(self._content(MANIFEST))
        if manifest["format"] > FORMAT:
            text = UNKNOWN_FORMAT.format(format=manifest["format"], known=FORMAT, version=manifest["version"])
            raise CommandError(text)
        return msgspec.convert(manifest, Manifest)

    def rows(self) -> Iterator[tuple[str, list[Row]]]:
        decode = msgspec.msgpack.Decoder(list[Row]).decode
        while match := ROWS.fullmatch(self._name()):
            with damage():
                rows = decode(self._content(match[0]))
                table = self.tables[match[1]]
                for row in rows:
                    self._check(table, row)
                    self.totals.add_row(table, row)
            yield match[1], rows

    def _check(self, table: TransferTable, row: Row) -> None:
        if len(row) != len(table.columns):
            raise CommandError(DAMAGED.format(why=f"a row of {table.name} has {len(row)} columns"))
        if table.file_place is not None and not NAME.fullmatch(str(row[table.file_place])):
            raise CommandError(DAMAGED.format(why=f"{row[table.file_place]!r} is no stored file's name"))

    def files(self) -> Iterator[StoredContent]:
        while NAME.fullmatch(name := self._name()):
            content = StoredContent(name, self._member.size, MemberStream(self._tar.extractfile(self._member)))
            yield content
            self.totals.add_file(name, content.total, content.digest())
            with damage():
                self._next()

    def finish(self) -> None:
        """The last member says what all before it came to."""
        with damage():
            told = msgspec.json.decode(self._content(TOTALS), type=Totals)
        if different := told.differences(self.totals, files=True):
            raise CommandError(DAMAGED.format(why=f"it was altered, in {', '.join(different)}"))
        self.totals = told

    def _name(self) -> str:
        """Return the name of the member that is to be read. Raise ``CommandError`` if no backup has such a one."""
        if self._member is None:
            raise CommandError(DAMAGED.format(why="it ends early"))
        name = str(self._member.name)
        if not self._member.isreg() or not (name in (MANIFEST, TOTALS) or ROWS.fullmatch(name) or NAME.fullmatch(name)):
            raise CommandError(DAMAGED.format(why=f"{name!r} is in it"))
        return name

    def _content(self, wanted: str) -> bytes:
        """Return the bytes of the member ``wanted``, which must be the next, and go on."""
        if (name := self._name()) != wanted:
            raise CommandError(DAMAGED.format(why=f"{name!r} stands where {wanted!r} should"))
        assert self._member is not None
        content = bytes(self._tar.extractfile(self._member).read())
        self._next()
        return content

    def _next(self) -> None:
        self._member = self._tar.next()
        self._tar.members.clear()


class MemberStream:
    """The bytes of a member. Raise ``CommandError`` where the archive ends before it does."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        with damage():
            return self._stream.read(size)


@contextmanager
def damage() -> Iterator[None]:
    """Raise ``CommandError`` for what an archive that was cut off or altered leads to."""
    try:
        yield
    except (tarfile.TarError, msgspec.MsgspecError, EOFError, KeyError, TypeError, ValueError) as error:
        raise CommandError(DAMAGED.format(why=str(error) or type(error).__name__)) from error
