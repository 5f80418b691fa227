"""Where a transfer comes from: what it says of itself, and the installation that is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from django.apps import apps
from django.core.files.storage import Storage
from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

import chat
from chat.management.transfer.rows import read_rows, serial_of
from chat.management.transfer.stored_files import StoredContent
from chat.management.transfer.tables import Row, TransferTable, tables_of
from chat.management.transfer.totals import Totals

FORMAT = 1
BATCH = 1024 * 1024  # bytes of rows in memory at a time, and of one row at least
NEWER = (
    "This is of a newer version, Everthread {version}: here nobody knows the migration {migration}. Install that"
    " version or a later one, and try again."
)
NOTHING = (
    "There is no installation in this database yet: it has no tables. See that DATABASE_URL and EVERTHREAD_DATA_DIR are"
    " those of the server."
)

Node = tuple[str, str]
"""A migration: the app's label and its name."""


class Manifest(msgspec.Struct):
    """What an installation is, before its rows: ``columns`` by table, the ``secret_digest`` of its secret key."""

    format: int
    version: str
    made_at: str
    migrations: list[Node]
    columns: dict[str, list[str]]
    secret_digest: str


class Sender(Protocol):
    """Yields ``rows`` first, then ``files``; ``totals`` are whole after ``finish``."""

    manifest: Manifest
    tables: dict[str, TransferTable]
    totals: Totals

    def rows(self) -> Iterator[tuple[str, list[Row]]]:
        """Yield the name of a table and some of its rows, few at a time."""

    def files(self) -> Iterator[StoredContent]:
        """Yield each file, which must be read whole before the next."""

    def finish(self) -> None:
        """Raise ``CommandError`` if something is not as it should be: nothing of what was sent is to be kept."""


def tables_at(migrations: Sequence[Node], *, version: str = "unknown") -> dict[str, TransferTable]:
    """Return the tables that are there when ``migrations``, and no others, have been applied.

    Raise ``CommandError`` if this ``version`` of Everthread does not know one of them.
    """
    loader = MigrationLoader(None)
    for label, name in migrations:
        if label in loader.migrated_apps and (label, name) not in loader.disk_migrations:
            raise CommandError(NEWER.format(version=version, migration=f"{label}.{name}"))
    state = loader.project_state([node for node in migrations if node in loader.graph.nodes])
    return tables_of(state.apps.get_models(include_auto_created=True))


def applied_migrations(connection: BaseDatabaseWrapper) -> list[Node]:
    """Return what has been migrated of the apps that have tables to be transferred."""
    labels = {model._meta.app_label for model in apps.get_models(include_auto_created=True) if tables_of([model])}
    return sorted(node for node in MigrationRecorder(connection).applied_migrations() if node[0] in labels)


class LiveInstallation:
    """An installation in a database and a storage. Use it within ``rows.snapshot``."""

    def __init__(self, connection: BaseDatabaseWrapper, storage: Storage) -> None:
        self.connection, self.storage = connection, storage
        self.totals = Totals()
        self.lost: list[str] = []
        """Files whose rows are there and whose bytes are not."""
        self._missing: list[tuple[TransferTable, str]] = []
        migrations = applied_migrations(connection)
        if not migrations:
            raise CommandError(NOTHING)
        self.tables = tables_at(migrations)
        self.manifest = Manifest(
            format=FORMAT,
            version=chat.__version__,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            migrations=migrations,
            columns={table.name: list(table.columns) for table in self.tables.values()},
            secret_digest=self._secret_digest(),
        )

    def _secret_digest(self) -> str:
        if "chat_installation" not in self.tables:
            return ""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT secret_digest FROM chat_installation")
            row = cursor.fetchone()
        return row[0] if row else ""

    def rows(self) -> Iterator[tuple[str, list[Row]]]:
        for table in self.tables.values():
            batch: list[Row] = []
            size = 0
            for row in read_rows(self.connection, table):
                batch.append(row)
                size += self.totals.add_row(table, row)
                if size > BATCH:
                    yield table.name, batch
                    batch, size = [], 0
            if batch:
                yield table.name, batch
            if table.serial:
                self.totals.serials[table.name] = serial_of(self.connection, table)

    def files(self) -> Iterator[StoredContent]:
        for table, name in self._file_names():
            try:
                with self.storage.open(name) as stream:
                    content = StoredContent(name, stream.size, stream)
                    yield content
                    self.totals.add_file(name, content.total, content.digest())
            except FileNotFoundError:
                self._missing.append((table, name))

    def _file_names(self) -> Iterator[tuple[TransferTable, str]]:
        for table in self.tables.values():
            if table.file_place is not None:
                for row in read_rows(self.connection, table):
                    yield table, row[table.file_place]

    def finish(self) -> None:
        """Sort files without bytes into those that were deleted since the snapshot, and those that are lost."""
        now = self.connection.copy()  # which sees more than the snapshot
        with closing(now), now.cursor() as cursor:
            for table, name in self._missing:
                cursor.execute(f"SELECT 1 FROM {table.name} WHERE {table.file_column} = %s", [name])  # noqa: S608
                (self.lost if cursor.fetchone() else self.totals.deleted).append(name)
