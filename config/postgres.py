"""What Django leaves open about PostgreSQL: texts with a NUL, and a server that takes no writes for now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from django.db import InternalError, OperationalError
from django.db.backends.signals import connection_created
from psycopg.types.string import StrDumperUnknown

PASSING = {"25006": "read-only", "25P03": "idle for too long in a transaction"}  # PostgreSQL's codes


class NulFreeDumper(StrDumperUnknown):
    """Sends a NUL, which no column holds, as U+FFFD: what is asked for with one is not found, rather than an error."""

    def dump(self, obj: str) -> bytes:
        return obj.replace("\x00", "\ufffd").encode()


def mend() -> None:
    """Have every connection of this process that is made later send texts without NUL, and translate refusals."""
    psycopg.adapters.register_dumper(str, NulFreeDumper)
    connection_created.connect(watch)


def watch(connection: Any, **_signal: Any) -> None:
    # Django's object stays when a connection of the pool is given back.
    if connection.vendor == "postgresql" and translate not in connection.execute_wrappers:
        connection.execute_wrappers.append(translate)


def translate(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """Raise ``OperationalError``, as for all that passes, where Django raises ``InternalError`` for it.

    A server is read-only during a failover, and ends the transactions of a process that stood still for a minute: it is
    treated like one that is away.
    """
    try:
        return execute(sql, params, many, context)
    except InternalError as error:
        if getattr(error.__cause__, "sqlstate", None) not in PASSING:
            raise
        raise OperationalError(str(error)) from error.__cause__
