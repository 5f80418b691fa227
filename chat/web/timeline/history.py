"""Turns the rows of a thread into the items of its page, for the views of the page and for its socket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from chat.models import Message, Run, RunStatus, RunStep, Thread
from chat.web.timeline.code_calls import code_calls
from chat.web.timeline.generated_files import NO_FILES, code_steps
from chat.web.timeline.items import CodeStep, History, Item, RunEnding
from chat.web.timeline.messages import message_items
from chat.web.timeline.run_details import NONE_KNOWN, KnownRuns, RunDetails, run_details

SHOWN = 30  # messages on the page at first, and more with each look further back
NOT_COMPLETED = (RunStatus.FAILED, RunStatus.EXPIRED, RunStatus.CANCELLED, RunStatus.INCOMPLETE)
Drafts = Mapping[str, Mapping[int, str]]
NO_DRAFTS: Drafts = MappingProxyType({})


def latest(thread: Thread) -> History:
    """Return the last ``SHOWN`` messages."""
    return _stretch(thread, list(thread.messages.order_by("-number")[: SHOWN + 1]), before=None)


def before(thread: Thread, message_id: str) -> History:
    """Return the ``SHOWN`` messages before one of them."""
    edge = thread.messages.filter(id=message_id).first()
    if edge is None:
        return History(())
    return _stretch(
        thread, list(thread.messages.filter(number__lt=edge.number).order_by("-number")[: SHOWN + 1]), before=edge
    )


def _stretch(thread: Thread, newest_first: list[Message], *, before: Message | None) -> History:
    has_more = len(newest_first) > SHOWN
    messages = newest_first[:SHOWN][::-1]
    runs, steps = thread.runs.filter(status__in=NOT_COMPLETED), code_steps().filter(run__thread=thread)
    if before is not None:
        runs = runs.filter(created_at__lt=before.created_at)
        steps = steps.filter(created_at__lt=before.created_at)
    if has_more:
        runs = runs.filter(created_at__gte=messages[0].created_at)
        steps = steps.filter(created_at__gte=messages[0].created_at)
    items = in_order(messages, code_step_items(thread, steps), list(runs.order_by("created_at", "number")))
    return History(tuple(items), messages[0].id if has_more else "")


def in_order(
    messages: Sequence[Message], steps: Sequence[CodeStep], ended: Sequence[Run], *, known: KnownRuns = NONE_KNOWN
) -> list[Item]:
    """Return items in order: messages and code as they came, each run's ending after its last item, or its start."""
    ended_ids = {run.id for run in ended}
    ended_at = {run.id: run.created_at for run in ended}
    times = [
        *((each.created_at, each.run_id) for each in messages),
        *((each.created_at, each.run_id) for each in steps),
    ]
    for created_at, run_id in sorted(times, key=lambda pair: pair[0]):
        if run_id in ended_ids:
            ended_at[run_id] = created_at
    items = {item.id: item for item in message_items(messages, known=known)}
    keyed: list[tuple[tuple[datetime, int, int], Item]]
    keyed = [((message.created_at, 0, message.number), items[message.id]) for message in messages]
    keyed += [((step.created_at, 0, step.number), step) for step in steps]
    keyed += [((ended_at[run.id], 1, run.number), run_ending(run)) for run in ended]
    return [item for _key, item in sorted(keyed, key=lambda pair: pair[0])]


def run_ending(run: Run) -> RunEnding:
    return RunEnding(run.id, run.thread_id, run.status, (run.last_error or {}).get("message", ""))


def code_step_items(
    thread: Thread, steps: Iterable[RunStep], *, drafts: Drafts = NO_DRAFTS, known: KnownRuns = NONE_KNOWN
) -> list[CodeStep]:
    """Return those of the thread's ``steps`` that run code.

    ``drafts``: by the step's id and the call's place, code that the rows lack yet.
    """
    steps = list(steps)
    runs = run_details((step.run_id for step in steps), known=known)
    items = (_code_step(thread, step, runs[step.run_id], drafts.get(step.id, {})) for step in steps)
    return [item for item in items if item.calls]


def _code_step(thread: Thread, step: RunStep, run: RunDetails, drafts: Mapping[int, str]) -> CodeStep:
    calls = tuple(code_calls(step, drafts=drafts))
    generated = run.files.get(step.id, NO_FILES)
    return CodeStep(
        id=step.id,
        thread_id=thread.id,
        run_id=step.run_id,
        name=run.assistant_name,
        calls=calls,
        is_open=any(call.is_open for call in calls),
        state=" ".join([*(call.version for call in calls), *(["made"] if generated else [])]),
        created_at=step.created_at,
        number=step.number,
        generated=generated,
    )
