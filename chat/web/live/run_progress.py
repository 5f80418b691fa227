"""The progress of a thread's newest run, for the panel below the messages and for screen readers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from chat.engine.follow import ThreadSnapshot
from chat.events import types
from chat.events.types import Event
from chat.models import StepStatus
from chat.models.api_objects.objects import Object
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH, FUNCTION

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

STEP_ENDS = {types.STEP_COMPLETED, types.STEP_FAILED, types.STEP_CANCELLED, types.STEP_EXPIRED}
SEARCH_ENDS = {*STEP_ENDS, types.MESSAGE_CREATED, *types.RUN_ENDED}
# What a screen reader says; of runs that failed the page says more, as an alert.
ANNOUNCED = {
    types.STEP_COMPLETED: _("The code has run."),
    types.MESSAGE_CREATED: _("The assistant is answering."),
    types.RUN_REQUIRES_ACTION: _("The assistant waits for the result of a function."),
    types.RUN_COMPLETED: _("The answer is complete."),
    types.RUN_INCOMPLETE: _("The answer was cut off."),
    types.RUN_CANCELLED: _("The answer was stopped."),
}


class RunProgress:
    """The newest run as the API shows it, whether it is live, and whether it searches in files now."""

    run: Object | None = None
    is_live = False
    is_searching = False

    def read_snapshot(self, snapshot: ThreadSnapshot) -> None:
        self.run, self.is_live = snapshot.run, snapshot.live
        self.is_searching = any(self._is_search(step) for step in snapshot.steps)

    def read_events(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.data.get("object") == "thread.run":
                self.run, self.is_live = event.data, event.name not in types.RUN_ENDED
            self.is_searching = event.name not in SEARCH_ENDS and (self.is_searching or _begins_search(event))

    @property
    def tools(self) -> set[str]:
        return {tool["type"] for tool in self.run["tools"]} if self.run else set()

    def _is_search(self, step: Object) -> bool:
        if step["status"] != StepStatus.IN_PROGRESS or step["step_details"].get("tool_calls") != []:
            return False
        # Until a step is complete its row has no calls, so the tools of the run must say.
        return FILE_SEARCH in self.tools and not self.tools & {FUNCTION, CODE_INTERPRETER}


def _begins_search(event: Event) -> bool:
    if event.name != types.STEP_DELTA:
        return False
    return any(call.get("type") == FILE_SEARCH for call in event.data["delta"]["step_details"]["tool_calls"])


def announcement_of(events: Iterable[Event], *, begins_code: bool) -> StrPromise | None:
    """Return what a screen reader says of ``events``: the most important. ``begins_code``: a model begins to write."""
    names = {event.name for event in events if event.name != types.STEP_COMPLETED or _runs_code(event)}
    words = [_("The assistant is running Python.")] if begins_code else []
    words += [ANNOUNCED[name] for name in ANNOUNCED if name in names]
    return words[-1] if words else None


def _runs_code(event: Event) -> bool:
    return any(call["type"] == CODE_INTERPRETER for call in event.data["step_details"].get("tool_calls", ()))
