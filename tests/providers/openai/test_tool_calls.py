from __future__ import annotations

from typing import Any

import pytest

from chat.errors import ProviderError
from chat.providers.base import Finish, Piece, Text, ToolCallPiece
from chat.providers.openai.provider import OpenAIProvider
from tests.providers.asking import ask
from tests.providers.openai.upstream import Upstream, chunk, events


def calls_of(pieces: list[Piece]) -> list[tuple[str | None, str]]:
    """Name and whole arguments of each call."""
    calls: dict[int, tuple[str | None, str]] = {}
    for piece in pieces:
        if isinstance(piece, ToolCallPiece):
            name, arguments = calls.get(piece.index, (None, ""))
            calls[piece.index] = (name or piece.name, arguments + piece.arguments)
    return [calls[index] for index in sorted(calls)]


def call_chunk(*calls: dict[str, Any]) -> dict[str, Any]:
    return chunk(tool_calls=list(calls))


class TestToolCalls:
    async def test_arrive_in_pieces(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(
            events(
                call_chunk({"index": 0, "id": "call_a", "function": {"name": "weather", "arguments": ""}}),
                call_chunk({"index": 0, "function": {"arguments": '{"city":'}}),
                call_chunk({"index": 0, "function": {"arguments": '"Oslo"}'}}),
                call_chunk({"index": 1, "id": "call_b", "function": {"name": "now", "arguments": None}}),
                chunk(finish="tool_calls"),
            )
        )
        assert await ask(provider) == [
            ToolCallPiece(0, "call_a", "weather", ""),
            ToolCallPiece(0, arguments='{"city":'),
            ToolCallPiece(0, arguments='"Oslo"}'),
            ToolCallPiece(1, "call_b", "now", ""),
            ToolCallPiece(1, arguments="{}"),
            Finish("tool_calls"),
        ]

    @pytest.mark.parametrize(
        "odd",
        [
            pytest.param([[{"index": 0, "id": "a"}, {"index": 1, "id": "b"}]], id="both in one delta"),
            pytest.param([[{"id": "a"}], [{"id": "b"}]], id="no numbers"),
            pytest.param([[{"index": None}], [{"index": None}]], id="neither numbers nor ids"),
            pytest.param([[{"index": 0, "id": "a"}], [{"index": 0, "id": "b"}]], id="all number 0"),
            pytest.param([[{"index": 0, "id": ""}], [{"index": 1, "id": ""}]], id="empty ids"),
            pytest.param([[{"index": 0, "id": "a"}], [{"index": 1, "id": "a"}]], id="the same id twice"),
        ],
    )
    async def test_are_told_apart_however_they_are_labelled(
        self, upstream: Upstream, provider: OpenAIProvider, odd: list[list[dict[str, Any]]]
    ) -> None:
        functions = iter([{"name": "first", "arguments": '{"n":1}'}, {"name": "second", "arguments": {"n": 2}}])
        chunks = [call_chunk(*({**label, "function": next(functions)} for label in delta)) for delta in odd]
        upstream.will(events(*chunks, chunk(finish="stop")))
        pieces = await ask(provider)
        assert calls_of(pieces) == [("first", '{"n":1}'), ("second", '{"n":2}')]
        ids = [piece.id for piece in pieces if isinstance(piece, ToolCallPiece)]
        assert all(ids)
        assert len(set(ids)) == 2
        assert pieces[-1] == Finish("tool_calls")

    async def test_are_one_when_every_delta_repeats_or_changes_its_labels(
        self, upstream: Upstream, provider: OpenAIProvider
    ) -> None:
        upstream.will(
            events(
                call_chunk({"index": 0, "id": "a", "function": {"name": "now", "arguments": '{"zone":'}}),
                call_chunk({"index": 0, "id": "a", "function": {"name": "now", "arguments": '"UTC"'}}),
                call_chunk({"index": 0, "id": "x9", "function": {"name": None, "arguments": "}"}}),
                chunk(finish="tool_calls"),
            )
        )
        assert calls_of(await ask(provider)) == [("now", '{"zone":"UTC"}')]

    async def test_wait_for_their_name(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(
            events(
                call_chunk({"index": 0, "id": "a", "function": {"arguments": '{"a"'}}),
                call_chunk({"index": 0, "function": {"name": "now", "arguments": ":1}"}}),
                chunk(finish="tool_calls"),
            )
        )
        assert await ask(provider) == [ToolCallPiece(0, "a", "now", '{"a":1}'), Finish("tool_calls")]

    async def test_without_a_name_are_an_error(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(events(call_chunk({"index": 0, "id": "a", "function": {}}), chunk(finish="tool_calls")))
        with pytest.raises(ProviderError, match="without naming it"):
            await ask(provider)

    async def test_may_use_the_old_form(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(
            events(
                chunk(function_call={"name": "now", "arguments": ""}),
                chunk(function_call={"arguments": "{}"}),
                chunk(finish="function_call"),
            )
        )
        pieces = await ask(provider)
        assert calls_of(pieces) == [("now", "{}")]
        assert pieces[-1] == Finish("tool_calls")

    async def test_that_were_cut_short_are_left_as_they_are(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        cut = call_chunk({"index": 0, "id": "a", "function": {"name": "now", "arguments": '{"zo'}})
        upstream.will(events(cut, chunk(finish="length")))
        assert await ask(provider) == [ToolCallPiece(0, "a", "now", '{"zo'), Finish("length")]

    async def test_follow_the_text_before_them(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        called = call_chunk({"index": 0, "id": "a", "function": {"name": "now", "arguments": "{}"}})
        upstream.will(events(chunk("Let me "), chunk("look."), called, chunk(finish="tool_calls")))
        assert await ask(provider) == [
            Text("Let me look."),
            ToolCallPiece(0, "a", "now", "{}"),
            Finish("tool_calls"),
        ]
