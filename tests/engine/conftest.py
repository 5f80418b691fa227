"""A thread to talk in, and a stage to play runs on."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat.models import Assistant, Thread, User
from tests.engine.stage import Stage


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return Thread.objects.create(owner=ada, assistant=assistant)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "workers")
