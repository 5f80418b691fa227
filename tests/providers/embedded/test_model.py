"""The real model in its real runtime. Slow: some twenty seconds on two cores."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from chat.errors import ContextOverflow, Unreachable
from chat.providers.base import Finish, Function, Piece, Request, Text, ToolCall, ToolCallPiece, Turn, Usage
from chat.providers.embedded.provider import EmbeddedProvider
from chat.providers.embedded.server.record import Server, read_server
from chat.providers.embedded.server.supervisor import ServerSupervisor
from chat.providers.embedded.weights.catalogue import DEFAULT
from tests.providers.embedded.conftest import until

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(600)]

PROJECT = Path(__file__).parents[3]
WEATHER = Function(
    "get_weather",
    "Get the current weather for a city",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


def weights() -> Path | None:
    """``EVERTHREAD_MODEL_PATH``, else the file in the project's data folder."""
    named = os.environ.get("EVERTHREAD_MODEL_PATH")
    path = Path(named) if named else PROJECT / "data" / "models" / DEFAULT.file_name
    return path if path.is_file() else None


@pytest.fixture(scope="module")
def model() -> Path:
    path = weights()
    if path is None or find_spec("xllamacpp") is None:
        missing = "The embedded model is not here: `python -m chat.providers.embedded` fetches it into data/models."
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return path


@pytest.fixture(scope="module")
def folder(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder whose server stays for all tests."""
    folder = tmp_path_factory.mktemp("data")
    supervisor = ServerSupervisor(folder, model=model)
    supervisor.ensure()
    yield folder
    supervisor.close()


@pytest.fixture
async def provider(folder: Path, model: Path) -> AsyncIterator[EmbeddedProvider]:
    provider = EmbeddedProvider(folder, model_path=model)
    yield provider
    await provider.aclose()


def asking(text: str, **fields: Any) -> Request:
    return Request("gpt-4o", [Turn("user", text)], **fields)


def words(pieces: list[Piece]) -> str:
    return "".join(piece.value for piece in pieces if isinstance(piece, Text))


async def collect(provider: EmbeddedProvider, request: Request) -> list[Piece]:
    return [piece async for piece in provider.stream(request)]


async def drain(stream: AsyncIterator[Piece]) -> None:
    async for _ in stream:
        pass


def server(folder: Path) -> Server:
    (record,) = folder.glob("embedded/*/server.json")
    found = read_server(record)
    assert found
    return found


def busy_slots(folder: Path) -> int:
    here = server(folder)
    address = here.base_url.removesuffix("/v1") + "/slots"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {here.key}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return sum(slot["is_processing"] for slot in json.load(response))


class TestTheEmbeddedModel:
    @pytest.mark.parametrize(
        ("question", "answer"),
        [
            ("What is the capital of France?", "Paris"),
            ("What is 17 + 25?", "42"),
            ("Write a Python function that reverses a string.", "[::-1]|reversed|reverse()"),
        ],
    )
    async def test_answers_simple_questions(self, provider: EmbeddedProvider, question: str, answer: str) -> None:
        pieces = await collect(provider, asking(question, temperature=0))

        assert any(wanted in words(pieces) for wanted in answer.split("|"))
        assert pieces[-1] == Finish("stop")
        assert next(piece for piece in pieces if isinstance(piece, Usage)).completion > 0

    async def test_streams(self, provider: EmbeddedProvider) -> None:
        pieces = await collect(provider, asking("Count from 1 to 100.", max_tokens=20, temperature=0))

        assert len([piece for piece in pieces if isinstance(piece, Text)]) > 5
        assert pieces[-1] == Finish("length")

    async def test_calls_a_tool_and_answers_with_its_result(self, provider: EmbeddedProvider) -> None:
        question = Turn("user", "What's the weather in Paris?")
        (call, *_) = await collect(provider, Request("m", [question], functions=[WEATHER], tool_choice="required"))
        assert isinstance(call, ToolCallPiece)
        assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Paris"})

        turns = [
            question,
            Turn("assistant", tool_calls=(ToolCall("call_1", "get_weather", call.arguments),)),
            Turn("tool", '{"celsius": 17, "sky": "light rain"}', tool_call_id="call_1"),
        ]
        pieces = await collect(provider, Request("m", turns, functions=[WEATHER], temperature=0))

        assert "17" in words(pieces)

    async def test_keeps_to_a_schema(self, provider: EmbeddedProvider) -> None:
        properties = {"name": {"type": "string"}, "age": {"type": "integer"}}
        schema = {"type": "object", "properties": properties, "required": ["name", "age"]}
        response_format = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema}}

        pieces = await collect(provider, asking("Bob is 42 years old.", response_format=response_format, temperature=0))

        assert json.loads(words(pieces))["age"] == 42

    async def test_refuses_what_does_not_fit_a_slot(self, provider: EmbeddedProvider) -> None:
        with pytest.raises(ContextOverflow):
            await collect(provider, asking("word " * 5000))

    async def test_stops_when_the_stream_is_closed(self, provider: EmbeddedProvider, folder: Path) -> None:
        async with aclosing(provider.stream(asking("Write a very long story.", max_tokens=2000))) as pieces:
            await anext(pieces)
            assert busy_slots(folder) == 1

        assert await asyncio.to_thread(until, lambda: busy_slots(folder) == 0)

    async def test_starts_anew_after_it_was_killed(self, provider: EmbeddedProvider, folder: Path) -> None:
        stream = provider.stream(asking("Write a very long story.", max_tokens=2000))
        await anext(stream)

        os.kill(server(folder).pid, signal.SIGKILL)

        with pytest.raises(Unreachable, match="starts anew"):
            await drain(stream)
        assert "Paris" in words(await collect(provider, asking("What is the capital of France?", temperature=0)))
