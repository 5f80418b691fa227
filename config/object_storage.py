"""Stored files in a bucket of S3 or of a server that speaks its protocol, which all machines of an installation share.

``django-storages`` does most; here a file is read where it is wanted, not whole, and failures get words.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from chat.errors import FilesUnavailable

log = logging.getLogger(__name__)
BUFFER = 256 * 1024  # bytes that are asked for at once, when a file is read in pieces
# A request waits for no more than three tries of it.
CLIENT = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})
MISSING = 404


@contextmanager
def refusals() -> Iterator[None]:
    """Raise ``FileNotFoundError`` for what the bucket does not have, ``FilesUnavailable`` for any other failure."""
    try:
        yield
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == MISSING:
            raise FileNotFoundError(str(error)) from None
        log.warning("the storage of files refused: %s", error)
        raise FilesUnavailable from error
    except (BotoCoreError, Boto3Error) as error:
        log.warning("the storage of files did not answer: %s", error)
        raise FilesUnavailable from error


class ObjectStorage(S3Storage):
    """Files under ``location`` in a bucket. The keys of the account come from the usual ``AWS_`` variables."""

    def __init__(self, **options: Any) -> None:
        super().__init__(client_config=CLIENT, **options)
        self._lock = threading.Lock()

    @cached_property
    def connection(self) -> Any:
        """One for all threads, as to make one takes half a second and 10 MB.

        What is made of it for each file is one thread's own, and the client beneath may be used by all.
        """
        with self._lock:
            return self.__dict__.get("connection") or super().connection

    @refusals()
    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        stored = self.bucket.Object(self._normalize_name(name))
        return File(io.BufferedReader(ObjectReader(stored), BUFFER), name)

    @refusals()
    def _save(self, name: str, content: File[bytes]) -> str:
        return str(super()._save(name, content))

    @refusals()
    def delete(self, name: str) -> None:
        super().delete(name)

    @refusals()
    def exists(self, name: str) -> bool:
        return bool(super().exists(name))

    @refusals()
    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        folders, names = super().listdir(path)
        return folders, names

    @refusals()
    def get_modified_time(self, name: str) -> datetime:
        changed_at: datetime = super().get_modified_time(name)
        return changed_at


class ObjectReader(io.RawIOBase):
    """The bytes of an object from wherever they are read. Raise ``FileNotFoundError`` if it does not exist."""

    def __init__(self, stored: Any) -> None:
        super().__init__()
        self._object, self._place = stored, 0
        self._size = int(stored.content_length)
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if begin + offset != self._place:
            self._place = begin + offset
            self._hang_up()
        return self._place

    @refusals()
    def readinto(self, buffer: Any) -> int:
        if self._place >= self._size:
            return 0
        if self._body is None:
            self._body = self._object.get(Range=f"bytes={self._place}-")["Body"]
        block = self._body.read(len(buffer))
        buffer[: len(block)] = block
        self._place += len(block)
        return len(block)

    def close(self) -> None:
        self._hang_up()
        super().close()

    def _hang_up(self) -> None:
        """End what is being received, of which no more is read."""
        if self._body is not None:
            self._body.close()
            self._body = None
