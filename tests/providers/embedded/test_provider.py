from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from chat.errors import ModelBusy, ModelNotFound, Unreachable
from chat.providers.base import Finish, Function, Image, Piece, Request, Text, ToolCallPiece, Turn, Usage
from chat.providers.embedded.plain_turns import BLIND_NOTICE
from chat.providers.embedded.provider import QUEUE, EmbeddedProvider
from chat.providers.embedded.server.child import SLOTS
from chat.providers.embedded.server.record import read_server
from tests.providers.embedded.conftest import until

PNG = Image("data:image/png;base64,iVBORw0KGgo=")


def asking(text: str, **fields: Any) -> Request:
    return Request("whatever", [Turn("system", "Be brief."), Turn("user", text)], **fields)


def words(pieces: list[Piece]) -> str:
    return "".join(piece.value for piece in pieces if isinstance(piece, Text))


async def collect(provider: EmbeddedProvider, request: Request) -> list[Piece]:
    return [piece async for piece in provider.stream(request)]


async def drain(stream: AsyncIterator[Piece]) -> None:
    async for _ in stream:
        pass


async def body_of(provider: EmbeddedProvider, request: Request) -> dict[str, Any]:
    """What the server was sent: the stand-in repeats it."""
    found: dict[str, Any] = json.loads(words(await collect(provider, request)))
    return found


def busy_slots(folder: Path) -> int:
    """How many requests the server is answering; none while it is not there."""
    server = next(filter(None, map(read_server, folder.glob("embedded/*/server.json"))), None)
    if server is None or not server.ready:
        return 0
    request = urllib.request.Request(server.base_url, headers={"Authorization": f"Bearer {server.key}"})
    with urllib.request.urlopen(request, timeout=5) as response:
        found: int = json.load(response)["busy"]
    return found


async def eventually(condition: Callable[[], bool]) -> bool:
    return await asyncio.to_thread(until, condition)


