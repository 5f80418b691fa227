"""Stored files on their way from one storage to another. Their bytes never change, and a name is never used twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Protocol

from django.core.files.base import File
from django.core.files.storage import Storage
from django.core.management.base import CommandError

if TYPE_CHECKING:
    Bytes = File[bytes]
else:
    Bytes = File

BLOCK = 256 * 1024  # bytes in memory at a time
NAME = re.compile(r"(files|uploads)/\w+/[\w-]+", re.ASCII)
ANOTHER = "The storage of files has another {name} than the one that is to be put there. Move it away, and try again."
SHORT = "The stored file {name} ended after {read} of {size} bytes. Try again; if it is so again, it is damaged."


class ByteStream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class StoredContent(Bytes):
    """The bytes of the stored file ``name``, read once, by ``chunks`` or ``read``."""

    def __init__(self, name: str, size: int, stream: ByteStream) -> None:
        super().__init__(None, name=name)
        self.stored_name, self.total = name, size
        self._stream, self._hash, self._read = stream, sha256(), 0
        # What a bucket deletes is read to its end by those who have begun.
        self._first = stream.read(BLOCK)

    def read(self, size: int = BLOCK) -> bytes:
        """Return the next bytes, up to ``size``; none at the end."""
        wanted = BLOCK if size < 0 else size
        block, self._first = self._first[:wanted], self._first[wanted:]
        block += self._stream.read(wanted - len(block))
        self._hash.update(block)
        self._read += len(block)
        return block

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        while block := self.read():
            yield block

    def digest(self) -> str:
        """Return the SHA-256 of all bytes, which have been read. Raise ``CommandError`` if there were fewer."""
        if self._read != self.total:
            raise CommandError(SHORT.format(name=self.stored_name, read=self._read, size=self.total))
        return self._hash.hexdigest()


def store(storage: Storage, content: StoredContent) -> None:
    """Put a file into ``storage`` unless it is there. Raise ``CommandError`` if another one of its name and size is."""
    name = content.stored_name
    if storage.exists(name):
        with storage.open(name) as there:
            if there.size == content.total:
                _compare(content, there)
                return
        storage.delete(name)  # what an interrupted transfer has left
    storage.save(name, content)


def _compare(content: StoredContent, there: IO[bytes]) -> None:
    for block in content.chunks():
        if there.read(len(block)) != block:
            raise CommandError(ANOTHER.format(name=content.stored_name))
