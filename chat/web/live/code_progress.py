"""Code that is written and run while a page follows a thread, and the deltas of its text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from chat.events import types
from chat.events.types import Event
from chat.models import StepStatus, Thread
from chat.providers.tool_names import CODE_INTERPRETER
from chat.web.timeline import history
from chat.web.timeline.code_calls import OPEN
from chat.web.timeline.generated_files import code_steps
from chat.web.timeline.items import CodeStep
from chat.web.timeline.run_details import NONE_KNOWN, KnownRuns


@dataclass(frozen=True, slots=True)
class CodeDelta:
    """More of the code in the call at ``place`` of a step; ``begins``: it is all of that code so far."""

    step_id: str
    place: int
    code: str
    begins: bool


def code_deltas(events: Iterable[Event]) -> Iterator[CodeDelta]:
    """Return the code that models write among ``events``, in order."""
    for event in events:
        if event.name == types.STEP_DELTA:
            for call in event.data["delta"]["step_details"]["tool_calls"]:
                if call["type"] == CODE_INTERPRETER and (code := call[CODE_INTERPRETER].get("input")) is not None:
                    yield CodeDelta(event.data["id"], call["index"], code, begins="id" in call)


@dataclass(frozen=True, slots=True)
class CodeChanges:
    """Code steps that a page lacks, those that it shows otherwise, and ids of those whose code was never whole."""

    missing: Sequence[CodeStep] = ()
    changed: Sequence[CodeStep] = ()
    removed: Collection[str] = ()


class CodeProgress:
    """The code steps on a page: ``states`` has the state of each by its id, ``drafts`` the code that no row has yet."""

    def __init__(self, states: Mapping[str, str]) -> None:
        self.states = dict(states)
        self.drafts: dict[str, dict[int, str]] = {}

    @property
    def is_open(self) -> bool:
        """Return whether some code is being written, waits or runs."""
        return bool(self._open_ids())

    def add(self, deltas: Iterable[CodeDelta]) -> set[str]:
        """Add more code. Return the ids of the steps that have to be drawn again."""
        changed = set()
        for delta in deltas:
            codes = self.drafts.setdefault(delta.step_id, {}) if delta.begins else self.drafts.get(delta.step_id, {})
            if delta.begins or delta.place in codes:
                codes[delta.place] = delta.code if delta.begins else codes[delta.place] + delta.code
                changed.add(delta.step_id)
        return changed

    def compare(
        self,
        thread: Thread,
        *,
        since: datetime | None,
        grown: Collection[str] = (),
        known: KnownRuns = NONE_KNOWN,
    ) -> CodeChanges:
        """Return what has changed in the rows of steps created ``since`` then, of open ones, and of those that have
        ``grown``; from now on the page has it.
        """
        ids = {*self._open_ids(), *self.drafts}
        steps = code_steps(also=ids).filter(run__thread=thread)
        recent = steps.filter(Q(created_at__gte=since) | Q(id__in=ids)) if since else steps
        rows = list(recent.order_by("-created_at", "-number")[: history.SHOWN])[::-1]
        items = history.code_step_items(thread, rows, drafts=self.drafts, known=known)
        self._drop_drafts(items)
        missing = [item for item in items if item.id not in self.states]
        changed = [
            item
            for item in items
            if item.id in self.states and (item.id in grown or item.state != self.states[item.id])
        ]
        present = {item.id for item in items} | {row.id for row in rows if row.status == StepStatus.IN_PROGRESS}
        removed = ids.intersection(self.states) - present
        self.states |= {item.id: item.state for item in items}
        for id in removed:
            del self.states[id]
        return CodeChanges(missing, changed, removed)

    def _open_ids(self) -> set[str]:
        return {id for id, state in self.states.items() if any(word in OPEN for word in state.split())}

    def _drop_drafts(self, items: Iterable[CodeStep]) -> None:
        """Forget the code that rows have now."""
        self.drafts = {
            item.id: self.drafts[item.id]
            for item in items
            if item.id in self.drafts and any(call.state == "writing" for call in item.calls)
        }
