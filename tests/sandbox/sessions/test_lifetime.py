"""What is left when brokers, servers and sessions come to an end, each in its own way: nothing."""

from __future__ import annotations

import asyncio
import io
import tempfile
from pathlib import Path

import psutil
import pytest

from chat.sandbox.client import Sandbox, sandbox_in, status_now, try_out
from chat.sandbox.errors import SandboxError, SandboxUnavailable, SessionLost
from chat.sandbox.sessions.probe import Report
from chat.sandbox.state import read_state
from chat.sandbox.values import MB, Tier
from tests.live import LiveServer
from tests.sandbox.brokers import RunningBroker, all_gone, broker, come_true, is_alive, short_of_descriptors, until

BUSY = "import threading, time\nx = b'x' * 30_000_000\nwhile True: time.sleep(0.01)"
STARTED = 60
GROWTH = 40 * MB  # of the broker and the zygote, after so many sessions that took 30 MB each


@pytest.fixture
def place(ground: Path) -> Path:
    """A folder of the test's own that the users of sessions can pass through."""
    return Path(tempfile.mkdtemp(prefix="lifetime-", dir=ground))


@pytest.fixture
def pinned(tiers: Report, tier: Tier) -> Tier:
    """Each tier that this machine has."""
    if tiers.reasons[tier] != "OK":
        pytest.skip(f"tier {tier}: {tiers.reasons[tier]}")
    return tier


async def begin(sandbox: Sandbox, session: str, code: str = "1") -> None:
    async with sandbox.lease(session, owner="ada") as lease:
        await lease.put("kept.txt", io.BytesIO(b"kept"))
        await lease.run(code)


async def is_quiet(running: RunningBroker) -> bool:
    """No sessions but the two spares."""
    status = running.status()
    return status["sessions"] == 0 and status["spares"] == 2


async def abandon(sandbox: Sandbox, number: int) -> None:
    """Open a session, put a file there, and go away in the middle of a cell."""
    async with sandbox.lease(f"session {number}", owner="ada") as lease:
        await lease.put("kept.txt", io.BytesIO(b"kept"))
        running = asyncio.ensure_future(lease.run(BUSY))
        await asyncio.wait({running}, timeout=0.05)
        running.cancel()
        await asyncio.wait({running})


def memory(process: psutil.Process) -> int:
    return int(process.memory_full_info().pss)


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestManySessions:
    async def test_that_are_abandoned_leave_no_process_no_file_and_no_memory(
        self, sandbox_python: Path, place: Path, pinned: Tier
    ) -> None:
        options = {"sessions": 10, "sessions_each": 10, "cells": 4, "cells_each": 4, "idle": 1.0, "tier": pinned}
        with broker(sandbox_python, place, **options) as running:
            await begin(running.sandbox, "first")
            await come_true(lambda: is_quiet(running))
            before = [process.pid for process in running.family()]
            main, zygote = running.family()[:2]
            held, descriptors = memory(main) + memory(zygote), main.num_fds()
            for first in range(0, STARTED, 4):
                await asyncio.gather(*(abandon(running.sandbox, number) for number in range(first, first + 4)))
            await come_true(lambda: is_quiet(running))
            until(lambda: len(running.family()) <= len(before))
            assert {main.pid, zygote.pid} <= {process.pid for process in running.family()}
            until(lambda: len(entries(place / "processes")) == 3)  # the zygote and the spares
            assert len(entries(place / "sessions")) <= 2
            assert main.num_fds() <= descriptors + 2
            assert memory(main) + memory(zygote) < held + GROWTH


