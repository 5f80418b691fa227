"""Notes of the last use, which nobody waits for and nothing fails for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection
from django.db.models import QuerySet

log = logging.getLogger(__name__)
PATIENCE = 50  # milliseconds that SQLite's lock is waited for


def touch(rows: QuerySet[Any], **values: Any) -> None:
    """Update ``rows``, unless the database is locked or its disk full: reading works all the same."""
    try:
        with _impatient():
            rows.update(**values)
    except OperationalError as error:
        if connection.in_atomic_block:
            raise
        log.info("a last use was not noted: %s", error)


@contextmanager
def _impatient() -> Iterator[None]:
    if connection.vendor != "sqlite":
        yield
        return
    seconds = connection.settings_dict["OPTIONS"].get("timeout", 5)
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {PATIENCE}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
