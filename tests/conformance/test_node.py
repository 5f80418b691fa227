"""Programs for OpenAI's Node SDK."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conformance.clients import node_client
from tests.conformance.conftest import PROGRAMS, expected, saw

FOLDER = PROGRAMS / "node"


@pytest.fixture(scope="session")
def node() -> tuple[Path, Path]:
    return node_client()


class TestANodeProgram:
    @pytest.mark.parametrize("program", sorted(FOLDER.glob("*.mjs")), ids=lambda program: program.stem)
    def test_sees_what_it_saw_at_openai(
        self, program: Path, node: tuple[Path, Path], environment: dict[str, str], tmp_path: Path
    ) -> None:
        """A program looks for packages beside itself and above, so it runs from a copy beside a link to them."""
        interpreter, packages = node
        (tmp_path / "node_modules").symlink_to(packages / "node_modules")
        copy = shutil.copy(program, tmp_path)
        assert saw([interpreter, copy], environment=environment) == expected(program)
