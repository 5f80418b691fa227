"""Simplifies turns for a small model: text only, and no roles but system, user and assistant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from chat.providers.base import Turn

INSTRUCTIONS = "You are Everthread's small assistant. Answer briefly and correctly."
"""For a request without instructions. Measured on 0.5B: longer advice ("say when you do not know") makes it refuse what
it knows, and examples make it copy them."""

PICTURE_NOTE = "(I attached a picture, but you cannot see it.)"

BLIND_NOTICE = "*This model cannot see pictures. It answers from your words alone.*\n\n"
"""Said before an answer, because the model invents what is in the picture whatever the note tells it."""


def simplify_turns(turns: Sequence[Turn]) -> list[Turn]:
    """Return ``turns`` with images, tool calls and tool results put as sentences of the assistant and the user."""
    names = {call.id: call.name for turn in turns for call in turn.tool_calls}
    simplified = [] if any(turn.role == "system" for turn in turns) else [Turn("system", INSTRUCTIONS)]
    for is_result, group in groupby(turns, key=lambda turn: turn.role == "tool"):
        some = list(group)
        simplified.extend([_results_as_question(some, names)] if is_result else map(_as_text, some))
    return simplified


def _results_as_question(turns: list[Turn], names: dict[str, str]) -> Turn:
    results = [f"Result of {names.get(turn.tool_call_id or '', 'the tool')}: {turn.text}" for turn in turns]
    return Turn("user", "\n".join([*results, "Answer my question with this, in one or two sentences."]))


def _as_text(turn: Turn) -> Turn:
    text = "\n\n".join(part for part in _parts(turn) if part)
    return replace(turn, content=text, tool_calls=())


def _parts(turn: Turn) -> Iterator[str]:
    yield turn.text
    yield from (PICTURE_NOTE for _ in turn.images)
    yield from (f"(I call {call.name} with {call.arguments}.)" for call in turn.tool_calls)
