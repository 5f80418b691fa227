"""The programs in ``docs/api.md`` do what it says. Those for Node: ``tests/conformance/test_documents.py``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.live import LiveServer
from tests.snippets import program, promised

PATIENCE = 120  # seconds for one program


def output_of(command: Sequence[str], *, code: str) -> str:
    """What a program printed that was read from its standard input. It must end well."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    done = subprocess.run(command, input=code, env=clean, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def server(shared_server: LiveServer) -> LiveServer:
    return shared_server


@pytest.fixture
def key(server: LiveServer) -> str:
    return server.key


class TestTheProgramsForPython:
    def test_print_what_they_promise(self, server: LiveServer, key: str) -> None:
        code = program("python", url=server.url, key=key)
        lines = output_of([sys.executable, "-"], code=code).splitlines()
        assert lines[0] == "You said: Hello"
        assert lines[1:] == promised(code)


class TestTheProgramsForTheShell:
    def test_are_answered(self, server: LiveServer, key: str) -> None:
        if not shutil.which("curl"):
            if os.environ.get("CI") == "true":
                pytest.fail("no curl on the PATH")
            pytest.skip("no curl on the PATH: its programs do not run")
        said = output_of(["bash", "-euo", "pipefail"], code=program("sh", url=server.url, key=key))
        assert "event: thread.run.completed" in said
        assert '"object": "list"' in said


class TestTheReadme:
    def test_has_the_same_first_program(self) -> None:
        root = Path(__file__).parent.parent
        first = program("python", url="", key="", document=root / "README.md")
        assert program("python", url="", key="").startswith(first)
