"""The loop of every worker, with rows that are numbers in a list."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from chat.background import polling
from chat.background.polling import Liveness, PollingWorker

LONG_AGO = timedelta(minutes=12)


class Counting(PollingWorker[int, asyncio.Event]):
    """Works on each number of ``waiting`` until its event is set."""

    interval = 1000.0

    def __init__(self, *, folder: Path, limit: int = 2) -> None:
        super().__init__(folder=folder, limit=limit)
        self.waiting: list[int] = []
        self.handed_back: list[int] = []
        self.reviews = self.beats = 0
        self.errors: list[Exception] = []

    async def review(self) -> list[int]:
        self.reviews += 1
        if self.errors:
            raise self.errors.pop()
        return list(self.waiting)

    async def claim(self, row: int) -> None:
        self.waiting.remove(row)
        self.jobs[row] = asyncio.Event()

    async def beat(self) -> None:
        self.beats += 1

    async def hand_back(self) -> None:
        self.handed_back = sorted(self.jobs)  # type: ignore[type-var]
        self.states = (type(self).is_running(), type(self).is_draining())

    def finish(self, row: int) -> None:
        del self.jobs[row]
        self.news.set()


class Other(Counting):
    """A second kind."""


@pytest.fixture
def worker(tmp_path: Path) -> Counting:
    return Counting(folder=tmp_path)


@asynccontextmanager
async def at_work(worker: Counting) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run())
    await until(lambda: worker.is_swept or worker.reviews)
    try:
        yield
    finally:
        await worker.stop()
        await task


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 -- an attribute tells nobody that it changes
            await asyncio.sleep(0.005)


class TestAPollingWorker:
    async def test_claims_in_order_and_no_more_than_its_limit(self, worker: Counting) -> None:
        worker.waiting = [3, 1, 2]
        async with at_work(worker):
            await until(lambda: len(worker.jobs) == 2)
            assert (list(worker.jobs), worker.waiting, worker.room) == ([3, 1], [2], 0)
            worker.finish(3)
            await until(lambda: list(worker.jobs) == [1, 2])

    async def test_looks_at_once_when_its_kind_is_woken(self, worker: Counting, tmp_path: Path) -> None:
        other = Other(folder=tmp_path / "other")
        async with at_work(worker), at_work(other):
            other.waiting = [1]
            await asyncio.to_thread(Other.wake_all)
            await until(lambda: other.jobs)

        assert (worker.reviews, other.reviews) == (1, 2)

    async def test_looks_each_interval_without_being_woken(self, worker: Counting) -> None:
        worker.interval = 0.01
        async with at_work(worker):
            worker.waiting = [1]
            await until(lambda: worker.jobs)

    async def test_goes_on_after_a_poll_that_failed(self, worker: Counting, caplog: pytest.LogCaptureFixture) -> None:
        worker.interval, worker.waiting, worker.errors = 0.01, [1], [OSError("no database")]
        async with at_work(worker):
            await until(lambda: worker.jobs)

        assert "Counting failed to poll; it tries again in 0.01 s" in caplog.text
        assert "no database" in caplog.text

    async def test_counts_as_running_while_it_looks_at_its_rows(self, worker: Counting, tmp_path: Path) -> None:
        assert not Counting.is_running()
        async with at_work(worker):
            await until(Counting.is_running)
            assert not Other.is_running()
            assert not Counting.is_draining()
            assert not await asyncio.to_thread(Liveness(tmp_path).is_dead, worker.name)
        assert not Counting.is_running()

    async def test_does_not_count_as_running_once_its_looks_fail(
        self, worker: Counting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(polling, "FRESH", 0.05)
        worker.interval = 0.01
        async with at_work(worker):
            await until(Counting.is_running)
            worker.errors = [OSError("no database")] * 1000
            await until(lambda: not Counting.is_running())
            worker.errors = []
            await until(Counting.is_running)

    async def test_drains_until_its_jobs_are_handed_back(self, worker: Counting) -> None:
        async with at_work(worker):
            pass
        assert worker.states == (False, True)
        assert not Counting.is_draining()

    async def test_removes_the_locks_of_the_dead_once_their_rows_were_reviewed(
        self, worker: Counting, tmp_path: Path
    ) -> None:
        (tmp_path / "1-abc").touch()
        worker.errors = [OSError("no database")]
        async with at_work(worker):
            assert (tmp_path / "1-abc").exists()
            worker.wake()
            await until(lambda: not (tmp_path / "1-abc").exists())
            assert (tmp_path / worker.name).exists()
        assert os.listdir(tmp_path) == []


class TestTheHeartbeat:
    async def test_comes_only_from_a_worker_with_jobs_and_when_it_is_due(self, worker: Counting) -> None:
        worker.interval = 0.01
        async with at_work(worker):
            await until(lambda: worker.reviews > 2)
            assert worker.beats == 0
            worker.waiting = [1]
            await until(lambda: worker.beats)
            reviews = worker.reviews
            await until(lambda: worker.reviews > reviews + 2)
            assert worker.beats == 1

    async def test_comes_again_when_its_time_has_passed(
        self, worker: Counting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(polling, "HEARTBEAT", 0.02)
        worker.interval, worker.waiting = 0.01, [1]
        async with at_work(worker):
            await until(lambda: worker.beats > 1)


class TestAnOrphan:
    """A row that says a worker works on it, while it is none of our jobs."""

    async def test_is_one_of_a_silent_worker_elsewhere(self, worker: Counting) -> None:
        now = timezone.now()
        assert worker.is_orphan(worker="elsewhere", heartbeat_at=now - LONG_AGO)
        assert worker.is_orphan(worker="elsewhere", heartbeat_at=None)
        assert not worker.is_orphan(worker="elsewhere", heartbeat_at=now)

    async def test_is_none_of_a_worker_elsewhere_when_the_clock_is_set(
        self, worker: Counting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now, began_at = timezone.now(), time.monotonic()
        assert not worker.is_orphan(worker="elsewhere", heartbeat_at=now)
        monkeypatch.setattr(timezone, "now", lambda: now + LONG_AGO)
        assert not worker.is_orphan(worker="elsewhere", heartbeat_at=now)
        monkeypatch.setattr(time, "monotonic", lambda: began_at + LONG_AGO.total_seconds())
        assert worker.is_orphan(worker="elsewhere", heartbeat_at=now)

    async def test_is_none_of_a_machine_whose_clock_is_behind_as_long_as_it_beats(
        self, worker: Counting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        behind, began_at = timezone.now() - timedelta(minutes=2), time.monotonic()
        assert not worker.is_orphan(worker="elsewhere", heartbeat_at=behind)
        monkeypatch.setattr(time, "monotonic", lambda: began_at + 61)
        assert worker.is_orphan(worker="elsewhere", heartbeat_at=behind)
        assert not worker.is_orphan(worker="elsewhere", heartbeat_at=behind + timedelta(seconds=61))

    async def test_is_one_of_a_worker_that_died_here(self, worker: Counting, tmp_path: Path) -> None:
        (tmp_path / "1-abc").touch()
        assert worker.is_orphan(worker="1-abc", heartbeat_at=timezone.now())

    async def test_is_one_of_our_own_that_is_no_job(self, worker: Counting) -> None:
        assert worker.is_orphan(worker=worker.name, heartbeat_at=timezone.now())


class TestAStop:
    async def test_hands_back_the_jobs_and_claims_no_more(self, worker: Counting) -> None:
        worker.waiting = [1, 2, 3]
        async with at_work(worker):
            await until(lambda: len(worker.jobs) == 2)

        assert (worker.handed_back, worker.waiting, worker.room) == ([1, 2], [3], 0)

    async def test_waits_for_the_poll_that_is_under_way(self, tmp_path: Path) -> None:
        inside, gate = asyncio.Event(), asyncio.Event()

        class Slow(Counting):
            async def claim(self, row: int) -> None:
                inside.set()
                await gate.wait()
                await super().claim(row)

        worker = Slow(folder=tmp_path)
        worker.waiting = [1, 2]
        task = asyncio.create_task(worker.run())
        await inside.wait()
        stopping = asyncio.create_task(worker.stop())
        await until(lambda: worker.stopping)
        gate.set()
        await asyncio.gather(task, stopping)
        assert (worker.handed_back, worker.waiting) == ([1], [2])

    async def test_of_one_that_never_ran_leaves_nothing(self, worker: Counting, tmp_path: Path) -> None:
        await worker.stop()
        assert os.listdir(tmp_path) == []
