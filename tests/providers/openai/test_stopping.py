from __future__ import annotations

import asyncio
from contextlib import aclosing

from chat.providers.base import Text
from chat.providers.openai.provider import OpenAIProvider
from tests.providers.asking import HELLO
from tests.providers.openai.upstream import Upstream, chunk, endless, events

# Stop or disconnect → upstream closed. A bound for a busy machine: how long it takes is for the benchmark to say.
PROMPTLY = 5.0


class TestStopping:
    async def test_closes_the_connection_when_the_iterator_is_closed(
        self, upstream: Upstream, provider: OpenAIProvider
    ) -> None:
        upstream.will(endless(chunk("Hi")))
        async with aclosing(provider.stream(HELLO)) as pieces:
            assert await anext(pieces) == Text("Hi")
        await asyncio.wait_for(upstream.gone.wait(), PROMPTLY)

    async def test_closes_the_connection_when_the_task_is_cancelled(
        self, upstream: Upstream, provider: OpenAIProvider
    ) -> None:
        upstream.will(endless(chunk("Hi")))
        began = asyncio.Event()

        async def follow() -> None:
            async for _ in provider.stream(HELLO):
                began.set()

        task = asyncio.create_task(follow())
        await began.wait()
        task.cancel()
        await asyncio.wait_for(upstream.gone.wait(), PROMPTLY)
        assert task.cancelled()

    async def test_works_before_the_first_byte(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(endless())
        task = asyncio.create_task(anext(aiter(provider.stream(HELLO))))
        await upstream.asked.wait()
        task.cancel()
        await asyncio.wait_for(upstream.gone.wait(), PROMPTLY)

    async def test_leaves_the_provider_usable(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(endless(chunk("Hi")), events(chunk("Hi"), chunk(finish="stop")))
        async with aclosing(provider.stream(HELLO)) as pieces:
            await anext(pieces)
        assert Text("Hi") in [piece async for piece in provider.stream(HELLO)]

    async def test_is_not_needed_for_a_connection_to_be_used_again(
        self, upstream: Upstream, provider: OpenAIProvider
    ) -> None:
        upstream.will(events(chunk("Hi"), chunk(finish="stop")))
        for _ in range(3):
            assert [piece async for piece in provider.stream(HELLO)]
        assert not upstream.gone.is_set()
        assert len(set(upstream.peers)) == 1
