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
from tests.retrieval.live import rows

MAKE = """
from chat.models import Assistant, User
admin = User.objects.get()
Assistant.objects.all().delete()
weather = {"type": "function", "function": {"name": "weather"}}
for name in ("Helper", "Tutor"):
    Assistant.objects.create(name=name, owner=admin, instructions="Be brief.", tools=[weather])
"""
ANSWER = """
SELECT answer.status, answer.content FROM chat_message AS answer JOIN chat_message AS question USING (thread_id)
WHERE question.content LIKE '%/slow 100%' AND answer.content LIKE '%word1%'
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
    def test_answers_each_line_of_a_pipe_whatever_comes_between(self, server: LiveServer) -> None:
        call = '/call weather {"city": "Oslo"}'
        said = ["one", "", "  two  ", "/fail unreachable 2", call, "/say red \x1b[31m alert", "again", "/quit", "three"]
        code, out, remarks = chat(server, "\n".join(said))

        assert code == 1  # some answers failed
        answers = ["You said: one", "You said: two", "word1 word2 ", "", "red [31m alert", "You said: again", ""]
        assert out.split("\n") == answers
        assert "The model's server could not be reached" in remarks
        assert "the function weather" in remarks
        assert "Traceback" not in remarks

    def test_finds_the_assistant_by_its_name_whatever_the_case(self, server: LiveServer) -> None:
        code, out, remarks = chat(server, "one\n/request\n", "--no-stream", "--assistant", "tUTOR")

        assert code == 0
        assert "Tutor answers admin" in remarks
        assert out.startswith("You said: one\n")
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
        (answer,) = rows(server, ANSWER)
        assert answer["status"] == "incomplete"
        assert begun
        assert json.loads(answer["content"])[0]["text"]["value"].startswith(begun)

    def test_works_beside_a_running_server(self, server: LiveServer) -> None:
        with server:
            code, out, _remarks = chat(server, "one\n/stream 100 200\ntwo\n")
        assert code == 0
        assert out.startswith("You said: one\nword1 word2")
        assert "word99 word100" in out
        assert out.endswith("You said: two\n")
