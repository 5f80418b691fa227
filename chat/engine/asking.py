"""What the model is asked for a run: the thread cut to fit, and the run's settings."""

from __future__ import annotations

from dataclasses import dataclass

from chat.engine import budget, sizes, transcript
from chat.engine.budget import Left, Spent
from chat.errors import ContextOverflow
from chat.models import Model, Run
from chat.models.providers import ToolUse, resolve
from chat.providers.base import Function, Request, Turn
from chat.tools import functions

# What the API fills in where nobody chose. It is not sent on: some models refuse to be told, others know better.
API_DEFAULT = 1.0
PLAIN_TEXT = {"type": "text"}  # the same as "auto"


@dataclass(frozen=True, slots=True)
class Material:
    """What the requests of a turn are made of. ``present``: what the run itself has said and called before."""

    model: Model
    groups: list[transcript.Group]
    present: transcript.Group
    left: Left


def gather(run: Run) -> Material:
    """Read the rows. Raises ``ModelNotFound``."""
    model = resolve(run.model)
    groups, present = transcript.read(run, model=model)
    return Material(model=model, groups=groups, present=present, left=budget.left(run))


def request_of(run: Run, *, material: Material, shrink: int = 0) -> Request:
    """The request whose transcript is 2**shrink times shorter than it may be.

    Raises ``Spent`` when the run's tokens do not suffice for it, ``ContextOverflow`` when it does not fit the model.
    """
    model, left = material.model, material.left
    declared = functions.declared(run.tools) if model.tool_use != ToolUse.NONE else []
    limits = [limit for limit in (left.completion, model.max_output) if limit]
    # A forced call is forced once: after the outputs the model answers as it likes (reference, section 6.1).
    choice = functions.choice(run.tool_choice) if not material.present or run.tool_choice == "none" else "auto"
    return Request(
        model=model.served_as,
        turns=_turns(run, material=material, declared=declared, shrink=shrink),
        functions=declared,
        tool_choice=choice,
        parallel_tool_calls=run.parallel_tool_calls,
        temperature=None if run.temperature == API_DEFAULT else run.temperature,
        top_p=None if run.top_p == API_DEFAULT else run.top_p,
        max_tokens=min(limits) if limits else None,
        reasoning_effort=run.reasoning_effort or None,
        response_format="auto" if run.response_format == PLAIN_TEXT else run.response_format,
    )


def _turns(run: Run, *, material: Material, declared: list[Function], shrink: int) -> list[Turn]:
    window, left = transcript.prompt_budget(material.model), material.left.prompt
    most = window if left is None else min(window, left)
    # A guided model is not sent the functions along with the thread.
    beside = sizes.of_functions(declared) if material.model.tool_use == ToolUse.NATIVE else 0
    try:
        return transcript.fit(
            material.groups,
            instructions=run.instructions,
            present=material.present,
            budget=(most >> shrink) - beside,
        )
    except ContextOverflow:
        if most < window and not shrink:
            raise Spent("max_prompt_tokens") from None
        raise
