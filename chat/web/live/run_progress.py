"""The progress of a thread's newest run: for the panel below the messages, and in its code."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from chat.engine.follow import ThreadSnapshot
from chat.events import types
from chat.events.types import Event
from chat.models import StepStatus, Thread
from chat.models.api_objects.objects import Object
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH, FUNCTION
from chat.web.timeline import history
from chat.web.timeline.code_calls import OPEN, code_steps
from chat.web.timeline.history import NONE_KNOWN, KnownRuns
from chat.web.timeline.items import CodeStep

STEP_ENDS = {types.STEP_COMPLETED, types.STEP_FAILED, types.STEP_CANCELLED, types.STEP_EXPIRED}
SEARCH_ENDS = {*STEP_ENDS, types.MESSAGE_CREATED, *types.RUN_ENDED}


class RunProgress:
    """The newest run as the API shows it, whether it is live, and whether it searches in files now."""

    def __init__(self) -> None:
        self.run: Object | None = None
        self.tools: set[str] = set()  # types of its tools
        self.is_live = False
        self.is_searching = False

    def read_snapshot(self, snapshot: ThreadSnapshot) -> None:
        self.run, self.is_live = snapshot.run, snapshot.live
        self.tools = {tool["type"] for tool in self.run["tools"]} if self.run else set()
        self.is_searching = any(self._is_search(step) for step in snapshot.steps)

    def read_events(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.data.get("object") == "thread.run":
                self.run, self.is_live = event.data, event.name not in types.RUN_ENDED
                self.tools = {tool["type"] for tool in event.data["tools"]}
            if event.name in SEARCH_ENDS:
                self.is_searching = False
            elif event.name == types.STEP_DELTA:
                calls = event.data["delta"]["step_details"]["tool_calls"]
                self.is_searching = self.is_searching or any(call.get("type") == FILE_SEARCH for call in calls)

    def _is_search(self, step: Object) -> bool:
        if step["status"] != StepStatus.IN_PROGRESS or step["step_details"].get("tool_calls") != []:
            return False
        # Until a step is complete its row has no calls, so the tools of the run must say.
        return FILE_SEARCH in self.tools and not self.tools & {FUNCTION, CODE_INTERPRETER}


# --- code that is written and run -----------------------------------------------------------------------------------


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
    def open_ids(self) -> set[str]:
        """Return the ids of the steps whose code is being written, waits or runs."""
        return {id for id, state in self.states.items() if any(word in OPEN for word in state.split())}

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
        ids = {*self.open_ids, *self.drafts}
        steps = code_steps(also=ids).filter(run__thread=thread)
        recent = steps.filter(Q(created_at__gte=since) | Q(id__in=ids)) if since else steps
        rows = list(recent.order_by("-created_at", "-number")[: history.SHOWN])[::-1]
        items = history.code_step_items(thread, rows, drafts=self.drafts, known=known)
        # Of the code of the others the rows have all.
        unwritten = {item.id for item in items if any(call.state == "writing" for call in item.calls)}
        self.drafts = {id: codes for id, codes in self.drafts.items() if id in unwritten}
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