class TestAnAnswer:
    async def test_comes_with_usage_and_finish(self, embedded: EmbeddedProvider) -> None:
        pieces = await collect(embedded, asking("Hello"))

        assert "Hello" in words(pieces)
        assert pieces[-2:] == [Usage(prompt=7, completion=3), Finish("stop")]

    async def test_is_short_and_sober_unless_asked_otherwise(self, embedded: EmbeddedProvider) -> None:
        plain = await body_of(embedded, asking("Hello"))
        wild = await body_of(embedded, asking("Hello", temperature=1.5, max_tokens=2000))

        assert (plain["max_tokens"], plain["temperature"]) == (512, 0.2)
        assert (wild["max_tokens"], wild["temperature"]) == (2000, 1.5)

    async def test_has_the_format_that_was_asked_for(self, embedded: EmbeddedProvider) -> None:
        body = await body_of(embedded, asking("Hello", response_format={"type": "json_object"}))

        assert body["response_format"] == {"type": "json_object"}

    async def test_begins_with_a_warning_when_it_is_about_a_picture(self, embedded: EmbeddedProvider) -> None:
        pieces = await collect(embedded, Request("m", [Turn("user", ("What is this?", PNG))]))

        assert words(pieces).startswith(BLIND_NOTICE)
        assert "iVBORw0KGgo" not in words(pieces)

    async def test_is_reached_though_the_environment_names_a_proxy(
        self, embedded: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

        assert "Hello" in words(await collect(embedded, asking("Hello")))

    async def test_can_be_the_call_of_a_tool(self, embedded: EmbeddedProvider) -> None:
        clock = Function("get_time", "Tells the time")

        pieces = await collect(embedded, asking("How late is it?", functions=[clock], tool_choice="required"))

        assert isinstance(pieces[0], ToolCallPiece)
        assert (pieces[0].index, pieces[0].name, pieces[0].arguments) == (0, "get_time", "{}")
        assert pieces[-1] == Finish("tool_calls")

    async def test_counts_what_choosing_among_tools_cost(self, embedded: EmbeddedProvider) -> None:
        clock = Function("get_time", "Tells the time")

        pieces = await collect(embedded, asking("Hello", functions=[clock]))

        assert Usage(prompt=14, completion=6) in pieces


class TestTheModelsProcess:
    async def test_sees_no_secret_of_ours(self, embedded: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        monkeypatch.setenv("DATABASE_URL", "postgres://user:secret@db/everthread")

        environment = json.loads(words(await collect(embedded, asking("environment"))))

        assert not environment.keys() & {"OPENAI_API_KEY", "DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
        assert environment["OMP_WAIT_POLICY"] == "PASSIVE"
        assert environment["GOMP_SPINCOUNT"] == "0"

    async def test_that_dies_in_an_answer_is_told_of_and_replaced(self, embedded: EmbeddedProvider) -> None:
        stream = embedded.stream(asking("die 3"))
        assert "word0" in words([await anext(stream)])

        with pytest.raises(Unreachable, match="stopped in the middle of its answer"):
            await drain(stream)

        assert "Hello" in words(await collect(embedded, asking("Hello")))

    async def test_that_dies_before_its_answer_is_replaced_unseen(
        self, embedded: EmbeddedProvider, tmp_path: Path
    ) -> None:
        pieces = await collect(embedded, asking(f"die unless {tmp_path / 'mark'}"))

        assert words(pieces) == "alive"

    async def test_is_asked_twice_at_most(self, embedded: EmbeddedProvider) -> None:
        with pytest.raises(Unreachable):
            await collect(embedded, asking("die unless /nonexistent/mark"))


class TestTheSlots:
    async def test_are_free_when_a_stream_is_closed(self, embedded: EmbeddedProvider, tmp_path: Path) -> None:
        async with aclosing(embedded.stream(asking("endless"))) as pieces:
            await anext(pieces)
            assert busy_slots(tmp_path) == 1

        assert await eventually(lambda: busy_slots(tmp_path) == 0)

    async def test_are_free_when_a_task_is_cancelled(self, embedded: EmbeddedProvider, tmp_path: Path) -> None:
        task = asyncio.create_task(collect(embedded, asking("endless")))
        assert await eventually(lambda: busy_slots(tmp_path) == 1)

        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task
        assert await eventually(lambda: busy_slots(tmp_path) == 0)

    async def test_are_queued_for(self, embedded: EmbeddedProvider) -> None:
        streams = [embedded.stream(asking("endless")) for _ in range(SLOTS)]
        for stream in streams:
            await anext(stream)
        waiting = asyncio.create_task(collect(embedded, asking("Hello")))
        await asyncio.sleep(0)
        assert not waiting.done()

        for stream in streams:
            await stream.aclose()

        assert "Hello" in words(await waiting)

    async def test_refuse_when_the_queue_is_full(self, embedded: EmbeddedProvider) -> None:
        tasks = [asyncio.create_task(collect(embedded, asking("endless"))) for _ in range(SLOTS + QUEUE)]
        await asyncio.sleep(0)

        with pytest.raises(ModelBusy):
            await collect(embedded, asking("Hello"))

        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class TestWithoutAModel:
    async def test_the_answer_says_so(self, runtime: None, tmp_path: Path) -> None:
        provider = EmbeddedProvider(tmp_path)

        pieces = await collect(provider, asking("Hello"))

        assert "No language model is configured" in words(pieces)
        assert pieces[-1] == Finish("stop")
        assert await provider.models() == []
        assert not provider.status().ready

    async def test_an_answer_in_json_is_refused(self, runtime: None, tmp_path: Path) -> None:
        """A program would take the sentences for broken JSON."""
        provider = EmbeddedProvider(tmp_path)

        with pytest.raises(ModelNotFound, match="No language model is configured"):
            await collect(provider, asking("Hello", response_format={"type": "json_object"}))

    async def test_a_path_to_nothing_is_refused(self, runtime: None, tmp_path: Path) -> None:
        provider = EmbeddedProvider(tmp_path, model_path=tmp_path / "absent.gguf")

        with pytest.raises(ModelNotFound, match=r"absent\.gguf"):
            await collect(provider, asking("Hello"))


class TestStatus:
    async def test_follows_the_server(self, embedded: EmbeddedProvider, model: Path) -> None:
        before = embedded.status()
        await collect(embedded, asking("Hello"))
        during = embedded.status()
        await embedded.aclose()

        assert (before.weights, before.ready, before.alive) == (model, True, False)
        assert during.alive
        assert not embedded.status().alive

    async def test_names_the_model(self, embedded: EmbeddedProvider) -> None:
        assert await embedded.models() == ["tiny"]
