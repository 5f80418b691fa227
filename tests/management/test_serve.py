from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from tests.live import ROOT, LiveServer, model_server
from tests.retrieval.live import rows


def run(server: LiveServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "serve", *arguments]
    return subprocess.run(command, cwd=ROOT, env=server.environment, capture_output=True, text=True, timeout=120)


class TestServe:
    def test_sets_up_at_its_first_start_and_ends_cleanly(self, tmp_path: Path) -> None:
        server = LiveServer(tmp_path, first=True, EVERTHREAD_ADMIN_PASSWORD="", EVERTHREAD_ADMIN_USERNAME="grace")
        server.start()
        assert server.stop() == 0
        first = server.log.read_text()
        server.log.unlink()
        server.start()
        assert server.stop() == 0
        second = server.log.read_text()

        assert "Traceback" not in first + second
        assert f"Open {server.url}/" in first
        assert "Sign in as 'grace' with the password" in first
        password = first.split("with the password ")[1].split()[0]
        (grace,) = rows(server, "SELECT password FROM chat_user WHERE username = 'grace'")
        assert PBKDF2PasswordHasher().verify(password, grace["password"])
        assert "Sign in with your account" in second
        assert password not in second
        assert rows(server, "SELECT name, audience FROM chat_assistant ORDER BY number") == [
            {"name": "General assistant", "audience": "everyone"},
            {"name": "Math tutor", "audience": "everyone"},
            {"name": "Data analyst", "audience": "everyone"},
            {"name": "Document helper", "audience": "everyone"},
        ]

    def test_lets_the_server_of_the_environment_answer_whatever_the_model_is_called(self, tmp_path: Path) -> None:
        with model_server() as address, LiveServer(tmp_path, OPENAI_BASE_URL=address) as server:
            tutor = "Assistant.objects.filter(name='Math tutor')"
            server.shell(f"from chat.models import Assistant; {tutor}.update(model='gpt-4o')")
            names = ("general assistant", "math tutor")
            answers = [server.manage("chat", "--assistant", name, stdin="?\n") for name in names]
        assert "I am qwen3:8b." in answers[0]
        assert "I am gpt-4o." in answers[1]

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
