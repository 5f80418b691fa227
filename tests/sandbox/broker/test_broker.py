"""A real broker with real sessions. What takes long here takes until it is stopped: nothing waits for a cell's end."""

from __future__ import annotations

import asyncio
import io
import os
import resource
import stat
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chat.sandbox.client import Lease, Sandbox
from chat.sandbox.errors import Busy, FileRefused, SandboxUnavailable, SessionLost
from chat.sandbox.values import MB, Limits
from tests.sandbox.brokers import RunningBroker, broker, come_true

FOREVER = "import time\nwhile True: time.sleep(0.01)"
STUBBORN = "import time\nwhile True:\n    try: time.sleep(0.01)\n    except BaseException: pass"
LONG = Limits(seconds=600)  # more than a test may take: no cell here is ended by its time

MakeBroker = Callable[..., RunningBroker]


@pytest.fixture
def place(ground: Path) -> Path:
    """A folder of the test's own that the users of sessions can pass through."""
    return Path(tempfile.mkdtemp(prefix="broker-", dir=ground))


@pytest.fixture
def make_broker(sandbox_python: Path, place: Path) -> Iterator[MakeBroker]:
    """``make_broker(sessions=…)``: one that is ready, with options of the test's own."""
    made: list[AbstractContextManager[RunningBroker]] = []

    def make(**options: Any) -> RunningBroker:
        made.append(broker(sandbox_python, place, **{"limits": LONG, "warm": 0, **options}))
        return made[-1].__enter__()

    yield make
    for each in made:
        each.__exit__(None, None, None)


@pytest.fixture(scope="module")
def sandbox(sandbox_python: Path, ground: Path) -> Iterator[Sandbox]:
    """Of a broker that several tests share; each has owners of its own."""
    place = Path(tempfile.mkdtemp(prefix="broker-", dir=ground))
    with broker(sandbox_python, place, cells=4, cells_each=4, limits=LONG) as running:
        yield running.sandbox


class Told:
    """How many were ahead, as one was told; ``first`` is set with the first of it."""

    def __init__(self) -> None:
        self.ahead: list[int] = []
        self.first = asyncio.Event()

    async def __call__(self, ahead: int) -> None:
        self.ahead.append(ahead)
        self.first.set()


class Running:
    """A cell that runs in a session of its own until it is stopped; also while it waits for its turn."""

    def __init__(self, sandbox: Sandbox, owner: str, *, code: str = FOREVER, session: str = "") -> None:
        self.sandbox, self.told = sandbox, Told()
        self.task = asyncio.ensure_future(self._run(session or f"of {owner} {id(self)}", owner, code))

    async def _run(self, session: str, owner: str, code: str) -> Any:
        async with self.sandbox.lease(session, owner=owner) as lease:
            return await lease.run(code, on_waiting=self.told)

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


@asynccontextmanager
async def running(sandbox: Sandbox, *owners: str) -> AsyncIterator[None]:
    """While a cell of each of ``owners`` runs."""
    before = (await sandbox.status())["cells"]
    cells = [Running(sandbox, owner) for owner in owners]

    async def all_run() -> bool:
        return (await sandbox.status())["cells"] == before + len(owners)

    await come_true(all_run)
    yield
    for cell in cells:
        await cell.stop()


async def is_new(sandbox: Sandbox, session: str, *, owner: str = "ada") -> bool:
    async with sandbox.lease(session, owner=owner) as lease:
        return lease.is_new


async def has_sessions(sandbox: Sandbox, count: int) -> None:
    async def has() -> bool:
        return (await sandbox.status())["sessions"] == count

    await come_true(has)


class TestABroker:
    def test_may_have_as_many_descriptors_as_there_are(self, make_broker: MakeBroker) -> None:
        soft, hard = resource.prlimit(make_broker().process.pid, resource.RLIMIT_NOFILE)

        assert soft == hard


