"""The programs for Node in ``docs/api.md``."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.conformance.clients import node_client
from tests.conformance.conftest import PATIENCE
from tests.live import LiveServer
from tests.snippets import program


class TestTheProgramsForNode:
    def test_print_the_answer(self, server: LiveServer, key: str, tmp_path: Path) -> None:
        interpreter, packages = node_client()
        (tmp_path / "node_modules").symlink_to(packages / "node_modules")
        code = tmp_path / "program.mjs"
        code.write_text(program("js", url=server.url, key=key))
        done = subprocess.run([interpreter, code], capture_output=True, text=True, timeout=PATIENCE)
        assert (done.returncode, done.stdout) == (0, "You said: Hello\n"), done.stderr
