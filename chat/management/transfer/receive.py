"""An empty installation receives all of another: its rows in one transaction, and its files."""

from __future__ import annotations

from django.conf import settings
from django.core.files.storage import Storage
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DataError, IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from chat.management.transfer import rows
from chat.management.transfer.sender import Manifest, Node, Sender, applied_migrations, tables_at
from chat.management.transfer.stored_files import store
from chat.management.transfer.tables import OF_MIGRATIONS, TransferTable
from chat.management.transfer.totals import Totals
from chat.models import File, Installation, UploadPart
from chat.models.installation import digest
from chat.retrieval.keywords import rebuild

NOT_EMPTY = (
    "There is an installation already: {table} has rows, and they stay as they are. Name another, empty database in"
    " DATABASE_URL or another folder in EVERTHREAD_DATA_DIR, or move this one away."
)
ANOTHER_KEY = (
    "This process has another secret key than the installation that comes in. Put that one's file secret_key at {path},"
    " or its DJANGO_SECRET_KEY into the environment, and try again. If it is lost, add --new-secret: everyone has to"
    " sign in again, and the keys of providers have to be entered again."
)
NOT_FITTING = "The database refuses rows of {table}: {error} Nothing was changed."
NOT_THE_SAME = "What arrived is not what was sent, in {tables}. Nothing was changed. Try again."


def check_secret(manifest: Manifest, *, is_lost: bool) -> None:
    """Raise ``CommandError`` unless this process has the secret key of what comes in, or that ``is_lost``."""
    known = {digest(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)}
    if manifest.secret_digest and not is_lost and manifest.secret_digest not in known:
        raise CommandError(ANOTHER_KEY.format(path=settings.EVERTHREAD_DATA_DIR / "secret_key"))


def first_used_table() -> str:
    """Return the name of a table of the default database that has rows which somebody made; "" if there is none."""
    migrations = applied_migrations(connection)
    tables = tables_at(migrations) if migrations else {}
    used = (name for name, table in tables.items() if name not in OF_MIGRATIONS and rows.has_rows(connection, table))
    return next(used, "")


def receive(sender: Sender, storage: Storage | None, *, new_secret: bool = False) -> Totals:
    """Fill the empty default database with the rows of ``sender``, and ``storage`` with its files. Return what came.

    Without a ``storage`` the files stay where they are. Raise ``CommandError`` if anything is not as it was sent: then
    there are no rows, and files that have arrived need not come again.
    """
    if used := first_used_table():
        raise CommandError(NOT_EMPTY.format(table=used))
    _make_tables(sender.manifest.migrations)
    with transaction.atomic():
        _receive_all(sender, storage)
    call_command("migrate", interactive=False, verbosity=0)
    if new_secret:
        Installation.objects.all().delete()
    # The rows were read before their files were deleted.
    for name in sender.totals.deleted:
        File.objects.filter(content=name).delete()
        UploadPart.objects.filter(content=name).delete()
    return sender.totals


def totals_of(tables: dict[str, TransferTable]) -> Totals:
    """Return what is in the tables of the default database. Call it in a transaction."""
    totals = Totals()
    for table in tables.values():
        for row in rows.read_rows(connection, table):
            totals.add_row(table, row)
    return totals


def _receive_all(sender: Sender, storage: Storage | None) -> None:
    rows.stay_in_transaction(connection)
    tables = sender.tables
    for table in tables.values():
        rows.delete_rows(connection, table)
    _receive_rows(sender, tables)
    if storage is not None:
        for content in sender.files():
            store(storage, content)
    sender.finish()
    for name, number in sender.totals.serials.items():
        rows.set_serial(connection, tables[name], number)
    if different := sender.totals.differences(totals_of(tables), files=False):
        raise CommandError(NOT_THE_SAME.format(tables=", ".join(different)))
    rebuild.fill()


def _receive_rows(sender: Sender, tables: dict[str, TransferTable]) -> None:
    for name, batch in sender.rows():
        try:
            rows.write_rows(connection, tables[name], batch)
        except (DataError, IntegrityError) as error:
            raise CommandError(NOT_FITTING.format(table=name, error=error)) from error


def _make_tables(migrations: list[Node]) -> None:
    """Migrate the database to where the sender is."""
    executor = MigrationExecutor(connection)
    nodes = executor.loader.graph.node_map
    applied = set(migrations)
    is_last = {
        node: not any(child.key in applied and child.key[0] == node[0] for child in nodes[node].children)
        for node in migrations
    }
    executor.migrate([node for node in migrations if is_last[node]])