class TestASession:
    async def test_that_is_killed_while_nobody_uses_it_is_ended(self, make_broker: MakeBroker) -> None:
        running = make_broker()
        async with running.sandbox.lease("killed", owner="ada") as lease:
            await lease.run("open('/mnt/data/kept', 'w').write('x' * 5_000_000)")

        running.family()[-1].kill()

        await has_sessions(running.sandbox, 0)

    async def test_keeps_its_variables_from_one_lease_to_the_next(self, sandbox: Sandbox) -> None:
        async with sandbox.lease("kept", owner="ada") as lease:
            assert lease.is_new
            await lease.run("x = 42")
        async with sandbox.lease("kept", owner="ada") as lease:
            assert not lease.is_new
            assert (await lease.run("x")).logs == "42\n"

    async def test_is_not_given_to_another_owner_who_knows_its_name(self, sandbox: Sandbox) -> None:
        async with sandbox.lease("named", owner="ada") as lease:
            await lease.run("x = 42")
        async with sandbox.lease("named", owner="eve") as lease:
            assert lease.is_new
            assert "NameError" in (await lease.run("x")).logs

    async def test_is_leased_by_one_at_a_time(self, sandbox: Sandbox) -> None:
        told = Told()

        async def second() -> str:
            async with sandbox.lease("shared", owner="ada", on_waiting=told) as lease:
                return str((await lease.run("x")).logs)

        async with sandbox.lease("shared", owner="ada") as lease:
            waiting = asyncio.ensure_future(second())
            await told.first.wait()
            assert told.ahead == [0]
            await lease.run("x = 'from the first'")
        assert await waiting == "'from the first'\n"

    async def test_ends_for_good_when_it_is_ended(self, sandbox: Sandbox) -> None:
        async with sandbox.lease("ended", owner="ada") as lease:
            await lease.end()
            with pytest.raises(SessionLost):
                await lease.run("1")
        assert await is_new(sandbox, "ended")

    async def test_that_died_of_its_code_is_followed_by_a_new_one(self, sandbox: Sandbox) -> None:
        async with sandbox.lease("died", owner="ada") as lease:
            outcome = await lease.run("import os; os._exit(1)")
            assert outcome.status == "died"
            assert outcome.reason
            with pytest.raises(SessionLost):
                await lease.run("1")
        async with sandbox.lease("died", owner="ada") as lease:
            assert lease.is_new
            assert (await lease.run("1 + 1")).logs == "2\n"


