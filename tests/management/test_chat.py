"""The console chat, as a process with a pipe for a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from chat.models import Assistant, User
from tests.live import ROOT, LiveServer

MAKE = """
from chat.models import Assistant, User
admin = User.objects.get()
Assistant.objects.all().delete()
for name in ("Helper", "Tutor"):
    Assistant.objects.create(name=name, owner=admin, instructions="Be brief.")
"""
MESSAGES = """
import json
from chat.models import Thread
rows = Thread.objects.latest("number").messages.order_by("number")
print(json.dumps([[row.role, row.status, row.text] for row in rows]))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    """Its data folder; the server itself is not started."""
    server = LiveServer(tmp_path_factory.mktemp("console"))
    server.shell(MAKE)
    return server


def start(server: LiveServer, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "manage.py", "chat", *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, env=server.environment, text=True, **pipes)


def chat(server: LiveServer, lines: str, *arguments: str) -> tuple[int, str, str]:
    """The exit code, what was printed, and what was remarked."""
    process = start(server, *arguments)
    out, remarks = process.communicate(lines, timeout=120)
    return process.returncode, out, remarks


class TestTheConsole:
    @pytest.mark.parametrize("arguments", [(), ("--no-stream",)])
    def test_answers_each_line_of_a_pipe(self, server: LiveServer, arguments: tuple[str, ...]) -> None:
        code, out, _remarks = chat(server, "one\n\n  two  \n/quit\nthree\n", *arguments)
        assert (code, out.split("\n")) == (0, ["You said: one", "You said: two", ""])

    def test_finds_the_assistant_by_its_name_whatever_the_case(self, server: LiveServer) -> None:
        _code, out, remarks = chat(server, "/request\n", "--assistant", "tUTOR")
        assert "Tutor answers admin" in remarks
        assert "Be brief." in out

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (("--assistant", "nobody"), "There is no assistant 'nobody' for admin. There are: Helper, "),
            (("--assistant", "twin"), "Several assistants are named 'twin': asst_"),
            (("--user", "nobody"), "There is no active user 'nobody'"),
        ],
    )
    def test_says_in_words_what_it_does_not_find(
        self, refusal: Callable[..., str], make_user: Callable[..., User], arguments: tuple[str, ...], reason: str
    ) -> None:
        admin = make_user("admin", is_superuser=True)
        for name in ("Helper", "Twin", "twin"):
            Assistant.objects.create(name=name, owner=admin)
        assert reason in refusal("chat", *arguments)

    def test_shows_what_it_does_not_find_without_a_traceback(self, server: LiveServer) -> None:
        code, out, remarks = chat(server, "one\n", "--assistant", "nobody")
        assert (code, out) == (1, "")
        assert "There is no assistant 'nobody' for admin." in remarks
        assert "Traceback" not in remarks

    def test_says_why_an_answer_failed_and_goes_on(self, server: LiveServer) -> None:
        code, out, remarks = chat(server, "/fail unreachable 2\nagain\n")
        assert code == 1
        assert "You said: again" in out
        assert "The model's server could not be reached" in remarks
        assert "Traceback" not in remarks

    def test_does_not_hang_on_a_function(self, server: LiveServer) -> None:
        code, out, remarks = chat(server, '/call weather {"city": "Oslo"}\nagain\n')
        assert code == 1
        assert "the function weather" in remarks
        assert "You said: again" in out

    def test_lets_no_model_steer_the_terminal(self, server: LiveServer) -> None:
        _code, out, _remarks = chat(server, "/say red \x1b[31m alert\n")
        assert out == "red [31m alert\n"

    def test_stops_an_answer_and_keeps_its_beginning(self, server: LiveServer) -> None:
        process = start(server)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("/slow 100\n")
        process.stdin.flush()
        begun = os.read(process.stdout.fileno(), 100).decode()
        process.send_signal(signal.SIGINT)
        out, remarks = process.communicate("again\n", timeout=120)
        assert process.returncode == 0
        assert "(stopped)" in remarks
        assert "You said: again" in out
        rows = json.loads(server.shell(MESSAGES))
        assert rows[1][:2] == ["assistant", "incomplete"]
        assert begun
        assert rows[1][2].startswith(begun)

    def test_works_beside_a_running_server(self, server: LiveServer) -> None:
        with server:
            code, out, _remarks = chat(server, "one\n/stream 100 200\ntwo\n")
        assert code == 0
        assert out.startswith("You said: one\nword1 word2")
        assert "word99 word100" in out
        assert out.endswith("You said: two\n")
