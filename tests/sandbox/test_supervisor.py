from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from chat.sandbox.broker_options import BrokerOptions, options_for
from chat.sandbox.child_process import ChildProcess
from chat.sandbox.client import sandbox_in
from chat.sandbox.environment import build
from chat.sandbox.environment.provision import environment_for_pip
from chat.sandbox.errors import SandboxUnavailable
from chat.sandbox.state import PYTHON, SOCKET, State, read_state
from chat.sandbox.supervisor import Supervisor
from chat.sandbox.values import Limits
from tests.sandbox.brokers import UIDS, all_gone, broker, come_true, short_of_descriptors, until

pytestmark = pytest.mark.slow


@pytest.fixture
def place(ground: Path, sandbox_python: Path) -> Path:
    """A folder of the test's own, whose libraries are those of all tests."""
    place = Path(tempfile.mkdtemp(prefix="supervisor-", dir=ground))
    (place / PYTHON).symlink_to(sandbox_python.parents[2])
    return place


def broker_options(place: Path, **others: Any) -> BrokerOptions:
    uids = UIDS if os.geteuid() == 0 else None
    told = {"socket": place / SOCKET, "uids": uids, "leashed": True, "limits": Limits(), **others}
    return options_for(place, sessions=10, cells=2, **told)


@asynccontextmanager
async def supervised(place: Path, **options: Any) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(place, **{"options": broker_options(place), "pauses": (0.05,), **options})
    running = asyncio.ensure_future(supervisor.run())
    try:
        yield supervisor
    finally:
        await supervisor.stop()
        await running


async def stands(place: Path, *stages: str) -> State:
    """How it stands, as soon as that is one of ``stages``."""

    async def found() -> State | None:
        return read_state(place) if read_state(place).state in stages else None

    return await come_true(found)


class TestASupervisor:
    async def test_starts_a_broker_and_says_when_it_is_ready(self, place: Path) -> None:
        async with supervised(place):
            found = await stands(place, "ready", "refused", "failed")
            assert found.state == "ready"
            assert found.sentence == ""
            assert found.tier is not None
            assert found.reasons[found.tier] == "OK"
            async with sandbox_in(place).lease("one", owner="ada") as lease:
                assert (await lease.run("6 * 7")).logs == "42\n"

    async def test_ends_the_broker_when_it_is_stopped(self, place: Path) -> None:
        async with supervised(place):
            await stands(place, "ready")
            broker = psutil.Process((await sandbox_in(place).status())["pid"])
            family = [broker, *broker.children(recursive=True)]
        assert all_gone([broker])
        # A zygote that was still importing libraries ends a moment later.
        until(lambda: all_gone(family))
        assert read_state(place).state == "off"
        with pytest.raises(SandboxUnavailable, match="no server of this data folder"):
            await sandbox_in(place).status()

    async def test_starts_another_broker_when_one_dies(self, place: Path) -> None:
        async with supervised(place):
            await stands(place, "ready")
            first = (await sandbox_in(place).status())["pid"]
            psutil.Process(first).kill()

            async def has_another() -> bool:
                with suppress(SandboxUnavailable):
                    return bool((await sandbox_in(place).status())["pid"] != first)
                return False

            await come_true(has_another)
            await stands(place, "ready")

    async def test_leaves_the_broker_to_another_until_that_one_ends(self, place: Path) -> None:
        async with supervised(place) as first, supervised(place):
            await stands(place, "ready")
            pid = (await sandbox_in(place).status())["pid"]
            await asyncio.sleep(0.2)
            assert len(brokers(place)) == 1
            await first.stop()

            async def has_another() -> bool:
                return any(process.pid != pid for process in brokers(place))

            await come_true(has_another)
            await stands(place, "ready")

    async def test_keeps_what_it_writes_to_itself(self, place: Path) -> None:
        async with supervised(place):
            await stands(place, "ready")
            file = place / "state.json"
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert json.loads(file.read_text())["state"] == "ready"

    async def test_says_that_nothing_isolates_and_nothing_is_run(self, place: Path, sandbox_python: Path) -> None:
        (place / PYTHON).unlink()
        made = build.python_in(place / PYTHON)
        made.parent.mkdir(parents=True)
        (made.parents[1] / "lib").symlink_to(sandbox_python.parents[1] / "lib")
        short_of_descriptors(sandbox_python, made)
        async with supervised(place):
            found = await stands(place, "ready", "refused", "failed")
            assert found.state == "refused"
            assert all("did not become ready" in reason for reason in found.reasons.values())
            with pytest.raises(SandboxUnavailable, match="No isolation works here"):
                async with sandbox_in(place).lease("one", owner="ada"):
                    pass
        assert read_state(place).state == "refused"

    async def test_says_why_the_libraries_cannot_be_made(self, place: Path) -> None:
        (place / PYTHON).unlink()
        async with supervised(place, python=place / "no-python"):
            found = await stands(place, "ready", "refused", "failed")
            assert found.state == "failed"
            assert "EVERTHREAD_SANDBOX_PYTHON" in found.message
            with pytest.raises(SandboxUnavailable, match="EVERTHREAD_SANDBOX_PYTHON"):
                await sandbox_in(place).status()

    async def test_says_when_it_is_switched_off(self, place: Path) -> None:
        async def says_so() -> bool:
            return "EVERTHREAD_SANDBOX" in read_state(place).sentence

        async with supervised(place, options=None):
            await come_true(says_so)
        assert await says_so()


