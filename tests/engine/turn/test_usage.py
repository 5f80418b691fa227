"""What one turn of a model costs."""

from __future__ import annotations

from chat.engine.turn.usage import UsageMeter
from chat.providers.base import Function, Piece, Request, Text, ToolCallPiece, Turn, Usage
from chat.providers.tokens import estimate

REQUEST = Request("m", [Turn("user", "What is the weather in Oslo?")])


def metered(*pieces: Piece, request: Request = REQUEST) -> Usage:
    meter = UsageMeter()
    meter.request = request
    for piece in pieces:
        meter.hear(piece)
    return meter.usage


class TestTheUsageOfATurn:
    def test_is_what_the_provider_says(self) -> None:
        told = Usage(prompt=3, completion=2, cached=1, reasoning=1)
        assert metered(Text("It is raining."), told) == told

    def test_is_estimated_when_the_provider_does_not_say(self) -> None:
        usage = metered(Text("It is "), Text("raining."))
        assert usage.prompt >= estimate(REQUEST.turns[0].text)
        assert usage.completion == estimate("It is raining.")

    def test_is_estimated_where_the_provider_says_nothing_of_use(self) -> None:
        usage = metered(Text("It is raining."), Usage(prompt=0, completion=7))
        assert usage.prompt > 0
        assert usage.completion == 7

    def test_counts_calls_and_the_declarations_of_functions(self) -> None:
        plain = metered(Text("x"))
        declared = Request("m", REQUEST.turns, functions=[Function("weather", "Tells the weather of a city")])
        calling = metered(ToolCallPiece(0, "call_a", "weather", '{"city": "Oslo"}'), request=declared)
        assert calling.prompt > plain.prompt
        assert calling.completion == estimate('weather{"city": "Oslo"}')

    def test_is_nothing_before_the_first_piece(self) -> None:
        """A request that is refused costs nothing."""
        assert metered() == Usage()

    def test_is_nothing_when_nothing_was_asked(self) -> None:
        assert UsageMeter().usage == Usage()
