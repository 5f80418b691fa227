"""The endings of runs that did not end well, with the functions that they waited for."""

from __future__ import annotations

from collections.abc import Sequence

from chat.models import Run, RunStep, StepStatus, StepType
from chat.providers.tool_names import FUNCTION
from chat.web.timeline.items import FunctionCall, RunEnding


def run_endings(runs: Sequence[Run]) -> list[RunEnding]:
    """Return the ending of each of ``runs``, in their order, for the owner of their thread."""
    calls = _unanswered_calls(runs) if runs else {}
    return [
        RunEnding(
            run.id,
            run.thread_id,
            run.status,
            message=(run.last_error or {}).get("message", ""),
            provider_said=run.provider_said if run.provider_said and run.thread.owner.is_staff else "",
            unanswered=tuple(calls.get(run.id, ())),
        )
        for run in runs
    ]


def _unanswered_calls(runs: Sequence[Run]) -> dict[str, list[FunctionCall]]:
    """Return the calls of functions without an output in the steps that did not complete, by the run's id."""
    steps = RunStep.objects.filter(run__in=runs, type=StepType.TOOL_CALLS).exclude(status=StepStatus.COMPLETED)
    calls: dict[str, list[FunctionCall]] = {}
    for step in steps:
        for call in step.details.get("tool_calls", ()):
            if call["type"] == FUNCTION and call["function"].get("output") is None:
                function = FunctionCall(call["function"]["name"], call["function"]["arguments"])
                calls.setdefault(step.run_id, []).append(function)
    return calls
