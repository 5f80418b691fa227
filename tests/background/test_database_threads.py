"""How the event loop reaches the database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextvars import ContextVar

import pytest
from django.db import OperationalError, connection

from chat.background.database_threads import DatabaseThreads, in_thread

language = ContextVar("language", default="en")


@pytest.fixture
async def database_thread() -> AsyncIterator[DatabaseThreads]:
    thread = DatabaseThreads("test")
    yield thread
    await thread.close()


class TestInThread:
    async def test_returns_what_the_function_does_from_another_thread(self) -> None:
        def look(*parts: str, end: str) -> tuple[str, int]:
            return "".join(parts) + end, threading.get_ident()

        text, thread = await in_thread(look, "a", "b", end=".")
        assert (text, thread == threading.get_ident()) == ("ab.", False)

    async def test_gives_the_function_the_callers_context(self) -> None:
        language.set("de")
        assert await in_thread(language.get) == "de"

    async def test_raises_what_the_function_raises(self) -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            await in_thread(int, "x")


class TestADatabaseThread:
    async def test_keeps_the_order_of_calls(self, database_thread: DatabaseThreads) -> None:
        done: list[int] = []
        await asyncio.gather(*(database_thread.call(done.append, number) for number in range(20)))
        assert done == list(range(20))

    async def test_is_one_thread_that_bears_its_name(self, database_thread: DatabaseThreads) -> None:
        names = {await database_thread.call(lambda: threading.current_thread().name) for _ in range(3)}
        assert names == {"test_0"}

    @pytest.mark.django_db(transaction=True)
    async def test_has_a_new_connection_after_one_that_broke(self, database_thread: DatabaseThreads) -> None:
        def ask() -> int:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                return cursor.fetchone()[0]

        def break_it() -> None:
            ask()
            connection.connection.close()
            connection.errors_occurred = True  # as Django notes what a statement raised
            raise OperationalError("the server closed the connection")

        assert await database_thread.call(ask) == 1
        with pytest.raises(OperationalError):
            await database_thread.call(break_it)
        assert await database_thread.call(ask) == 1
