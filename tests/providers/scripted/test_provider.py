from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import Any

import pytest

from chat import errors
from chat.errors import ProviderError, RateLimited, Unreachable
from chat.providers.base import Finish, Function, Image, Piece, Request, Text, ToolCall, ToolCallPiece, Turn, Usage
from chat.providers.scripted import commands
from chat.providers.scripted import provider as scripted
from chat.providers.scripted.provider import Pause, Reply, ScriptedProvider, call
from tests.providers import asking
from tests.providers.asking import collect, text_of


def said(text: str) -> Request:
    return Request(model="m", turns=[Turn("system", "Be brief."), Turn("user", text)])


def answered(text: str, *results: tuple[str, str]) -> Request:
    """The user's text, calls of the named functions, and what they returned."""
    calls = tuple(ToolCall(f"call_{name}", name, "{}") for name, _ in results)
    turns = [Turn("tool", result, tool_call_id=f"call_{name}") for name, result in results]
    return Request(model="m", turns=[Turn("user", text), Turn("assistant", tool_calls=calls), *turns])


async def ask(provider: ScriptedProvider, request: Request | str) -> list[Piece]:
    return await asking.ask(provider, said(request) if isinstance(request, str) else request)


def calls_of(pieces: list[Piece]) -> list[tuple[int, str | None, str]]:
    return [(piece.index, piece.name, piece.arguments) for piece in pieces if isinstance(piece, ToolCallPiece)]


class TestAScript:
    async def test_is_played_as_written(self) -> None:
        provider = ScriptedProvider([Reply("Good ", Pause(0), "morning")])
        pieces = await ask(provider, "Hello")
        assert [piece for piece in pieces if isinstance(piece, Text)] == [Text("Good "), Text("morning")]
        assert pieces[-1] == Finish("stop")

    async def test_takes_the_first_reply_that_fits(self) -> None:
        provider = ScriptedProvider([Reply("rain", when="weather"), Reply("else"), Reply("never")])
        assert text_of(await ask(provider, "How is the WEATHER?")) == "rain"
        assert text_of(await ask(provider, "How are you?")) == "else"

    async def test_uses_up_a_reply_that_is_for_once(self) -> None:
        provider = ScriptedProvider([Reply(RateLimited(), once=True), Reply("fine")])
        with pytest.raises(RateLimited):
            await ask(provider, "Hello")
        assert text_of(await ask(provider, "Hello")) == "fine"

    async def test_answers_the_results_of_tools(self) -> None:
        provider = ScriptedProvider([Reply(call("weather", city="Oslo")), Reply("It rains.", after_tools=True)])
        pieces = await ask(provider, "Weather?")
        assert calls_of(pieces) == [(0, "weather", '{"city": "Oslo"}')]
        assert pieces[-1] == Finish("tool_calls")
        assert text_of(await ask(provider, answered("Weather?", ("weather", "rain")))) == "It rains."

    async def test_numbers_its_calls(self) -> None:
        pieces = await ask(ScriptedProvider([Reply("Both: ", call("a"), call("b"))]), "Go")
        assert calls_of(pieces) == [(0, "a", "{}"), (1, "b", "{}")]
        ids = {piece.id for piece in pieces if isinstance(piece, ToolCallPiece)}
        assert len(ids) == 2

    async def test_may_give_a_call_in_pieces(self) -> None:
        provider = ScriptedProvider([Reply(ToolCallPiece(0, "call_a", "now", "{"), ToolCallPiece(0, arguments="}"))])
        pieces = await ask(provider, "Go")
        assert calls_of(pieces) == [(0, "now", "{"), (0, None, "}")]
        assert pieces[-1] == Finish("tool_calls")

    async def test_raises_an_error_after_the_text_before_it(self) -> None:
        provider = ScriptedProvider([Reply("Half an ", Unreachable("cut"))])
        pieces: list[Piece] = []
        with pytest.raises(Unreachable, match="cut"):
            await collect(provider, pieces)
        assert pieces == [Text("Half an ")]
        assert provider.stopped == []

    async def test_may_state_usage_and_reason(self) -> None:
        provider = ScriptedProvider([Reply("Hi", Usage(100, 50), Finish("length"), "never")])
        assert await ask(provider, "Hello") == [Text("Hi"), Usage(100, 50), Finish("length")]

    async def test_estimates_usage_otherwise(self) -> None:
        (usage,) = [piece for piece in await ask(ScriptedProvider([Reply("Hi")]), "Hello") if isinstance(piece, Usage)]
        assert usage.prompt > usage.completion > 0

    async def test_waits_for_an_event(self) -> None:
        gate = asyncio.Event()
        stream = ScriptedProvider([Reply("before", gate, "after")]).stream(said("Hello"))
        assert await anext(stream) == Text("before")
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        gate.set()
        assert await waiting == Text("after")
        await stream.aclose()

    async def test_remembers_what_was_asked_and_what_was_stopped(self) -> None:
        provider = ScriptedProvider([Reply("Hi", Pause(float("inf")))])
        request = said("Hello")
        async with aclosing(provider.stream(request)) as pieces:
            await anext(pieces)
            assert provider.stopped == []
        assert provider.requests == provider.stopped == [request]

    async def test_knows_that_its_task_was_cancelled(self) -> None:
        provider = ScriptedProvider([Reply("Hi", Pause(float("inf")))])
        task = asyncio.create_task(ask(provider, "Hello"))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        assert len(provider.stopped) == 1


