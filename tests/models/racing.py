"""Several threads that do something to the same rows at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection


def race(*contenders: Callable[[], Any]) -> list[Any]:
    """What each of ``contenders`` returned or raised, all having started together."""
    start = threading.Barrier(len(contenders))

    def run(contender: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return contender()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(contenders)) as pool:
        return list(pool.map(run, contenders))


def raised(results: Sequence[Any]) -> list[Exception]:
    return [result for result in results if isinstance(result, Exception)]
