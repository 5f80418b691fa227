"""``manage.py backup FILE``: all of an installation in one archive, while it serves."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand
from django.db import connection

from chat.management.transfer.archive import write_archive
from chat.management.transfer.failures import transfer_failures
from chat.management.transfer.rows import snapshot
from chat.management.transfer.sender import LiveInstallation

KEY_APART = (
    "The secret key is not in it. Keep it elsewhere: {where}. Without it everyone has to sign in again, and the keys of"
    " providers have to be entered again."
)
LOST = "The stored file {name} is missing. Its row is in the backup, its bytes are not."


class Command(BaseCommand):
    help = "Write all rows and stored files, as they are at one instant, into one archive. Servers and workers may run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", metavar="FILE", help="the archive, which replaces an earlier one; -: standard output"
        )

    def handle(self, *, file: str, **options: Any) -> None:
        with transfer_failures(), open_output(file) as stream, snapshot(connection):
            installation = LiveInstallation(connection, default_storage)
            write_archive(installation, stream)
        totals = installation.totals
        for name in installation.lost:
            self.stderr.write(LOST.format(name=name), self.style.WARNING)
        key_file = settings.EVERTHREAD_DATA_DIR / "secret_key"
        where = f"DJANGO_SECRET_KEY, or the file {key_file}" if key_file.exists() else "DJANGO_SECRET_KEY"
        self.stderr.write(f"{totals.rows} rows and {totals.files.count} files of {totals.bytes} bytes.")
        self.stderr.write(KEY_APART.format(where=where))


@contextmanager
def open_output(name: str) -> Iterator[IO[bytes]]:
    """Yield a file that becomes ``name``, readable by its owner only, once it is whole; "-" is standard output."""
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name).absolute()
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
        try:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            os.replace(stream.name, path)
        except BaseException:
            os.unlink(stream.name)
            raise
