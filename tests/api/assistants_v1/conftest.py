"""Ada's programs, by the Assistants API that they speak."""

from __future__ import annotations

import pytest

from chat.models import User
from tests.api.assistants_v1.making import speaking
from tests.api.calling import Api


@pytest.fixture
def old(ada: User) -> Api:
    return speaking(ada, "v1")


@pytest.fixture
def silent(ada: User) -> Api:
    return speaking(ada, "")


@pytest.fixture
def new(ada: User) -> Api:
    return speaking(ada, "v2")


@pytest.fixture(params=["v1", ""])
def either(request: pytest.FixtureRequest, ada: User) -> Api:
    """Whoever may send the old form."""
    return speaking(ada, request.param)
