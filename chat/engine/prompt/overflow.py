"""The refusal of a prompt that is too long even without the older messages, with the part that is to blame."""

from __future__ import annotations

from collections.abc import Sequence

from chat.engine.turn.usage import estimate_turns
from chat.errors import ContextOverflow, OutputTooLong
from chat.providers.base import Turn
from chat.providers.tokens import estimate

_MESSAGE = (
    "The message and the instructions are too long for the model: about {needed} tokens, and {budget} fit. "
    "Send a shorter message or choose a model with a larger context."
)
_OUTPUTS = (
    "The output of {names} is too long for the model: about {size} tokens. "
    "Shorten what the tool answers, or choose a model with a larger context."
)


def prompt_overflow(
    *, head: Sequence[Turn], message: Sequence[Turn], present: Sequence[Turn], budget: int
) -> ContextOverflow:
    """Return the refusal of turns that cannot be left out and exceed ``budget`` tokens.

    ``head`` are the instructions, ``message`` is the last of the thread, ``present`` the run's own calls and outputs.
    The outputs of tools are to blame where they are longer than all the rest.
    """
    names = {call.id: call.name for turn in present for call in turn.tool_calls}
    sizes = dict.fromkeys(names.values(), 0)
    for turn in present:
        if turn.role == "tool":
            sizes[names[turn.tool_call_id or ""]] += estimate(turn.text)
    needed, size = sum(map(estimate_turns, [head, message, present])), sum(sizes.values())
    if 2 * size <= needed:
        return ContextOverflow(_MESSAGE.format(needed=needed, budget=budget))
    longest = [
        name for name in sorted(sizes, key=sizes.__getitem__, reverse=True) if 2 * sizes[name] >= max(sizes.values())
    ]
    return OutputTooLong(_OUTPUTS.format(names=" and ".join(map(repr, longest)), size=size))
