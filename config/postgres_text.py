"""Text for PostgreSQL, whose columns hold every character but NUL."""

from __future__ import annotations

import psycopg
from psycopg.types.string import StrDumperUnknown


class NulFreeDumper(StrDumperUnknown):
    """Sends a NUL as U+FFFD: what is asked for with one is not found, as on SQLite, rather than an error."""

    def dump(self, obj: str) -> bytes:
        return obj.replace("\x00", "\ufffd").encode()


def register() -> None:
    """Have every connection of this process that is made later send its texts so."""
    psycopg.adapters.register_dumper(str, NulFreeDumper)
