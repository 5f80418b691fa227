"""A session as the broker sees it: what it answers, how it is stopped, and that nothing is left of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chat.sandbox.errors import FileRefused, IsolationFailed, SandboxUnavailable, SessionLost
from chat.sandbox.isolation.layers import SessionPlan
from chat.sandbox.protocol import CHUNK, MAX_BODY
from chat.sandbox.sessions.session import Session
from chat.sandbox.sessions.zygote import Zygote
from chat.sandbox.values import MB, Limits, Tier
from tests.sandbox.battery import weakened
from tests.sandbox.battery.ground import is_living
from tests.sandbox.conftest import UIDS, MakeSession

ROOT = Path(__file__).resolve().parents[3]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")


# of the processor time that it has, it leaves itself a second, and as much between its two limits as there was
SPENDING = """
import resource
soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
resource.setrlimit(resource.RLIMIT_CPU, (1, 1 + hard - soft))
while True: pass
"""


@pytest.fixture(scope="module")
def light(sandbox_python: Path, ground: Path) -> Iterator[Zygote]:
    """Without libraries: it starts at once."""
    with closing(Zygote(sandbox_python, folder=ground / "light", preload=())) as zygote:
        yield zygote


@pytest.fixture
def session(make_session: MakeSession, tier: Tier, light: Zygote) -> Session:
    return make_session(tier, zygote=light)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def family_of(session: Session, zygote: Zygote) -> set[int]:
    """Its process and, in namespaces, the one that waits for it."""
    return {session.pid, parent_of(session.pid)} - {zygote.pid}


class TestACellThatGoesOn:
    def test_is_interrupted_when_its_time_is_over_and_variables_are_kept(self, session: Session) -> None:
        session.run("kept = 7")

        outcome = session.run("while True: pass", seconds=0.3)

        assert outcome.status == "interrupted"
        assert "KeyboardInterrupt" in outcome.logs
        assert session.run("kept").logs == "7\n"

    def test_is_interrupted_when_it_is_stopped(self, session: Session) -> None:
        stop = threading.Event()
        timer = threading.Timer(0.2, stop.set)
        timer.start()

        outcome = session.run("import time\ntime.sleep(100)", stop=stop)

        assert outcome.status == "interrupted"
        assert session.run("1").logs == "1\n"

    def test_is_interrupted_although_it_was_stopped_before_it_began(self, session: Session) -> None:
        stop = threading.Event()
        stop.set()

        assert session.run("import time\ntime.sleep(100)", stop=stop).status == "interrupted"

    def test_ends_with_the_session_if_it_cannot_be_stopped(self, session: Session) -> None:
        stop = threading.Event()
        timer = threading.Timer(0.2, stop.set)
        timer.start()

        outcome = session.run("sum(range(10**14))", stop=stop)

        assert (outcome.status, outcome.reason) == ("died", "It was stopped, and did not end by itself.")

    def test_ends_with_the_session_if_time_does_not_stop_it(self, session: Session) -> None:
        outcome = session.run("print('begun', flush=True); sum(range(10**14))", seconds=0.2)

        assert outcome.status == "died"
        assert outcome.reason.startswith("It ran longer than 0.2 seconds")
        assert outcome.logs == "begun\n"

    def test_may_be_stopped_while_its_time_is_running_out(self, session: Session) -> None:
        stop = threading.Event()
        timer = threading.Timer(0.6, stop.set)
        timer.start()

        outcome = session.run("sum(range(10**14))", seconds=0.2, stop=stop)

        assert outcome.reason == "It was stopped, and did not end by itself."


class TestASessionThatDied:
    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("import os; os._exit(0)", "The code ended the interpreter."),
            ("import os; os._exit(3)", "The code ended the interpreter."),
            ("import ctypes; ctypes.string_at(0)", "The interpreter crashed (SIGSEGV)."),
            ("import os, time; os.close(900); time.sleep(5)", "It did not keep to the form of an answer."),
            ("import time; x = bytearray(b'x') * (300 << 20); time.sleep(5)", "It used more than 200 MB of memory."),
            ("while True: print('x' * 10000)", "It printed more than 4 MB."),
            (SPENDING, "It used up the processor time of a session."),
        ],
    )
    def test_says_why(self, make_session: MakeSession, tier: Tier, light: Zygote, code: str, reason: str) -> None:
        session = make_session(tier, zygote=light, limits=Limits(memory=200 * MB, flood=4 * MB))

        outcome = session.run(code)

        assert (outcome.status, outcome.reason, session.ended) == ("died", reason, reason)

    def test_is_gone_although_nobody_spoke_with_it(self, session: Session) -> None:
        session.run("open('/mnt/data/a', 'w').write('x' * 5_000_000)")
        assert not session.is_gone

        os.kill(session.pid, signal.SIGKILL)
        is_living(session.pid)

        assert session.is_gone

    def test_is_lost_to_all_that_comes_later(self, session: Session) -> None:
        session.run("import os; os._exit(0)")

        for ask in (session.files, lambda: session.run("1"), lambda: session.get("a", offset=0)):
            with pytest.raises(SessionLost, match="ended the interpreter"):
                ask()
        assert session.memory() == 0

    def test_has_told_what_was_printed_before(self, session: Session) -> None:
        assert session.run("print('before', flush=True); import os; os._exit(0)").logs == "before\n"


class TestWhatACellSays:
    def test_comes_in_the_order_of_printing_value_and_traceback(self, session: Session) -> None:
        assert session.run("import sys\nprint('a')\nprint('b', file=sys.stderr)\n'c'").logs == "a\nb\n'c'\n"
        assert session.run("print('a')\n1/0").logs.startswith("a\nTraceback")

    def test_is_cut_in_the_middle(self, make_session: MakeSession, tier: Tier, light: Zygote) -> None:
        session = make_session(tier, zygote=light, limits=Limits(logs=1000))

        logs = session.run("print('first')\nprint('x' * 100_000)\nprint('last')").logs

        assert logs.startswith("first\nxxx")
        assert "bytes are left out here" in logs
        assert logs.endswith("xxx\nlast\n")

    def test_can_be_stored_whatever_bytes_it_has(self, session: Session) -> None:
        logs = session.run(r"import os; os.write(1, b'\xff\0'); '\ud800'").logs

        assert logs.encode()
        assert "\0" not in logs

    def test_belongs_to_the_next_cell_if_a_thread_says_it_late(self, session: Session) -> None:
        code = """
