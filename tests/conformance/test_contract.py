"""The tests that the Python SDK brings for itself, pointed at a live server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.clients import contract_tests
from tests.conformance.contract.left_out import LEFT_OUT, OTHER_APIS
from tests.live import ROOT, LiveServer

MODULES = (
    "beta/test_assistants.py",
    "beta/test_threads.py",
    "beta/threads/test_messages.py",
    "beta/threads/test_runs.py",
    "beta/threads/runs/test_steps.py",
    "test_files.py",
    "test_vector_stores.py",
    "vector_stores/test_files.py",
    "vector_stores/test_file_batches.py",
)
PATIENCE = 300  # seconds for one module
# Neither the settings of the SDK's project nor the plugins of ours.
OPTIONS = ["-q", "-rfE", "--tb=short", "--show-capture=no", "-p", "seeds", "-o", "addopts="]
OPTIONS += [
    "-p",
    "no:django",
    "-p",
    "no:randomly",
    "-p",
    "no:socket",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:schemathesis",
]


@pytest.fixture(scope="session")
def source() -> Path:
    return contract_tests()


class TestTheContract:
    @pytest.mark.parametrize("module", MODULES)
    def test_is_kept(self, module: str, source: Path, server: LiveServer) -> None:
        here = Path(__file__).parent / "contract"
        path = [source / "src", source, here, ROOT]
        environment = {
            **server.environment,
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "TEST_API_BASE_URL": f"{server.url}/v1",
        }
        command = [sys.executable, "-m", "pytest", f"tests/api_resources/{module}", *OPTIONS]
        done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr

    def test_is_read_to_the_end(self, source: Path) -> None:
        """Every module is run or named with its reason."""
        folder = source / "tests" / "api_resources"
        served = ("beta/**/test_*.py", "test_files.py", "test_vector_stores.py", "vector_stores/test_*.py")
        there = {path.relative_to(folder).as_posix() for pattern in served for path in folder.glob(pattern)}
        other = {name for name in there if name in OTHER_APIS or any(name.startswith(f"{at}/") for at in OTHER_APIS)}
        assert there - other == set(MODULES)
        assert all((folder / at).exists() for at in OTHER_APIS)

    def test_is_left_out_in_modules_that_are_run(self) -> None:
        assert {name.partition("::")[0] for name in LEFT_OUT} <= set(MODULES)
