"""A thread whose assistant has a function."""

from __future__ import annotations

import pytest

from chat.models import Assistant, Thread, User

WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    assistant.tools = [WEATHER]
    assistant.save()
    return Thread.objects.create(owner=ada, assistant=assistant)
