"""Records calls of the project's own functions and their queries, in all threads, for ``tests.bench.journeys``."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from django.db.backends.signals import connection_created

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(f"{ROOT / name}/" for name in ("chat", "config"))
TRANSACTIONS = re.compile(r"BEGIN|COMMIT|SAVEPOINT|RELEASE|ROLLBACK|PRAGMA", re.IGNORECASE)
_is_sending: ContextVar[bool] = ContextVar("is_sending", default=False)


@dataclass(frozen=True, slots=True)
class Query:
    """A statement; ``stack`` are the project's functions that led to it in its thread, the innermost last."""

    sql: str
    params: str
    is_of_send: bool
    stack: tuple[str, ...]


@dataclass
class Trace:
    """What one journey has called, in the order of the first calls, with the number of project functions above each."""

    depths: dict[CodeType, int] = field(default_factory=dict)
    threads: dict[CodeType, str] = field(default_factory=dict)
    queries: list[Query] = field(default_factory=list)

    @property
    def functions(self) -> list[CodeType]:
        """Return the functions; comprehensions and lambdas count as part of the function around them."""
        return [code for code in self.depths if not code.co_name.startswith("<")]

    @property
    def files(self) -> set[str]:
        return {code.co_filename for code in self.depths}

    @property
    def sent(self) -> list[Query]:
        return [query for query in self.queries if query.is_of_send]

    @property
    def repeated(self) -> list[Query]:
        """Return the SELECTs that are equal to an earlier one, parameters included."""
        seen: set[tuple[str, str]] = set()
        again = []
        for query in self.queries:
            asked = (query.sql, query.params)
            if asked in seen and query.sql.startswith("SELECT"):
                again.append(query)
            seen.add(asked)
        return again


class Tracer:
    """Record only inside ``recording``. Call ``install`` before the first thread and the first connection."""

    def __init__(self) -> None:
        self._trace: Trace | None = None

    def install(self) -> None:
        connection_created.connect(self._watch)
        threading.setprofile(self._called)
        sys.setprofile(self._called)

    @contextmanager
    def recording(self) -> Iterator[Trace]:
        self._trace = trace = Trace()
        try:
            yield trace
        finally:
            self._trace = None

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Mark the queries in this context, and in threads that work for it, as those of the send request."""
        token = _is_sending.set(True)
        try:
            yield
        finally:
            _is_sending.reset(token)

    def _called(self, frame: FrameType, event: str, _argument: object) -> None:
        code, trace = frame.f_code, self._trace
        if trace is None or event != "call" or code in trace.depths or not code.co_filename.startswith(OURS):
            return
        trace.depths[code] = len(list(_ours(frame))) - 1
        trace.threads[code] = threading.current_thread().name

    def _watch(self, *, connection: Any, **_options: object) -> None:
        if self._queried not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._queried)

    def _queried(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if self._trace is not None and not TRANSACTIONS.match(sql):
            stack = tuple(f"{place(frame.f_code)}:{frame.f_lineno}" for frame in _ours(sys._getframe()))[::-1]
            self._trace.queries.append(Query(sql, repr(params), _is_sending.get(), stack))
        return execute(sql, params, many, context)


def _ours(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the project's frames, from this one outwards."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(OURS):
            yield frame
        frame = frame.f_back


def place(code: CodeType) -> str:
    """Return function and file, as ``Feed.apply chat/web/live/feed.py``."""
    return f"{code.co_qualname} {Path(code.co_filename).relative_to(ROOT)}"