class TestABroker:
    async def busy(self, running: RunningBroker) -> list[psutil.Process]:
        """All its processes, with a session at rest and a cell that runs."""
        await begin(running.sandbox, "at rest")
        self.running = asyncio.ensure_future(begin(running.sandbox, "at work", BUSY))
        while not running.status()["cells"]:  # noqa: ASYNC110 -- it is another process's doing
            await asyncio.sleep(0.02)
        return running.family()

    async def test_that_is_killed_takes_everything_with_it(
        self, sandbox_python: Path, place: Path, pinned: Tier
    ) -> None:
        with broker(sandbox_python, place, tier=pinned) as running:
            family = await self.busy(running)
            running.kill()
            with pytest.raises(SessionLost):
                await self.running
            until(lambda: all_gone(family))
        with broker(sandbox_python, place, tier=pinned) as running:
            assert entries(place / "sessions") == []
            assert entries(place / "processes") == []
            await begin(running.sandbox, "at rest")

    async def test_whose_leash_is_let_go_takes_everything_with_it(
        self, sandbox_python: Path, place: Path, pinned: Tier
    ) -> None:
        with broker(sandbox_python, place, tier=pinned) as running:
            family = await self.busy(running)
            running.stop()
            with pytest.raises(SessionLost):
                await self.running
            assert all_gone(family)
            assert entries(place / "sessions") == []
            assert entries(place / "processes") == []
            assert running.log.read_text() == ""

    async def test_has_another_zygote_when_one_dies_and_tells_that_the_sessions_are_lost(
        self, sandbox_python: Path, place: Path, pinned: Tier
    ) -> None:
        with broker(sandbox_python, place, tier=pinned) as running:
            async with running.sandbox.lease("lost", owner="ada") as lease:
                await lease.run("x = 42")
                (zygote,) = psutil.Process(running.process.pid).children()
                family = [zygote, *zygote.children(recursive=True)]
                zygote.kill()
                until(lambda: all_gone(family))
                with pytest.raises(SessionLost):
                    await lease.run("x")
            async with running.sandbox.lease("lost", owner="ada") as lease:
                assert lease.is_new
                assert (await lease.run("1 + 1")).logs == "2\n"

    async def test_ends_what_an_earlier_one_left_running(self, sandbox_python: Path, place: Path, pinned: Tier) -> None:
        with broker(sandbox_python, place, tier=pinned) as running:
            await begin(running.sandbox, "left")
            zygote, *sessions = running.family()[1:]
            zygote.suspend()  # it cannot notice that the broker is gone
            running.kill()
        assert is_alive(zygote)
        with broker(sandbox_python, place, tier=pinned) as running:
            until(lambda: all_gone([zygote, *sessions]))
            assert "have been ended" in running.log.read_text()

    async def test_waits_for_an_earlier_one_of_its_folder_to_end(self, sandbox_python: Path, place: Path) -> None:
        with broker(sandbox_python, place) as running:
            successor = RunningBroker(sandbox_python, place)
            try:
                assert running.status()["pid"] == running.process.pid
                running.stop()
                assert successor.wait()["pid"] == successor.process.pid
            finally:
                successor.stop()


class TestAServer:
    @pytest.fixture
    def server(self, sandbox_python: Path, place: Path) -> LiveServer:
        return LiveServer(place, EVERTHREAD_SANDBOX="auto")

    def started(self, server: LiveServer) -> list[psutil.Process]:
        """All its processes, once it can run code and has a session."""
        server.start()
        until(lambda: read_state(server.data_dir / "sandbox").state == "ready", why=server.log.read_text)
        assert try_out(sandbox_in(server.data_dir / "sandbox"), "6 * 7", owner="ada").logs == "42\n"
        assert server.process is not None
        process = psutil.Process(server.process.pid)
        return [process, *process.children(recursive=True)]

    def test_has_another_broker_when_one_is_killed_and_leaves_nothing_running(self, server: LiveServer) -> None:
        self.started(server)
        sandbox = sandbox_in(server.data_dir / "sandbox")
        first = status_now(sandbox)["pid"]
        psutil.Process(first).kill()

        def has_another() -> bool:
            try:
                return bool(status_now(sandbox)["pid"] != first)
            except SandboxUnavailable:
                return False

        until(has_another, why=server.log.read_text)
        assert try_out(sandbox, "6 * 7", owner="ada").logs == "42\n"
        assert server.process is not None
        process = psutil.Process(server.process.pid)
        family = [process, *process.children(recursive=True)]
        assert len(family) > 3
        server.kill()
        until(lambda: all_gone(family))
        assert read_state(server.data_dir / "sandbox").state == "off"
        family = self.started(server)
        assert server.stop() == 0
        assert all_gone(family)

    def test_hands_the_sandbox_over_to_another_on_the_same_data(self, server: LiveServer) -> None:
        first, second = self.started(server), LiveServer(server.data_dir, EVERTHREAD_SANDBOX="auto")
        with second:
            server.kill()
            until(lambda: all_gone(first))
            sandbox = sandbox_in(server.data_dir / "sandbox")
            until(lambda: runs_code(sandbox), why=second.log.read_text)


class TestARefusal:
    async def test_is_told_with_its_reasons_and_nothing_is_run(self, sandbox_python: Path, place: Path) -> None:
        running = RunningBroker(short_of_descriptors(sandbox_python, place / "python"), place)
        try:
            status = running.wait()
            assert (status["state"], status["tier"]) == ("refused", None)
            assert all("did not become ready" in reason for reason in status["reasons"].values())
            with pytest.raises(SandboxUnavailable, match="No isolation works here"):
                await begin(running.sandbox, "refused")
            assert running.family() == [psutil.Process(running.process.pid)]
        finally:
            running.stop()


def runs_code(sandbox: Sandbox) -> bool:
    try:
        return try_out(sandbox, "6 * 7", owner="ada").logs == "42\n"
    except SandboxError:
        return False
