"""Events between processes through Redis: each bus of these tests stands for a process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from chat.events import link as link_module
from chat.events import redis_link
from chat.events.bus import Behind, Bus, Follower, Outlet
from chat.events.redis_link import PREFIX, SIGNALS, RedisLink
from chat.events.types import THREAD_CHANGED, Event
from tests.events.test_bus import events
from tests.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.slow
PATIENCE = 20.0  # seconds


@pytest.fixture(scope="module")
def running() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def server(running: RedisServer) -> RedisServer:
    running.client.flushall()
    return running


class Process:
    """A bus with a link, and the signals that came."""

    def __init__(self, url: str) -> None:
        self.bus, self.heard = Bus(), []
        self.link = RedisLink(url, self.bus, {"runs": self.heard.append})


@asynccontextmanager
async def process(server: RedisServer) -> AsyncIterator[Process]:
    running = Process(server.url)
    task = asyncio.create_task(running.link.run())
    await until(lambda: running.link.is_connected)
    yield running
    await running.link.stop()
    assert task.cancelled()


@pytest.fixture
async def processes(server: RedisServer) -> AsyncIterator[tuple[Process, Process]]:
    async with process(server) as here, process(server) as there:
        yield here, there


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 -- what others do sets no event
            await asyncio.sleep(0.01)


async def listened(server: RedisServer, *, by: int, thread: str = "thread_a") -> None:
    """Wait until so many processes listen to the thread."""
    channel = PREFIX + thread
    await until(lambda: server.client.pubsub_numsub(channel)[0][1] == by)


async def read(follower: Follower, count: int) -> list[Event]:
    heard: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        while len(heard) < count:
            heard += await follower.read(wait=1)
    return heard


class TestEvents:
    async def test_come_from_another_process_in_order(
        self, server: RedisServer, processes: tuple[Process, Process]
    ) -> None:
        here, there = processes
        with here.bus.follow("thread_a") as follower:
            await listened(server, by=1)
            for event in events(1, 50):
                there.bus.publish("thread_a", [event])
                await asyncio.sleep(0)
            assert await read(follower, 50) == events(1, 50)

    async def test_come_from_any_thread_and_once(self, server: RedisServer, processes: tuple[Process, Process]) -> None:
        here, there = processes
        with here.bus.follow("thread_a") as ours, there.bus.follow("thread_a") as theirs:
            await listened(server, by=2)
            publisher = threading.Thread(target=lambda: [there.bus.publish("thread_a", [e]) for e in events(1, 50)])
            publisher.start()
            publisher.join()
            assert await read(ours, 50) == events(1, 50)
            await there.link.stop()  # what it published has come back to it, if ever
            assert await read(theirs, 50) == events(1, 50)
            assert await theirs.read(wait=0.05) == []

    async def test_of_before_are_replayed_to_a_late_follower(self, processes: tuple[Process, Process]) -> None:
        here, there = processes
        there.bus.publish("thread_a", events(1, 3, run="run_a"))
        there.bus.publish("thread_a", events(1, 2, run="run_b"))
        there.bus.publish("thread_a", [Event("run_b", 3, "thread.run.in_progress", {"id": "run_b"})])
        await there.link.stop()
        with here.bus.follow("thread_a") as follower:
            heard = await read(follower, 3)
        assert [(event.run_id, event.seq) for event in heard] == [("run_b", 1), ("run_b", 2), ("run_b", 3)]
        assert heard[-1].data == {"id": "run_b"}

    async def test_that_two_processes_publish_of_one_run_make_one_log(
        self, server: RedisServer, processes: tuple[Process, Process]
    ) -> None:
        here, there = processes
        with here.bus.hold("thread_a"):
            await listened(server, by=1)
            here.bus.publish("thread_a", events(1, 2))
            there.bus.publish("thread_a", events(3, 5))
            await until(lambda: len(here.bus.topics["thread_a"].log) == 5)
            with here.bus.follow("thread_a") as follower:
                assert await read(follower, 5) == events(1, 5)

    @pytest.mark.parametrize("unknown", [b"", b"{", b'["a", 7]', b'["a", [{"seq": 1}], []]', b'["a", [], [], "newer"]'])
    async def test_come_although_another_version_says_what_this_one_cannot_read(
        self, unknown: bytes, server: RedisServer, processes: tuple[Process, Process]
    ) -> None:
        here, there = processes
        server.client.xadd(f"{PREFIX}thread_a", {"m": unknown, "n": unknown})
        server.client.xadd(f"{PREFIX}thread_a", {"n": unknown})
        with here.bus.follow("thread_a") as follower:
            await listened(server, by=1)
            server.client.publish(f"{PREFIX}thread_a", unknown)
            server.client.publish(SIGNALS, unknown)
            there.bus.publish("thread_a", events(1, 2))
            assert await read(follower, 2) == events(1, 2)

    async def test_of_other_threads_do_not_come(self, server: RedisServer, processes: tuple[Process, Process]) -> None:
        here, there = processes
        with here.bus.follow("thread_a") as follower:
            await listened(server, by=1)
            there.bus.publish("thread_b", events(1, 1))
            there.bus.publish("thread_a", [Event("", 0, THREAD_CHANGED, {})])
            assert [event.name for event in await read(follower, 1)] == [THREAD_CHANGED]
        await listened(server, by=0)

    async def test_are_kept_for_a_while_and_not_without_bound(
        self, server: RedisServer, processes: tuple[Process, Process], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(redis_link, "KEPT", 10)
        _here, there = processes
        for event in events(1, 500):
            there.bus.publish("thread_a", [event])
            if event.seq % 5 == 0:
                await until(lambda: not there.link.is_awake)
        await there.link.stop()
        assert server.client.xlen(PREFIX + "thread_a") <= 110  # Redis trims whole nodes of 100 entries
        assert 0 < server.client.ttl(PREFIX + "thread_a") <= redis_link.LIFE


class TestSignals:
    async def test_reach_the_handlers_of_other_processes_only(self, processes: tuple[Process, Process]) -> None:
        here, there = processes
        there.bus.outlet.signal("unknown to the other version")
        there.bus.outlet.signal("runs", "7")
        await until(lambda: here.heard)
        here.bus.outlet.signal("runs", "8")
        await until(lambda: there.heard)
        assert (here.heard, there.heard) == (["7"], ["8"])


class TestARedisThatIsAway:
    async def test_is_waited_for(self, server: RedisServer) -> None:
        away = Process("redis://127.0.0.1:1/0")
        task = asyncio.create_task(away.link.run())
        await asyncio.sleep(0)
        away.bus.publish("thread_a", events(1, 3))
        assert away.bus.outlet.is_degraded
        await away.link.stop()
        assert task.cancelled()
        assert type(away.bus.outlet) is Outlet

    async def test_is_connected_to_again_after_a_restart(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(link_module, "RETRY", 0.02)
        async with AsyncExitStack() as stack:
            server = stack.enter_context(redis_server())
            here = await stack.enter_async_context(process(server))
            there = await stack.enter_async_context(process(server))
            follower = stack.enter_context(here.bus.follow("thread_a"))
            await listened(server, by=1)
            there.bus.publish("thread_a", events(1, 2))
            assert await read(follower, 2) == events(1, 2)

            await asyncio.to_thread(server.stop)
            await until(lambda: here.link.is_degraded and there.link.is_degraded)
            there.bus.publish("thread_a", events(3, 3))  # lost: the rows have it
            await asyncio.to_thread(server.start)
            await until(lambda: here.link.is_connected and there.link.is_connected)
            await listened(server, by=1)
            there.bus.publish("thread_a", events(4, 4))

            assert await read(follower, 1) == events(4, 4)

    async def test_loses_nothing_that_matters_when_it_is_flushed(
        self, server: RedisServer, processes: tuple[Process, Process]
    ) -> None:
        here, there = processes
        with here.bus.follow("thread_a") as follower:
            await listened(server, by=1)
            there.bus.publish("thread_a", events(1, 2))
            assert await read(follower, 2) == events(1, 2)
            server.client.flushall()
            server.client.script_flush()
            there.bus.publish("thread_a", events(3, 4))
            assert await read(follower, 2) == events(3, 4)

    async def test_that_hangs_does_not_hold_up_publishers(
        self, server: RedisServer, processes: tuple[Process, Process], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(link_module, "MOST_NOTES", 100)
        _here, there = processes
        server.client.client_pause(500)
        with there.bus.follow("thread_a") as follower:
            for event in events(1, 1000):
                there.bus.publish("thread_a", [event])
            assert await read(follower, 1000) == events(1, 1000)
            assert there.link.notes.size <= 100


def test_a_bus_leaves_out_what_its_log_has() -> None:
    bus = Bus()
    with bus.hold("thread_a"):
        bus.publish("thread_a", events(1, 3))
        bus.receive("thread_a", events(1, 5))
        assert bus.topics["thread_a"].log == events(1, 5)
        bus.receive("thread_b", events(1, 1))
        assert set(bus.topics) == {"thread_a"}


async def test_a_follower_that_fell_behind_is_told_so_after_a_replay_too() -> None:
    bus = Bus()
    with bus.follow("thread_a") as follower:
        bus.receive("thread_a", events(1, 2))
        await follower.read(wait=1)
        bus.receive("thread_a", events(3, 3))
        bus.receive("thread_a", events(1, 1, run="run_b"))
        with pytest.raises(Behind):
            await follower.read(wait=1)