class TestTheFilesOfASession:
    async def test_come_back_as_they_were_put(self, sandbox: Sandbox) -> None:
        content = os.urandom(5 * MB // 2)
        async with sandbox.lease("files", owner="ada") as lease:
            await lease.put("in/data.bin", io.BytesIO(content))
            await lease.put("empty.txt", io.BytesIO())
            assert {(entry.name, entry.size) for entry in await lease.files()} == {
                ("in/data.bin", len(content)),
                ("empty.txt", 0),
            }
            assert (await lease.run("import os; os.path.getsize('/mnt/data/in/data.bin')")).logs == f"{len(content)}\n"
            assert b"".join([part async for part in lease.get("in/data.bin", most=len(content))]) == content
            await lease.remove("in/data.bin")
            assert [entry.name for entry in await lease.files()] == ["empty.txt"]

    async def test_are_refused_by_name_and_the_lease_goes_on(self, sandbox: Sandbox) -> None:
        async with sandbox.lease("names", owner="ada") as lease:
            with pytest.raises(FileRefused):
                await lease.put("../outside", io.BytesIO(b"x"))
            with pytest.raises(FileRefused):
                _ = [part async for part in lease.get("missing.txt", most=1)]
            assert (await lease.run("1")).logs == "1\n"


class TestACell:
    async def test_comes_back_with_what_it_printed_and_drew(self, sandbox: Sandbox) -> None:
        async with sandbox.lease("drawn", owner="ada") as lease:
            outcome = await lease.run("import matplotlib.pyplot as plt\nprint('drawn')\nplt.plot([1, 2])\nplt.show()")
        assert outcome.status == "ok"
        assert outcome.logs.startswith("drawn\n")
        assert [image[:4] for image in outcome.images] == [b"\x89PNG"]

    async def test_whose_client_goes_is_interrupted_and_its_session_lives_on(self, sandbox: Sandbox) -> None:
        async with sandbox.lease("stopped", owner="ada") as lease:
            await lease.run("x = 42")
        cell = Running(sandbox, "ada", session="stopped")
        async with AsyncExitStack() as stack:
            stack.push_async_callback(cell.stop)
            await come_true(lambda: self.runs(sandbox))
        async with sandbox.lease("stopped", owner="ada") as lease:
            assert not lease.is_new
            assert (await lease.run("x")).logs == "42\n"

    async def test_that_takes_no_notice_of_interrupts_is_killed_when_its_client_goes(self, sandbox: Sandbox) -> None:
        cell = Running(sandbox, "ada", session="stubborn", code=STUBBORN)
        await come_true(lambda: self.runs(sandbox))
        await cell.stop()
        assert await is_new(sandbox, "stubborn")

    async def runs(self, sandbox: Sandbox) -> bool:
        return bool((await sandbox.status())["cells"])


class TestCellsAtOnce:
    async def test_are_so_many_and_the_next_is_told_how_many_are_ahead(self, make_broker: MakeBroker) -> None:
        sandbox = make_broker(cells=2, cells_each=2).sandbox
        async with running(sandbox, "ada", "bob"):
            third = Running(sandbox, "eve", code="'third'")
            await third.told.first.wait()
            fourth = Running(sandbox, "zoe", code="'fourth'")
            await fourth.told.first.wait()
            assert third.told.ahead == [0]
            assert fourth.told.ahead == [1]
        assert (await third.task).logs == "'third'\n"
        assert (await fourth.task).logs == "'fourth'\n"

    async def test_leave_room_for_another_owner(self, make_broker: MakeBroker) -> None:
        sandbox = make_broker(cells=2, cells_each=1).sandbox
        async with running(sandbox, "ada"):
            second = Running(sandbox, "ada", code="'mine'")
            await second.told.first.wait()
            other = await Running(sandbox, "bob", code="'theirs'").task
            assert other.logs == "'theirs'\n"
            assert not second.task.done()
        assert (await second.task).logs == "'mine'\n"

    async def test_are_not_waited_for_without_end(self, make_broker: MakeBroker) -> None:
        sandbox = make_broker(cells=1, waiting=0.05).sandbox
        async with running(sandbox, "ada"), sandbox.lease("late", owner="bob") as lease:
            with pytest.raises(Busy):
                await lease.run("1")

    async def test_are_not_waited_for_by_who_gave_up(self, make_broker: MakeBroker) -> None:
        sandbox = make_broker(cells=1).sandbox
        async with running(sandbox, "ada"):
            waiting = Running(sandbox, "bob")
            await waiting.told.first.wait()
            await waiting.stop()

            async def nobody_waits() -> bool:
                return (await sandbox.status())["cells_waiting"] == 0

            await come_true(nobody_waits)


class TestAFullHouse:
    async def test_loses_the_session_that_was_used_least_recently(self, make_broker: MakeBroker) -> None:
        sandbox = make_broker(sessions=2, sessions_each=2).sandbox
        for session in ("old", "older", "old"):
            await is_new(sandbox, session)
        await is_new(sandbox, "newest", owner="bob")
        assert not await is_new(sandbox, "old")
        assert not await is_new(sandbox, "newest", owner="bob")
        await has_sessions(sandbox, 2)

    async def test_of_one_owner_costs_nobody_else_a_session(self, make_broker: MakeBroker) -> None:
        sandbox = make_broker(sessions=9, sessions_each=2).sandbox
        await is_new(sandbox, "old", owner="bob")
        for session in ("one", "two", "three"):
            await is_new(sandbox, session)
        assert not await is_new(sandbox, "old", owner="bob")
        assert not await is_new(sandbox, "three")
        assert await is_new(sandbox, "one")

    async def test_waits_for_a_session_that_is_in_use(self, make_broker: MakeBroker) -> None:
        sandbox, told = make_broker(sessions=1, sessions_each=1).sandbox, Told()

        async def second() -> bool:
            async with sandbox.lease("second", owner="bob", on_waiting=told) as lease:
                return lease.is_new

        async with sandbox.lease("first", owner="ada") as lease:
            waiting = asyncio.ensure_future(second())
            await told.first.wait()
            assert (await lease.run("1")).logs == "1\n"
        assert await waiting
        assert await is_new(sandbox, "first")

    async def test_is_told_as_such_after_the_longest_wait(self, make_broker: MakeBroker) -> None:
        sandbox = make_broker(sessions=1, sessions_each=1, waiting=0.05).sandbox
        async with sandbox.lease("first", owner="ada"):
            with pytest.raises(Busy):
                await is_new(sandbox, "second", owner="bob")


class TestTheLifeOfASession:
    async def test_ends_when_nobody_used_it_for_a_while(self, make_broker: MakeBroker) -> None:
        sandbox = make_broker(idle=0.1).sandbox
        await is_new(sandbox, "idle")
        await has_sessions(sandbox, 0)
        assert await is_new(sandbox, "idle")

    async def test_does_not_end_idle_while_somebody_has_it(self, make_broker: MakeBroker) -> None:
        sandbox = make_broker(idle=0.1).sandbox
        async with sandbox.lease("held", owner="ada") as lease:
            await is_new(sandbox, "idle", owner="bob")
            await has_sessions(sandbox, 1)
            assert (await lease.run("1")).logs == "1\n"

    async def test_ends_when_it_has_lived_for_long_but_never_in_the_middle_of_a_cell(
        self, make_broker: MakeBroker
    ) -> None:
        sandbox = make_broker(life=2).sandbox
        async with sandbox.lease("old", owner="ada") as lease:
            assert (await lease.run("import time; time.sleep(3); 'whole'")).logs == "'whole'\n"
            await has_sessions(sandbox, 0)
            with pytest.raises(SessionLost):
                await lease.run("1")

    async def test_ends_when_all_sessions_need_too_much_memory(self, make_broker: MakeBroker) -> None:
        sandbox = make_broker(memory=100 * MB).sandbox
        async with sandbox.lease("small", owner="bob") as lease:
            await lease.run("x = 1")
        async with sandbox.lease("large", owner="ada") as lease:
            await lease.run(f"x = b'x' * {150 * MB}")
            assert (await lease.run("len(x)")).status == "ok"
        await has_sessions(sandbox, 0)


class TestSpares:
    async def test_are_made_when_there_is_nothing_to_do_and_are_given_out_first(self, make_broker: MakeBroker) -> None:
        sandbox = make_broker(warm=2, look=0.2).sandbox

        async def has_spares() -> bool:
            return (await sandbox.status())["spares"] == 2

        await come_true(has_spares)
        async with sandbox.lease("first", owner="ada") as lease:
            assert lease.is_new
            assert (await sandbox.status())["sessions"] == 1
        await come_true(has_spares)


class TestTheSocket:
    def test_is_its_owners_alone(self, make_broker: MakeBroker) -> None:
        mode = make_broker().options.socket.stat().st_mode
        assert stat.S_IMODE(mode) == 0o600

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
    @pytest.mark.parametrize(("uid", "is_welcome"), [(61190, True), (61191, False)])
    async def test_serves_the_users_that_it_was_told_of_and_no_others(
        self, make_broker: MakeBroker, uid: int, is_welcome: bool
    ) -> None:
        sandbox = make_broker(callers=(61190,)).sandbox
        os.seteuid(uid)
        try:
            served = (await sandbox.status())["op"] == "status"
        except SandboxUnavailable:
            served = False
        finally:
            os.seteuid(0)
        assert served is is_welcome

    async def test_survives_those_who_talk_nonsense(self, sandbox: Sandbox) -> None:
        for nonsense in (b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\2\0\0\0\0[]", b"\xff" * 8):
            reader, writer = await asyncio.open_unix_connection(str(sandbox.socket))
            writer.write(nonsense)
            assert await reader.read() == b""
            writer.close()
        assert await is_new(sandbox, "after nonsense")

    async def test_tells_how_things_stand(self, make_broker: MakeBroker) -> None:
        running = make_broker(sessions=7, cells=3)
        await is_new(running.sandbox, "one")
        status = await running.sandbox.status()
        assert (status["state"], status["pid"]) == ("ready", running.process.pid)
        assert status["reasons"][status["tier"]] == "OK"
        assert (status["sessions"], status["owners"], status["cells"]) == (1, 1, 0)
        assert (status["most"]["sessions"], status["most"]["cells"]) == (7, 3)
        assert status["limits"]["seconds"] == LONG.seconds


async def test_a_lease_is_of_no_use_when_it_is_over(sandbox: Sandbox) -> None:
    async with sandbox.lease("over", owner="ada") as lease:
        kept: Lease = lease
    with pytest.raises(SessionLost):
        await kept.run("1")