class TestABrokerElsewhere:
    async def test_is_watched_and_left_alone(self, place: Path, sandbox_python: Path) -> None:
        with broker(sandbox_python, place / "sidecar") as running:
            socket = running.options.socket
            async with supervised(place, options=None, elsewhere=socket):
                assert (await stands(place, "ready", "failed")).state == "ready"
                async with sandbox_in(place, socket=socket).lease("one", owner="ada") as lease:
                    assert (await lease.run("6 * 7")).logs == "42\n"
            assert running.status()["state"] == "ready"

    async def test_is_missed_when_it_does_not_answer(self, place: Path) -> None:
        socket = place / "nowhere.sock"
        async with supervised(place, options=None, elsewhere=socket):
            assert str(socket) in (await stands(place, "failed")).message


class TestMakingTheLibraries:
    async def test_ends_with_us(self, place: Path, tmp_path: Path) -> None:
        """It waits for the lock that another one has, as long as it is let."""
        folder = tmp_path / PYTHON
        folder.mkdir()
        told: list[str] = []
        with build._locked(folder, lambda _part, _what: None), (tmp_path / "log").open("wb") as errors:
            child = ChildProcess(
                Path(sys.executable),
                "chat.sandbox.environment.child",
                str(folder),
                "full",
                environment=environment_for_pip(os.environ),
                errors=errors,
                on_line=told.append,
            )

            async def has_told() -> bool:
                return bool(told)

            await come_true(has_told)
            process = psutil.Process(child.pid)
            assert process.nice() > 0
            await child.stop(grace=60.0)
            until(lambda: all_gone([process]))
        assert json.loads(told[0]) == {"progress": 0.0, "message": "Another process is preparing the libraries."}

    def test_hands_pip_what_it_is_configured_by_and_no_secret(self) -> None:
        told = {
            "PATH": "/bin",
            "PIP_INDEX_URL": "https://packages.example",
            "https_proxy": "http://proxy.example",
            "SSL_CERT_FILE": "/certificates",
            "OPENAI_API_KEY": "sk-secret",
            "DJANGO_SECRET_KEY": "secret",
            "DATABASE_URL": "postgres://user:secret@host/name",
            "EVERTHREAD_ADMIN_PASSWORD": "secret",
        }
        assert set(environment_for_pip(told)) == {"PATH", "PIP_INDEX_URL", "https_proxy", "SSL_CERT_FILE"}


class TestTheRules:
    def test_survive_the_way_to_the_broker(self, tmp_path: Path) -> None:
        told = broker_options(tmp_path, tier="landlock", callers=(1, 2), limits=Limits(memory=1, seconds=2.5))
        assert BrokerOptions.from_json(told.to_json()) == told

    @pytest.mark.parametrize(
        ("sessions", "cells", "expected"), [(50, 8, (5, 4)), (200, 3, (20, 1)), (3, 1, (3, 1)), (6, 2, (5, 1))]
    )
    def test_leave_something_to_other_owners(
        self, tmp_path: Path, sessions: int, cells: int, expected: tuple[int, int]
    ) -> None:
        made = options_for(tmp_path, socket=tmp_path / "s", sessions=sessions, cells=cells)
        assert (made.sessions_each, made.cells_each) == expected

    def test_that_are_wrong_are_not_taken(self) -> None:
        with pytest.raises(TypeError):
            BrokerOptions.from_json('{"folder": "/a", "socket": "/b", "session": 5}')


def brokers(place: Path) -> list[psutil.Process]:
    """Of that folder, all that are there."""
    mine = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "chat.sandbox.broker" in words and f'"{place}"' in words[-1]:
            mine.append(process)
    return mine
