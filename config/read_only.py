"""A PostgreSQL that takes no writes for now, as one does during a failover, is treated like one that is away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import InternalError, OperationalError

READ_ONLY = "25006"  # PostgreSQL's code


def watch(connection: Any, **_signal: Any) -> None:
    """Have the refusals of a new connection translated. A receiver of ``connection_created``."""
    # Django's object stays when a connection of the pool is given back.
    if connection.vendor == "postgresql" and translate not in connection.execute_wrappers:
        connection.execute_wrappers.append(translate)


def translate(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """Raise ``OperationalError``, as for all that passes, where Django raises ``InternalError`` for it."""
    try:
        return execute(sql, params, many, context)
    except InternalError as error:
        if getattr(error.__cause__, "sqlstate", None) != READ_ONLY:
            raise
        raise OperationalError(str(error)) from error.__cause__
