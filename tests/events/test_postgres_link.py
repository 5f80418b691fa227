"""Hints between processes through PostgreSQL's notifications."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from chat.events import link as link_module
from chat.events.bus import Bus
from chat.events.postgres_link import AT_ONCE, CHANNEL, ROWS, PostgresLink
from chat.events.types import THREAD_CHANGED, Event
from tests.events.test_bus import events
from tests.events.test_redis_link import read, until
from tests.postgres import new_database, postgres, terminate_all

pytestmark = pytest.mark.slow
DATABASE = "hints"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as address:
        yield new_database(address, DATABASE)


class Process:
    """A bus with a link, the signals that came, and the threads to look at."""

    def __init__(self, server: str) -> None:
        self.bus, self.heard, self.rows = Bus(), [], []
        handlers = {"runs": self.heard.append, ROWS: self.rows.append}
        self.link = PostgresLink(lambda: psycopg.AsyncConnection.connect(server, autocommit=True), self.bus, handlers)


@pytest.fixture
async def processes(server: str) -> AsyncIterator[tuple[Process, Process]]:
    both = Process(server), Process(server)
    tasks = [asyncio.create_task(each.link.run()) for each in both]
    await until(lambda: all(each.link.is_connected for each in both))
    yield both
    for each in both:
        await each.link.stop()
    assert all(task.cancelled() for task in tasks)


class TestHints:
    async def test_name_threads_whose_rows_are_further(self, processes: tuple[Process, Process]) -> None:
        here, there = processes
        there.bus.publish("thread_a", events(1, 1))
        there.bus.publish("thread_b", events(2, 9))  # pieces of an answer, of which the rows know nothing yet
        there.bus.outlet.rows_changed(["thread_c"])
        there.bus.outlet.signal("runs", "7")
        await until(lambda: here.heard and here.rows)
        assert (sorted(here.rows), here.heard) == (["thread_a", "thread_c"], ["7"])
        assert (there.rows, there.heard) == ([], [])

    async def test_tell_of_other_changes_of_a_thread(self, processes: tuple[Process, Process]) -> None:
        here, there = processes
        with here.bus.follow("thread_a") as follower:
            there.bus.publish("thread_a", [Event("", 0, THREAD_CHANGED, {})])
            assert [event.name for event in await read(follower, 1)] == [THREAD_CHANGED]

    async def test_are_parted_where_a_notification_would_be_too_long(self, processes: tuple[Process, Process]) -> None:
        here, there = processes
        threads = {f"thread_{number:024}" for number in range(3 * AT_ONCE)}
        there.bus.outlet.rows_changed(threads)
        await until(lambda: len(here.rows) >= len(threads))
        assert set(here.rows) == threads

    async def test_come_although_another_version_says_what_this_one_cannot_read(
        self, processes: tuple[Process, Process], server: str
    ) -> None:
        here, there = processes
        with psycopg.connect(server, autocommit=True) as other:
            for unknown in ("", "{", '["a", [], [["runs"]]]'):
                other.execute("SELECT pg_notify(%s, %s)", [CHANNEL, unknown])
        there.bus.outlet.signal("runs", "7")
        await until(lambda: here.heard)
        assert here.heard == ["7"]

    async def test_come_again_when_all_connections_were_lost(
        self, processes: tuple[Process, Process], server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(link_module, "RETRY", 0.02)
        here, there = processes
        assert await asyncio.to_thread(terminate_all, server.replace(f"/{DATABASE}", "/postgres"), DATABASE)
        await until(lambda: here.link.is_degraded)
        await until(lambda: here.link.is_connected and there.link.is_connected)

        async def ask_until_heard() -> None:
            while not here.heard:
                there.bus.outlet.signal("runs")
                await asyncio.sleep(0.05)

        async with asyncio.timeout(20):
            await ask_until_heard()
