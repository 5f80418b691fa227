"""Rows out of one snapshot of a database, and into a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from chat.management.transfer.tables import JOURNAL, Row, TransferTable

SERIAL = "SELECT pg_get_serial_sequence(%s, %s)"


@contextmanager
def snapshot(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """All that is read within is of one instant, whatever others write meanwhile. Nobody waits for it."""
    if connection.vendor == "postgresql":
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            stay_in_transaction(connection)
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")  # Django's own would wait for writers and hold them up
        try:
            cursor.execute(f"SELECT count(*) FROM {JOURNAL}")  # noqa: S608 -- the snapshot is of the first read
            yield
        finally:
            cursor.execute("ROLLBACK")


def stay_in_transaction(connection: BaseDatabaseWrapper) -> None:
    """Have the transaction last however long nothing is asked in it, as while large files are copied."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


def read_rows(connection: BaseDatabaseWrapper, table: TransferTable) -> Iterator[Row]:
    """Yield all rows of a table, few of them in memory at a time. Call it in a transaction."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT {_columns(connection, table)} FROM {_name(connection, table)}")  # noqa: S608
        for row in cursor:
            values = list(row)
            for place, convert in table.conversions:
                if values[place] is not None:
                    values[place] = convert(values[place])
            yield values


def write_rows(connection: BaseDatabaseWrapper, table: TransferTable, rows: Sequence[Row]) -> None:
    """Insert rows. Call it in a transaction."""
    into = f"{_name(connection, table)} ({_columns(connection, table)})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {into} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        values = ", ".join(["%s"] * len(table.columns))
        cursor.executemany(f"INSERT INTO {into} VALUES ({values})", [_of_sqlite(row) for row in rows])  # noqa: S608


def delete_rows(connection: BaseDatabaseWrapper, table: TransferTable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_name(connection, table)}")  # noqa: S608


def has_rows(connection: BaseDatabaseWrapper, table: TransferTable) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {_name(connection, table)} LIMIT 1")  # noqa: S608
        return cursor.fetchone() is not None


def serial_of(connection: BaseDatabaseWrapper, table: TransferTable) -> int:
    """Return the highest number that ``table.serial`` has had, in rows that are gone too: it is not given again."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(SERIAL, [table.name, table.serial])
            cursor.execute(f"SELECT last_value, is_called FROM {cursor.fetchone()[0]}")  # noqa: S608
            last, is_called = cursor.fetchone()
            return int(last) if is_called else 0
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table.name])
        row = cursor.fetchone()
        return int(row[0]) if row else 0


def set_serial(connection: BaseDatabaseWrapper, table: TransferTable, number: int) -> None:
    """Have the next row's ``table.serial`` be higher than ``number``."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"SELECT setval(({SERIAL}), GREATEST(%s, 1), %s > 0)", [table.name, table.serial, number, number]
            )
            return
        cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table.name])
        cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table.name, number])


def _of_sqlite(row: Row) -> list[Any]:
    """Return ``row`` with instants as Django writes them."""
    return [str(value.replace(tzinfo=None)) if isinstance(value, datetime) else value for value in row]


def _name(connection: BaseDatabaseWrapper, table: TransferTable) -> str:
    return str(connection.ops.quote_name(table.name))


def _columns(connection: BaseDatabaseWrapper, table: TransferTable) -> str:
    return ", ".join(connection.ops.quote_name(column) for column in table.columns)
