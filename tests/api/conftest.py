"""Ada's program, and what it has made already."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat.models import Assistant, Thread, User
from tests.api.calling import Api
from tests.api.streaming.streams import Streams
from tests.engine.stage import Stage


@pytest.fixture
def api(ada: User) -> Api:
    return Api(ada)


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return Thread.objects.create(owner=ada)


@pytest.fixture
def streams(api: Api) -> Streams:
    return Streams(api)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "workers")
