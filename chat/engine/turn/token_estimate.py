"""About how many tokens a request is. No Django: the loop counts with it too."""

from __future__ import annotations

import json
from collections.abc import Iterable

from chat.providers.base import Function, Turn
from chat.providers.tokens import estimate

TURN = 4  # tokens that a chat template adds to each turn
IMAGE = 800  # tokens, about what a mid-sized picture costs


def estimate_turns(turns: Iterable[Turn]) -> int:
    """An estimate of the tokens of ``turns``."""
    total = 0
    for turn in turns:
        arguments = "".join(call.name + call.arguments for call in turn.tool_calls)
        total += TURN + IMAGE * len(turn.images) + estimate(turn.text) + estimate(arguments)
    return total


def estimate_functions(functions: Iterable[Function]) -> int:
    """An estimate of the tokens that it takes to declare ``functions``."""
    return sum(
        TURN + estimate(function.name + function.description + json.dumps(function.parameters))
        for function in functions
    )
