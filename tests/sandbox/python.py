"""The Python of the sandbox, for all tests that run code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

from chat.sandbox.environment import build
from chat.sandbox.errors import SandboxUnavailable

PLACE = Path(__file__).resolve().parents[2] / "data" / "sandbox" / "python"


def not_here(reason: str) -> NoReturn:
    """Skip, or fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def sandbox_python() -> Path:
    """The interpreter that cells run in, with its libraries; in the default data folder, for all test runs."""
    try:
        return build.prepare(PLACE, progress=lambda done, sentence: None)
    except SandboxUnavailable as refusal:
        not_here(refusal.message)
