"""What the database does for a piece of work, whatever the machine does beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import connection

FLOOR = {"sqlite": 2_000, "postgresql": 200}
"""Steps or pages up to which nobody cares: an index that is a level deeper counts as little."""


@dataclass(slots=True)
class Cost:
    """``sizes`` has, by query, steps of SQLite's virtual machine, or pages that PostgreSQL touched."""

    queries: list[str] = field(default_factory=list)
    sizes: Counter[str] = field(default_factory=Counter)

    def is_like(self, small: Cost) -> bool:
        """Return whether this cost, of a large installation, is at most twice that of a ``small`` one."""
        most = 2 * max(small.sizes.total(), FLOOR[connection.vendor])
        return len(self.queries) == len(small.queries) and self.sizes.total() <= most

    def compare(self, small: Cost) -> str:
        """Return in words how this cost differs from a ``small`` one, and the query that differs most."""
        pairs = ((len(small.queries), len(self.queries)), (small.sizes.total(), self.sizes.total()))
        ((worst, _more),) = (self.sizes - small.sizes).most_common(1) or [("", 0)]
        return "{} → {} queries, size {} → {}: {}".format(*pairs[0], *pairs[1], worst)


def cost_of(work: Callable[[], Any]) -> Cost:
    """Do ``work`` and return what the queries cost that it made on the test's connection."""
    cost = Cost()
    with connection.execute_wrapper(partial(_count, cost)), _steps(cost):
        work()
    return cost


def _count(cost: Cost, execute: Callable[..., Any], sql: str, params: Any, *more: Any) -> Any:
    cost.queries.append(sql)
    if connection.vendor == "postgresql" and sql.lstrip("( ").startswith("SELECT"):
        # Beside Django's cursor, so that this query is not counted itself.
        with connection.connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
            (plan,) = cursor.fetchone()
        plan = json.loads(plan) if isinstance(plan, str) else plan
        cost.sizes[sql] += plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"]
    return execute(sql, params, *more)


@contextmanager
def _steps(cost: Cost) -> Iterator[None]:
    if connection.vendor != "sqlite":
        yield
        return

    def step() -> None:
        cost.sizes[cost.queries[-1]] += 10  # rows are fetched after the query began, and before the next one does

    connection.ensure_connection()
    connection.connection.set_progress_handler(step, 10)
    try:
        yield
    finally:
        connection.connection.set_progress_handler(None, 0)
