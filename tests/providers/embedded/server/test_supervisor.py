from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chat.errors import Unreachable
from chat.providers.embedded.server.supervisor import ROOT, ServerSupervisor
from tests.providers.embedded.conftest import is_running, until

USER = """
import sys
from pathlib import Path
from chat.providers.embedded.server.supervisor import ServerSupervisor

print(ServerSupervisor(Path(sys.argv[1]), model=Path(sys.argv[2])).ensure().pid, flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process(folder: Path, model: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that uses the server, and the server's process id."""
    command = [sys.executable, "-c", USER, str(folder), str(model)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


class TestTheServer:
    def test_is_started_by_its_first_user_only(self, make_supervisor: Callable[[], ServerSupervisor]) -> None:
        supervisor = make_supervisor()
        assert not supervisor.alive()

        server = supervisor.ensure()

        assert supervisor.alive()
        assert server == supervisor.ensure() == make_supervisor().ensure()

    def test_is_shared_with_other_processes(
        self, make_supervisor: Callable[[], ServerSupervisor], tmp_path: Path, model: Path
    ) -> None:
        server = make_supervisor().ensure()

        with another_process(tmp_path, model) as (_process, pid):
            assert pid == server.pid

    def test_is_told_of_in_a_file_that_only_its_owner_reads(
        self, make_supervisor: Callable[[], ServerSupervisor], tmp_path: Path
    ) -> None:
        server = make_supervisor().ensure()

        (record,) = tmp_path.glob("embedded/*/server.json")
        assert server.key in record.read_text()
        assert stat.S_IMODE(record.stat().st_mode) == 0o600

    def test_is_replaced_when_it_was_killed(self, make_supervisor: Callable[[], ServerSupervisor]) -> None:
        supervisor = make_supervisor()
        server = supervisor.ensure()

        os.kill(server.pid, signal.SIGKILL)

        assert until(lambda: not supervisor.alive())
        assert supervisor.ensure().pid != server.pid

    def test_is_replaced_when_it_hangs(
        self, make_supervisor: Callable[[], ServerSupervisor], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("chat.providers.embedded.server.supervisor.ANSWER_SECONDS", 0.3)
        supervisor = make_supervisor()
        server = supervisor.ensure()

        os.kill(server.pid, signal.SIGSTOP)

        assert supervisor.ensure().pid != server.pid
        assert not is_running(server.pid)

    def test_stays_while_somebody_uses_it(self, make_supervisor: Callable[[], ServerSupervisor]) -> None:
        leaving, staying = make_supervisor(), make_supervisor()
        server = leaving.ensure()
        staying.ensure()

        leaving.close()

        assert staying.ensure() == server

    def test_ends_with_its_last_user(self, make_supervisor: Callable[[], ServerSupervisor]) -> None:
        supervisor = make_supervisor()
        server = supervisor.ensure()

        supervisor.close()

        assert not supervisor.alive()
        assert until(lambda: not is_running(server.pid))

    def test_ends_soon_when_its_last_user_was_killed(self, runtime: None, tmp_path: Path, model: Path) -> None:
        with another_process(tmp_path, model) as (process, pid):
            process.kill()

            assert until(lambda: not is_running(pid))

    def test_survives_the_process_that_started_it_while_another_uses_it(
        self, make_supervisor: Callable[[], ServerSupervisor], tmp_path: Path, model: Path
    ) -> None:
        with another_process(tmp_path, model) as (process, pid):
            supervisor = make_supervisor()
            supervisor.ensure()
            process.kill()
            process.wait()

            assert supervisor.ensure().pid == pid

    def test_that_does_not_start_says_why(self, make_supervisor: Callable[[], ServerSupervisor], model: Path) -> None:
        model.write_bytes(b"broken")

        with pytest.raises(Unreachable, match=r"did not start: .*Failed to init server"):
            make_supervisor().ensure()

    def test_starts_once_its_file_is_mended(self, make_supervisor: Callable[[], ServerSupervisor], model: Path) -> None:
        supervisor = make_supervisor()
        model.write_bytes(b"broken")
        with pytest.raises(Unreachable):
            supervisor.ensure()

        model.write_bytes(b"weights")

        assert supervisor.ensure().ready


class TestTheChild:
    def test_imports_nothing_heavy(self) -> None:
        code = "import sys, chat.providers.embedded.server.child; print(*sys.modules)"

        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

        assert not set(done.stdout.split()) & {"django", "openai", "aiohttp", "asyncio", "xllamacpp"}

    def test_leaves_when_another_serves(
        self, make_supervisor: Callable[[], ServerSupervisor], tmp_path: Path, model: Path
    ) -> None:
        make_supervisor().ensure()
        (folder,) = tmp_path.glob("embedded/*")
        command = [sys.executable, "-m", "chat.providers.embedded.server.child", str(model), str(folder)]

        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

        assert done.returncode == 1
        assert "another process serves this model" in done.stderr