import threading
go = threading.Event()
thread = threading.Thread(target=lambda: go.wait() and print("late", flush=True))
thread.start()
print("now")"""

        assert session.run(code).logs == "now\n"
        assert session.run("go.set(); thread.join()").logs == "late\n"

    def test_cannot_be_said_by_code_that_is_too_long(self, session: Session) -> None:
        outcome = session.run("#" * (MAX_BODY + 1))

        assert (outcome.status, outcome.logs) == ("error", "The code is too long.\n")
        assert session.run("1").status == "ok"


class TestFiles:
    def test_come_back_as_they_were_put(self, session: Session) -> None:
        data = os.urandom(5 * MB + 17)

        session.put("folder/data.bin", data)

        parts = [session.get("folder/data.bin", offset=offset) for offset in range(0, len(data) + CHUNK, CHUNK)]
        assert b"".join(parts) == data
        assert session.get("folder/data.bin", offset=len(data)) == b""
        assert [(entry.name, entry.size) for entry in session.files()] == [("folder/data.bin", len(data))]

    def test_are_put_in_parts_that_replace_what_was_there(self, session: Session) -> None:
        session.put("a.txt", b"something long")
        session.put("a.txt", b"ab")
        session.put("a.txt", b"cd", offset=2)

        assert session.run("open('/mnt/data/a.txt').read()").logs == "'abcd'\n"

    def test_may_be_empty(self, session: Session) -> None:
        session.put("empty", b"")

        assert [(entry.name, entry.size) for entry in session.files()] == [("empty", 0)]

    def test_are_removed(self, session: Session) -> None:
        session.put("a.txt", b"a")
        session.remove("a.txt")

        assert session.files() == []
        with pytest.raises(FileRefused, match="No such file"):
            session.get("a.txt", offset=0)

    @pytest.mark.parametrize(
        "name", ["", ".", "..", "/etc/passwd", "../a", "a/../b", "a//b", "a\nb", "a\0b", "x" * 600]
    )
    def test_have_names_that_lead_down(self, session: Session, name: str) -> None:
        for use in (lambda: session.put(name, b""), lambda: session.get(name, offset=0), lambda: session.remove(name)):
            with pytest.raises(FileRefused, match="is not the name of a file"):
                use()
        assert session.run("1").status == "ok"

    def test_are_refused_when_there_is_no_room(self, make_session: MakeSession, light: Zygote) -> None:
        session = make_session("ns", zygote=light, limits=Limits(disk=2 * MB))

        session.put("first", bytes(MB))
        with pytest.raises(FileRefused, match="No space left"):
            session.put("second", bytes(2 * MB))

    def test_that_lie_in_memory_are_counted_with_it(self, make_session: MakeSession, light: Zygote) -> None:
        session = make_session("ns", zygote=light)
        before = session.memory()

        session.put("big", bytes(20 * MB))

        assert session.memory() >= before + 20 * MB

    def test_of_a_session_are_not_those_of_another(self, make_session: MakeSession, tier: Tier, light: Zygote) -> None:
        first, second = make_session(tier, zygote=light), make_session(tier, zygote=light)
        first.put("a.txt", b"a")

        assert second.files() == []
        assert second.run("import os; os.listdir('/mnt/data')").logs == "[]\n"


class TestWhenItIsClosed:
    def test_its_processes_and_its_folder_are_gone(
        self, sandbox_python: Path, light: Zygote, tier: Tier, ground: Path, tiers: object
    ) -> None:
        folder = ground / f"closing-{tier}"
        session = Session(light, tier, folder=folder, uid=UIDS[-1] if os.geteuid() == 0 else None)
        session.put("a/b/c", b"x")
        family = family_of(session, light)

        session.close()
        session.close()

        assert not [pid for pid in family if Path(f"/proc/{pid}").exists()]
        assert not folder.exists()
        assert session.ended == "It was closed."

    def test_many_leave_nothing_behind(self, make_session: MakeSession, tier: Tier, light: Zygote) -> None:
        make_session(tier, zygote=light).close()
        descriptors, children = len(os.listdir("/proc/self/fd")), _children(light.pid)

        for _ in range(20):
            make_session(tier, zygote=light).close()

        assert len(os.listdir("/proc/self/fd")) == descriptors
        assert _children(light.pid) == children

    def test_a_zygote_takes_its_sessions_along(
        self, make_session: MakeSession, tier: Tier, sandbox_python: Path
    ) -> None:
        with closing(Zygote(sandbox_python, folder=Path("/tmp"), preload=())) as zygote:
            session = make_session(tier, zygote=zygote)
            family = family_of(session, zygote)
            zygote.close()

            assert not [pid for pid in family if is_living(pid)]
            assert session.run("1").status == "died"

    def test_a_broker_that_is_killed_takes_all_along(
        self, make_session: MakeSession, tier: Tier, sandbox_python: Path, ground: Path
    ) -> None:
        make_session(tier).close()  # or it is skipped
        broker = subprocess.Popen(
            [sys.executable, "-c", _BROKER, str(sandbox_python), tier, str(ground / "killed"), str(UIDS[-2])],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        assert broker.stdout is not None
        pids = [int(pid) for pid in broker.stdout.readline().split()]
        broker.kill()
        broker.communicate()

        assert len(pids) == 2
        assert not [pid for pid in pids if is_living(pid)]


class TestSessionsOfOneZygote:
    def test_do_not_wait_for_one_whose_lock_down_is_slow(
        self, sandbox_python: Path, ground: Path, tiers: object
    ) -> None:
        command = (weakened.MODULE, '{"slow": 3}')  # in namespaces
        uids = iter(UIDS) if os.geteuid() == 0 else iter([None, None])
        order: list[Tier] = []

        def start(tier: Tier, uid: int | None) -> None:
            with closing(Session(zygote, tier, folder=ground / f"slow-{tier}", uid=uid)):
                order.append(tier)

        with closing(Zygote(sandbox_python, folder=ground / "slow", preload=(), command=command)) as zygote:
            slow = threading.Thread(target=start, args=("ns", next(uids)))
            slow.start()
            start("landlock", next(uids))
            slow.join()

        assert order == ["landlock", "ns"]

    @pytest.mark.parametrize("without", [[], ["randomness"]])
    def test_draw_numbers_of_their_own(
        self, make_session: MakeSession, sandbox_python: Path, ground: Path, without: list[str]
    ) -> None:
        told = f'{{"without": {without}}}'.replace("'", '"')
        command = (weakened.MODULE, told)
        with closing(
            Zygote(sandbox_python, folder=ground / "drawing", preload=("numpy.random",), command=command)
        ) as zygote:
            sessions = [make_session("ns", zygote=zygote) for _ in range(2)]
            drawn = {session.run("import numpy; float(numpy.random.random())").logs for session in sessions}

        assert len(drawn) == (1 if without else 2)


class TestAZygote:
    def test_says_which_library_is_missing(self, sandbox_python: Path, tmp_path: Path) -> None:
        with pytest.raises(SandboxUnavailable, match="No module named 'no_such_library'"):
            Zygote(sandbox_python, folder=tmp_path, preload=("no_such_library",))

    def test_says_that_there_is_no_python(self, tmp_path: Path) -> None:
        with pytest.raises(SandboxUnavailable, match="No such file"):
            Zygote(tmp_path / "python", folder=tmp_path)

    def test_says_that_it_cannot_start(self, tmp_path: Path) -> None:
        with pytest.raises(SandboxUnavailable, match="does not start"):
            Zygote(Path("/bin/false"), folder=tmp_path)

    def test_survives_one_who_asked_for_a_session_that_cannot_be_and_went(
        self, sandbox_python: Path, tmp_path: Path
    ) -> None:
        command = (weakened.MODULE, '{"barren": true}')
        plan = SessionPlan(tier="ns", limits=Limits(), folder=str(tmp_path / "session"))
        with closing(Zygote(sandbox_python, folder=tmp_path, preload=(), command=command)) as zygote:
            os.kill(zygote.pid, signal.SIGSTOP)
            control, theirs = socket.socketpair()
            with control, theirs:
                zygote.spawn(plan, control=theirs, output=theirs.fileno()).close()
            os.kill(zygote.pid, signal.SIGCONT)

            for _ in range(2):
                with pytest.raises(IsolationFailed):
                    Session(zygote, "ns", folder=tmp_path / "session", uid=UIDS[0])
            assert zygote.is_alive

    def test_that_was_killed_starts_no_session(self, sandbox_python: Path, tmp_path: Path) -> None:
        with closing(Zygote(sandbox_python, folder=tmp_path, preload=())) as zygote:
            os.kill(zygote.pid, 9)
            is_living(zygote.pid)

            assert not zygote.is_alive
            with pytest.raises(OSError, match="Broken pipe"):
                Session(zygote, "ns", folder=tmp_path / "session", uid=UIDS[0] if os.geteuid() == 0 else None)


@as_root
class TestStartedAsRoot:
    def test_a_session_needs_a_user(self, light: Zygote, tier: Tier, tmp_path: Path) -> None:
        with pytest.raises(IsolationFailed, match="EVERTHREAD_SANDBOX_UIDS"):
            Session(light, tier, folder=tmp_path / "session")

    def test_a_session_is_that_user(self, make_session: MakeSession, tier: Tier, light: Zygote) -> None:
        first, second = make_session(tier, zygote=light), make_session(tier, zygote=light)
        uids = [one.run("import os; print(os.getuid(), os.getgid(), os.getgroups())").logs for one in (first, second)]

        assert uids[0] != uids[1]
        assert all(int(uid.split()[0]) in UIDS and uid.strip().endswith("[]") for uid in uids)

    def test_what_it_needs_is_readable_whatever_our_own_mask(
        self, sandbox_python: Path, ground: Path, tier: Tier
    ) -> None:
        usual = os.umask(0o077)
        try:
            with closing(Zygote(sandbox_python, folder=ground / f"mask-{tier}", preload=())) as zygote:
                folder = ground / f"masked-{tier}"
                with closing(Session(zygote, tier, folder=folder, uid=UIDS[1])) as session:
                    assert session.run("import wave, pwd; open('/mnt/data/a', 'w').close()").status == "ok"
        finally:
            os.umask(usual)

    def test_a_folder_that_the_user_cannot_enter_is_said(self, light: Zygote, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)

        with pytest.raises(IsolationFailed, match=r"may not enter .*: put the data folder where every user"):
            Session(light, "landlock", folder=closed / "session", uid=UIDS[0])
        assert list(closed.iterdir()) == []

    def test_a_python_that_the_user_cannot_read_is_said(
        self, sandbox_python: Path, ground: Path, tmp_path: Path
    ) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)
        base = [str(sandbox_python), "-m", "venv", "--without-pip", str(closed / "python")]
        subprocess.run(base, check=True)

        with closing(Zygote(closed / "python" / "bin" / "python", folder=tmp_path / "caches", preload=())) as zygote:
            with pytest.raises(IsolationFailed, match="set EVERTHREAD_SANDBOX_PYTHON to a Python that every user may"):
                Session(zygote, "landlock", folder=ground / "unread", uid=UIDS[0])
            with closing(Session(zygote, "ns", folder=ground / "unread", uid=UIDS[0])) as session:
                assert session.run("import wave").status == "ok"


def _children(pid: int) -> str:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text()


_BROKER = """
import os, sys, time
from pathlib import Path
from chat.sandbox.sessions.session import Session
from chat.sandbox.sessions.zygote import Zygote
python, tier, folder, uid = sys.argv[1:]
zygote = Zygote(Path(python), folder=Path(folder, "caches"), preload=())
os.chmod(folder, 0o711)
session = Session(zygote, tier, folder=Path(folder, "session"), uid=int(uid) if os.geteuid() == 0 else None)
print(zygote.pid, session.pid, flush=True)
time.sleep(100)
"""
