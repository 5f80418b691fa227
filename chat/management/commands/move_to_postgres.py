"""``manage.py move_to_postgres``: an installation leaves its folder for PostgreSQL, a bucket, or both."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from chat.management.set_up import set_up_alone
from chat.management.transfer.failures import transfer_failures
from chat.management.transfer.receive import NOT_EMPTY, check_secret, first_used_table, receive, totals_of
from chat.management.transfer.rows import snapshot
from chat.management.transfer.sender import LiveInstallation, applied_migrations
from chat.management.transfer.stored_files import store
from chat.management.transfer.tables import OF_MIGRATIONS

SOURCE = "source"  # the connection's alias
NO_AIM = (
    "Say where the installation is to go: set DATABASE_URL to a PostgreSQL, EVERTHREAD_STORAGE_URL to a bucket, or"
    " both, and EVERTHREAD_DATA_DIR to the folder where it is."
)
NO_SOURCE = (
    "There is no database {path}. Set EVERTHREAD_DATA_DIR to the installation's folder, or name its file: --source."
)
WRITTEN = (
    "Something has written to {path} meanwhile, which would have been left behind. Stop all servers and workers, and"
    " try again; files that have arrived need not come again."
)
LOST = "The stored file {name} is missing. Its row was moved."
DONE = (
    "Moved and compared: {rows} rows, {count} files of {bytes} bytes. Start everything with these settings from now on,"
    " with the same secret key on every machine, and keep the folder until you have seen it work."
)


class Command(BaseCommand):
    help = (
        "Copy the installation of a data folder, which must be stopped, to where DATABASE_URL and"
        " EVERTHREAD_STORAGE_URL say. It stays as it is. A second call goes on after an interruption, and compares what"
        " is there already."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        database = settings.EVERTHREAD_DATA_DIR / "everthread.sqlite3"
        parser.add_argument("--source", type=Path, default=database, help="the SQLite database; default: the folder's")

    def handle(self, *, source: Path, **options: Any) -> None:
        aim = None if isinstance(storages["default"], FileSystemStorage) else storages["default"]
        if connection.vendor != "postgresql" and aim is None:
            raise CommandError(NO_AIM)
        if not source.exists():
            raise CommandError(NO_SOURCE.format(path=source))
        with transfer_failures(), set_up_alone(), resting(source) as database, snapshot(database):
            installation = RestingInstallation(database, FileSystemStorage(settings.EVERTHREAD_DATA_DIR))
            check_secret(installation.manifest, is_lost=False)
            move(installation, aim)
        totals = installation.totals
        for name in installation.lost:
            self.stderr.write(LOST.format(name=name), self.style.WARNING)
        self.stdout.write(DONE.format(rows=totals.rows, count=totals.files.count, bytes=totals.bytes))


class RestingInstallation(LiveInstallation):
    """One to which nobody may write while it is moved."""

    def __init__(self, connection: BaseDatabaseWrapper, storage: Storage) -> None:
        self._watch = connection.copy()
        self._version = self._data_version()
        super().__init__(connection, storage)

    def finish(self) -> None:
        super().finish()
        with closing(self._watch):
            if self._data_version() != self._version:
                raise CommandError(WRITTEN.format(path=self.connection.settings_dict["NAME"]))

    def _data_version(self) -> int:
        """Return a number that changes when another connection writes."""
        with self._watch.cursor() as cursor:
            cursor.execute("PRAGMA data_version")
            return int(cursor.fetchone()[0])


def move(installation: LiveInstallation, aim: Storage | None) -> None:
    """Copy what is not there yet. Raise ``CommandError`` if the aim has rows of another installation."""
    if connection.vendor == "postgresql" and not (used := first_used_table()):
        receive(installation, aim)
        return
    if connection.vendor == "postgresql":
        check_same_rows(installation, used)
    if aim is not None:
        for content in installation.files():
            store(aim, content)
    installation.finish()


def check_same_rows(installation: LiveInstallation, used: str) -> None:
    """Raise ``CommandError`` unless the default database has the rows of ``installation``, as after an earlier move."""
    different = [used]
    if applied_migrations(connection) == installation.manifest.migrations:
        for _batch in installation.rows():
            pass
        with transaction.atomic():
            there = totals_of(installation.tables)
        # What migrations make depends on the apps that are installed, of which PostgreSQL has more.
        different = [name for name in installation.totals.differences(there, files=False) if name not in OF_MIGRATIONS]
    if different:
        raise CommandError(NOT_EMPTY.format(table=", ".join(different)))


@contextmanager
def resting(path: Path) -> Iterator[BaseDatabaseWrapper]:
    """Yield a connection to the SQLite database ``path``."""
    options = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path.absolute())}
    connections.settings[SOURCE] = ConnectionHandler({"default": options}).settings["default"]
    try:
        yield connections[SOURCE]
    finally:
        connections[SOURCE].close()
        del connections[SOURCE], connections.settings[SOURCE]