class TestWithoutAScript:
    @pytest.fixture
    def provider(self) -> ScriptedProvider:
        return ScriptedProvider(seconds=0)

    async def test_the_message_is_repeated_word_by_word(self, provider: ScriptedProvider) -> None:
        pieces = await ask(provider, "two  words\n")
        assert text_of(pieces) == "You said: two  words\n"
        assert len([piece for piece in pieces if isinstance(piece, Text)]) == 4

    async def test_results_of_tools_are_repeated(self, provider: ScriptedProvider) -> None:
        pieces = await ask(provider, answered("/call weather", ("weather", "rain"), ("now", "noon")))
        assert text_of(pieces) == "weather returned: rain\n\nnow returned: noon"
        assert pieces[-1] == Finish("stop")

    async def test_a_path_is_not_a_command(self, provider: ScriptedProvider) -> None:
        assert text_of(await ask(provider, "/etc/passwd is a file")).startswith("You said: /etc")
        assert text_of(await ask(provider, "/nothing like it")).startswith("You said: /nothing")

    async def test_an_image_alone_is_answered(self, provider: ScriptedProvider) -> None:
        turn = Turn("user", (Image("data:image/png;base64,AA=="),))
        assert (await ask(provider, Request("m", [turn])))[-1] == Finish("stop")

    async def test_it_lists_one_model(self, provider: ScriptedProvider) -> None:
        assert await provider.models() == ["scripted"]
        await provider.aclose()


class TestCommands:
    @pytest.fixture
    def provider(self) -> ScriptedProvider:
        return ScriptedProvider(seconds=0)

    @pytest.mark.parametrize("name", commands.NAMES)
    async def test_are_described(self, name: str, provider: ScriptedProvider) -> None:
        assert f"\n    /{name}" in (scripted.__doc__ or "")
        assert f"/{name}" in text_of(await ask(provider, "/help"))

    async def test_say_what_they_are_told(self, provider: ScriptedProvider) -> None:
        assert text_of(await ask(provider, "/say one\n\ntwo  three")) == "one\n\ntwo  three"
        assert not text_of(await ask(provider, "/say"))

    async def test_stream_as_many_words_as_wanted(self, provider: ScriptedProvider) -> None:
        pieces = await ask(provider, "/stream 3 0")
        assert [piece for piece in pieces if isinstance(piece, Text)] == [
            Text("word1 "),
            Text("word2 "),
            Text("word3 "),
        ]

    async def test_stream_within_bounds(self, provider: ScriptedProvider) -> None:
        assert text_of(await ask(provider, "/stream 99999999 0")).split()[-1] == f"word{commands.MOST_WORDS}"

    async def test_stream_slowly(self, provider: ScriptedProvider) -> None:
        async with aclosing(provider.stream(said("/slow"))) as pieces:
            assert await anext(pieces) == Text("word1 ")

    async def test_wait(self, provider: ScriptedProvider) -> None:
        assert text_of(await ask(provider, "/wait 0.01")) == "Here after 0.01 seconds."

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("rate_limit", errors.RateLimited),
            ("key", errors.KeyRefused),
            ("unreachable", errors.Unreachable),
            ("timeout", errors.TimedOut),
            ("context", errors.ContextOverflow),
            ("model", errors.ModelNotFound),
            ("busy", errors.ModelBusy),
            ("server", errors.ProviderError),
        ],
    )
    async def test_fail(self, provider: ScriptedProvider, code: str, kind: type[ProviderError]) -> None:
        pieces: list[Piece] = []
        with pytest.raises(kind) as caught:
            await collect(provider, pieces, said(f"/fail {code} 2"))
        assert type(caught.value) is kind
        assert text_of(pieces) == "word1 word2 "

    async def test_name_the_failures_they_know(self, provider: ScriptedProvider) -> None:
        assert "rate_limit" in text_of(await ask(provider, "/fail badly"))

    @pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
    async def test_finish_for_a_reason(self, provider: ScriptedProvider, reason: Any) -> None:
        pieces = await ask(provider, f"/finish {reason} 1")
        assert text_of(pieces) == "word1 "
        assert pieces[-1] == Finish(reason)
        assert "length" in text_of(await ask(provider, "/finish badly"))

    async def test_call_a_function(self, provider: ScriptedProvider) -> None:
        pieces = await ask(provider, '/call weather {"city": "Oslo"}')
        assert calls_of(pieces) == [(0, "weather", '{"city": "Oslo"}')]
        assert pieces[-1] == Finish("tool_calls")
        assert calls_of(await ask(provider, "/call now")) == [(0, "now", "{}")]
        assert calls_of(await ask(provider, "/call now {broken")) == [(0, "now", "{broken")]

    async def test_call_several_functions(self, provider: ScriptedProvider) -> None:
        pieces = await ask(provider, '/calls\nnow\n\nweather {"city": "Oslo"}')
        assert calls_of(pieces) == [(0, "now", "{}"), (1, "weather", '{"city": "Oslo"}')]

    async def test_show_markdown(self, provider: ScriptedProvider) -> None:
        assert text_of(await ask(provider, "/markdown")) == commands.MARKDOWN

    async def test_show_the_request(self, provider: ScriptedProvider) -> None:
        request = Request("m", said("/request").turns, [Function("now")], temperature=0.5)
        seen = json.loads(text_of(await ask(provider, request)).strip("`json\n"))
        assert seen["turns"] == [["system", "Be brief."], ["user", "/request"]]
        assert seen["functions"] == ["now"]
        assert seen["temperature"] == 0.5
