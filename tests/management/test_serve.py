from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live import ROOT, LiveServer, model_server


def run(server: LiveServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "serve", *arguments]
    return subprocess.run(command, cwd=ROOT, env=server.environment, capture_output=True, text=True, timeout=120)


class TestServe:
    def test_prints_the_first_administrators_password_once(self, tmp_path: Path) -> None:
        server = LiveServer(tmp_path, first=True, EVERTHREAD_ADMIN_PASSWORD="", EVERTHREAD_ADMIN_USERNAME="grace")
        with server:
            first = server.log.read_text()
        server.log.unlink()
        with server:
            second = server.log.read_text()
        assert f"Open {server.url}/" in first
        assert "Sign in as 'grace' with the password" in first
        password = first.split("with the password ")[1].split()[0]
        assert server.shell(
            f"from chat.models import User; print(User.objects.get().check_password({password!r}))"
        ).startswith("True")
        assert "Sign in with your account" in second
        assert password not in second

    def test_makes_starter_assistants_that_everyone_can_use(self, tmp_path: Path) -> None:
        with LiveServer(tmp_path, first=True) as server:
            names = server.shell(
                "from chat.models import Assistant; print(*Assistant.objects.values_list('name', 'audience'))"
            )
        assert "('General assistant', 'everyone')" in names
        assert "('Math tutor', 'everyone')" in names
        assert "('Document helper', 'everyone')" in names

    def test_ends_cleanly_when_an_operator_stops_it(self, tmp_path: Path) -> None:
        server = LiveServer(tmp_path)
        server.start()
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()

    def test_lets_the_server_of_the_environment_answer_whatever_the_model_is_called(self, tmp_path: Path) -> None:
        with model_server() as address, LiveServer(tmp_path, OPENAI_BASE_URL=address) as server:
            assert "I am qwen3:8b." in server.manage("chat", "--assistant", "math tutor", stdin="Who are you?\n")
            server.shell("from chat.models import Assistant; Assistant.objects.update(model='gpt-4o-2024-05-13')")
            assert "I am gpt-4o-2024-05-13." in server.manage("chat", stdin="And now?\n")

    def test_says_that_a_port_is_taken(self, tmp_path: Path) -> None:
        server = LiveServer(tmp_path)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", server.port))
            taken.listen()
            done = run(server, "--port", str(server.port))
        assert done.returncode != 0
        assert f"Cannot listen on 127.0.0.1:{server.port}" in done.stderr
        assert "--port" in done.stderr

    @pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
    def test_refuses_a_port_that_is_none(self, refusal: Callable[..., str], port: str) -> None:
        assert "is not a number from 1 to 65535" in refusal("serve", f"--port={port}")
