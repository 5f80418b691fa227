from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from chat.errors import ProviderError, Refusal
from chat.providers.base import Finish, Piece, Request, ToolCallPiece, Turn, Usage
from chat.providers.openai.provider import OpenAIProvider
from chat.providers.openai.stream import streamed_response
from tests.providers.asking import text_of
from tests.providers.conftest import KEY
from tests.providers.hostile import CASES
from tests.providers.hostile_server import SILENCE, Answered, Case, HostileServer, Refused
from tests.providers.openai.upstream import DONE

pytestmark = pytest.mark.slow

AT_ONCE = 8  # cases


@pytest.fixture
async def provider(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenAIProvider]:
    monkeypatch.setattr(streamed_response, "REST_TIMEOUT", SILENCE)
    server = HostileServer(CASES)
    await server.start()
    provider = OpenAIProvider(server.url, KEY, timeout=SILENCE, max_retries=0)
    yield provider
    await provider.aclose()
    await server.stop()


async def outcome(provider: OpenAIProvider, case: Case) -> Answered | ProviderError:
    request = Request(model="m", turns=[Turn("user", case.name)])
    try:
        return answered([piece async for piece in provider.stream(request)])
    except ProviderError as error:
        return error


def answered(pieces: list[Piece]) -> Answered:
    """The answer in pieces that keep what a provider promises of them."""
    assert sum(isinstance(piece, Usage) for piece in pieces) <= 1
    finish = pieces[-1]
    assert isinstance(finish, Finish)
    calls: dict[int, tuple[str, str]] = {}
    for piece in pieces:
        if isinstance(piece, ToolCallPiece):
            assert (piece.index in calls) is not bool(piece.id and piece.name), "id and name come first, and once"
            name, arguments = calls.get(piece.index, (piece.name or "", ""))
            calls[piece.index] = (name, arguments + piece.arguments)
    return Answered(text_of(pieces), tuple(calls.values()), finish.reason)


def is_right(found: object, wanted: Answered | Refused) -> bool:
    if isinstance(wanted, Answered):
        return found == wanted
    return type(found) is wanted.kind and wanted.words in found.message


class TestAHostileServer:
    def test_has_a_name_for_each_case(self) -> None:
        assert len({case.name for case in CASES}) == len(CASES)

    async def test_is_mended_or_named_in_every_case(self, provider: OpenAIProvider) -> None:
        free = asyncio.Semaphore(AT_ONCE)
        wrong: list[str] = []

        async def check(case: Case) -> None:
            async with free:
                try:
                    found: object = await outcome(provider, case)
                except Exception as error:
                    found = error
            if not is_right(found, case.outcome):
                wrong.append(f"{case.name[:80]}\n  found:  {found!r:.300}\n  wanted: {case.outcome!r:.300}")

        await asyncio.gather(*map(check, CASES))
        assert not wrong, "\n".join([f"{len(wrong)} of {len(CASES)}:", *wrong])

    async def test_cannot_break_what_is_passed_on_to_programs(self, provider: OpenAIProvider) -> None:
        free = asyncio.Semaphore(AT_ONCE)

        async def check(case: Case) -> None:
            message = {"role": "user", "content": case.name}
            body = json.dumps({"model": "m", "messages": [message], "stream": True}).encode()
            async with free:
                with suppress(Refusal):
                    reply = await provider.forward("/chat/completions", body, model="m", served_as="m")
                    passed_on = [event async for event in reply.events()] if reply.is_stream else [await reply.body()]
                    assert all(
                        event == DONE[6:-2] or isinstance(json.loads(event, parse_int=len), dict) for event in passed_on
                    )

        await asyncio.gather(*map(check, CASES))
