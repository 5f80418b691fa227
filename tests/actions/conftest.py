"""A thread of Ada's."""

from __future__ import annotations

import pytest

from chat.models import Assistant, Thread, User


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return Thread.objects.create(owner=ada, assistant=assistant)
