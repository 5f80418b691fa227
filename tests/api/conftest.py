"""Ada's program, and what it has made already."""

from __future__ import annotations

import pytest

from chat.actions import rates
from chat.models import Assistant, Thread, User
from tests.api.calling import Api


@pytest.fixture(autouse=True)
def _full_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests give the same numbers to their keys, so none may find what another has spent."""
    monkeypatch.setattr(rates, "_buckets", rates.Buckets())


@pytest.fixture
def api(ada: User) -> Api:
    return Api(ada)


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return Thread.objects.create(owner=ada)
