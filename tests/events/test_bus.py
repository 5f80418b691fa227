"""The record of what happens on a thread, in memory."""

from __future__ import annotations

import asyncio
import threading

import pytest

from chat.events import bus as bus_module
from chat.events.bus import Behind, Bus
from chat.events.types import MESSAGE_DELTA, RUN_CREATED, Event


def events(first: int, last: int, *, run: str = "run_a") -> list[Event]:
    names = {1: RUN_CREATED}
    return [Event(run, seq, names.get(seq, MESSAGE_DELTA), {}) for seq in range(first, last + 1)]


@pytest.fixture
def bus() -> Bus:
    return Bus()


class TestTheBus:
    async def test_keeps_nothing_that_nobody_needs(self, bus: Bus) -> None:
        bus.publish("thread_a", events(1, 3))
        assert bus.topics == {}

    async def test_replays_a_held_run_to_a_late_follower(self, bus: Bus) -> None:
        with bus.hold("thread_a"):
            bus.publish("thread_a", events(1, 3))
            with bus.follow("thread_a") as follower:
                assert await follower.read(wait=1) == events(1, 3)

        assert bus.topics == {}

    async def test_gives_each_follower_its_own_place(self, bus: Bus) -> None:
        with bus.follow("thread_a") as quick, bus.follow("thread_a") as slow:
            bus.publish("thread_a", events(1, 1))
            assert await quick.read(wait=1) == events(1, 1)
            bus.publish("thread_a", events(2, 3))
            assert await quick.read(wait=1) == events(2, 3)
            assert await slow.read(wait=1) == events(1, 3)

    async def test_keeps_threads_apart(self, bus: Bus) -> None:
        with bus.follow("thread_a") as follower:
            bus.publish("thread_b", events(1, 3))
            assert await follower.read(wait=0.01) == []

    async def test_lets_the_log_of_a_run_go_when_the_next_begins(self, bus: Bus) -> None:
        with bus.follow("thread_a") as reader, bus.follow("thread_a") as sleeper:
            bus.publish("thread_a", events(1, 3))
            await reader.read(wait=1)
            bus.publish("thread_a", events(1, 2, run="run_b"))
            assert await reader.read(wait=1) == events(1, 2, run="run_b")
            with pytest.raises(Behind):
                await sleeper.read(wait=1)

    async def test_puts_the_beginning_of_a_run_first_when_a_worker_was_faster(self, bus: Bus) -> None:
        with bus.follow("thread_a") as reader, bus.follow("thread_a") as sleeper:
            bus.publish("thread_a", events(2, 2))
            assert await reader.read(wait=1) == events(2, 2)
            bus.publish("thread_a", events(1, 1))
            bus.publish("thread_a", events(3, 3))
            assert await reader.read(wait=1) == events(1, 3)
            assert await sleeper.read(wait=1) == events(1, 3)

    async def test_bounds_the_log_of_a_long_run(self, bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bus_module, "KEPT", 10)
        with bus.follow("thread_a") as follower:
            for event in events(1, 1000):
                bus.publish("thread_a", [event])
            assert len(bus.topics["thread_a"].log) <= 10
            with pytest.raises(Behind):
                await follower.read(wait=1)
            follower.rewind()
            assert (await follower.read(wait=1))[-1].seq == 1000

    async def test_can_be_told_from_any_thread(self, bus: Bus) -> None:
        heard: list[Event] = []
        with bus.follow("thread_a") as follower:
            describers = [
                threading.Thread(
                    target=lambda run: [bus.publish("thread_a", [e]) for e in events(2, 51, run=run)], args=[run]
                )
                for run in ("run_a", "run_b", "run_c", "run_d")
            ]
            for teller in describers:
                teller.start()
            async with asyncio.timeout(20):
                while len(heard) < 200:
                    heard += await follower.read(wait=1)
            for teller in describers:
                teller.join()

        for run in ("run_a", "run_b", "run_c", "run_d"):
            assert [event.seq for event in heard if event.run_id == run] == list(range(2, 52))
