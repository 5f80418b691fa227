from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from chat.providers.openai.provider import OpenAIProvider
from tests.providers.openai.upstream import Upstream

KEY = "sk-proj-0123456789abcdefghij"


@pytest.fixture
async def provider(upstream: Upstream) -> AsyncIterator[OpenAIProvider]:
    found = OpenAIProvider(upstream.url, KEY, timeout=5)
    yield found
    await found.aclose()
