"""One turn of a model, without a database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chat.engine.turn.loop import MAX_SHRINKS, AnswerLimit, TurnEnded, TurnEvent, stream_turn
from chat.engine.turn.usage import UsageMeter
from chat.errors import ContextOverflow, OutputTooLong, Unreachable
from chat.providers.base import Finish, Request, Text, ToolCall, ToolCallPiece, Turn
from chat.providers.scripted.provider import ScriptedProvider
from chat.providers.scripted.replies import Reply

LIMIT = AnswerLimit(text=100, arguments=200)


def ask(shrink: int) -> Request:
    return Request(model=f"shrunk {shrink}", turns=[Turn(role="user", content="Hello?")])


async def happenings(provider: ScriptedProvider, ask=ask) -> list[TurnEvent]:
    return [happening async for happening in stream_turn(provider, ask=ask, meter=UsageMeter(), limit=LIMIT)]


class TestATurn:
    async def test_passes_the_text_on_and_ends_with_the_reason(self) -> None:
        provider = ScriptedProvider([Reply("One", " two", Finish("length"))])

        assert await happenings(provider) == [
            Text("One"),
            Text(" two"),
            TurnEnded(reason="length", calls=()),
        ]

    async def test_passes_on_nothing_that_cannot_be_stored(self) -> None:
        texts = await happenings(ScriptedProvider([Reply("half \ud83d", "nul \x00", "whole 😀")]))
        assert texts[:-1] == [Text("half ?"), Text("nul \ufffd"), Text("whole 😀")]

    async def test_joins_the_pieces_of_calls(self) -> None:
        pieces = [
            ToolCallPiece(0, "call_a", "weather", '{"city"'),
            ToolCallPiece(1, "call_b", "time", "{}"),
            ToolCallPiece(0, arguments=': "Oslo"}'),
        ]
        ended = (await happenings(ScriptedProvider([Reply(*pieces)])))[-1]

        assert isinstance(ended, TurnEnded)
        assert ended.calls == (
            ToolCall("call_a", "weather", '{"city": "Oslo"}'),
            ToolCall("call_b", "time", "{}"),
        )

    async def test_is_cut_off_where_its_text_is_too_long(self) -> None:
        provider = ScriptedProvider([Reply("x" * 99, "é", "more")])
        assert await happenings(provider) == [Text("x" * 99), TurnEnded(reason="length", calls=())]
        assert len(provider.stopped) == 1

    async def test_may_be_as_long_as_the_limit(self) -> None:
        provider = ScriptedProvider([Reply("x" * 100, ToolCallPiece(0, "call_a", "note", "x" * 200))])
        assert (await happenings(provider))[-1].reason == "tool_calls"

    async def test_is_cut_off_where_the_arguments_of_its_calls_are_too_long(self) -> None:
        pieces = [ToolCallPiece(place, f"call_{place}", "note", "x" * 150) for place in range(3)]
        provider = ScriptedProvider([Reply(*pieces)])
        *texts, ended = await happenings(provider)
        assert [len(piece.arguments) for piece in texts] == [150, 50]
        assert ended.reason == "length"
        assert len(provider.stopped) == 1

    async def test_passes_on_arguments_that_can_be_stored(self) -> None:
        piece, _ended = await happenings(ScriptedProvider([Reply(ToolCallPiece(0, "call_a", "note", '"\x00"'))]))
        assert piece == ToolCallPiece(0, "call_a", "note", '"\ufffd"')

    async def test_hears_one_call_only_when_it_asked_for_one_at_a_time(self) -> None:
        """Section 6.1: ``parallel_tool_calls``, whatever the model does."""
        pieces = [
            ToolCallPiece(3, "call_a", "weather", '{"city"'),
            ToolCallPiece(4, "call_b", "time", "{}"),
            ToolCallPiece(3, arguments=': "Oslo"}'),
        ]
        one_by_one = replace(ask(0), parallel_tool_calls=False)
        heard = await happenings(ScriptedProvider([Reply(*pieces)]), lambda _shrink: one_by_one)

        assert heard == [
            pieces[0],
            pieces[2],
            TurnEnded(reason="tool_calls", calls=(ToolCall("call_a", "weather", '{"city": "Oslo"}'),)),
        ]

    async def test_closes_the_stream_when_it_is_left(self) -> None:
        provider = ScriptedProvider([Reply("One", "two")])
        turn = stream_turn(provider, ask=ask, meter=UsageMeter(), limit=LIMIT)
        await anext(turn)
        await turn.aclose()

        assert len(provider.stopped) == 1


class TestATurnThatDoesNotFit:
    async def test_is_asked_again_shorter(self) -> None:
        provider = ScriptedProvider([Reply(ContextOverflow(), once=True), Reply("Fits.")])

        assert (await happenings(provider))[0] == Text("Fits.")
        assert [request.model for request in provider.requests] == ["shrunk 0", "shrunk 1"]

    async def test_is_given_up_after_a_few_tries(self) -> None:
        provider = ScriptedProvider([Reply(ContextOverflow())])

        with pytest.raises(ContextOverflow):
            await happenings(provider)
        assert len(provider.requests) == MAX_SHRINKS + 1

    async def test_is_not_asked_again_once_it_spoke(self) -> None:
        provider = ScriptedProvider([Reply("Half", ContextOverflow())])

        with pytest.raises(ContextOverflow):
            await happenings(provider)
        assert len(provider.requests) == 1

    async def test_says_what_the_provider_said_when_no_shorter_request_can_be_made(self) -> None:
        def ask_once(shrink: int) -> Request:
            if shrink:
                raise ContextOverflow("our own estimate")
            return ask(shrink)

        provider = ScriptedProvider([Reply(ContextOverflow("the provider's words"))])
        with pytest.raises(ContextOverflow, match="the provider's words"):
            await happenings(provider, ask_once)

    async def test_names_the_output_of_a_tool_that_a_shorter_thread_would_not_make_fit(self) -> None:
        def ask_once(shrink: int) -> Request:
            if shrink:
                raise OutputTooLong("The output of 'weather' is too long.")
            return ask(shrink)

        with pytest.raises(OutputTooLong, match="'weather'"):
            await happenings(ScriptedProvider([Reply(ContextOverflow("the provider's words"))]), ask_once)

    async def test_says_our_own_estimate_when_nothing_could_be_asked(self) -> None:
        def refuse(shrink: int) -> Request:
            raise ContextOverflow(f"does not fit, shrunk {shrink}")

        with pytest.raises(ContextOverflow, match="shrunk 0"):
            await happenings(ScriptedProvider(), refuse)


class TestATurnThatBreaks:
    async def test_passes_the_error_on(self) -> None:
        with pytest.raises(Unreachable):
            await happenings(ScriptedProvider([Reply("Half", Unreachable())]))
