"""What a stream has told of its run, and how rows are told as the events that were not heard.

Events come from the memory of the process that works on the run. A stream in another process, or one that fell far
behind, reads the rows and tells what they say in the order in which it would have happened (reference, section 7.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chat.engine.follow import Snapshot
from chat.errors import NotFound
from chat.events import types
from chat.events.types import STREAM_ENDS, Event
from chat.models import RunStatus, StepStatus
from chat.models.objects import Object
from chat.models.runs import LIFE

Happening = tuple[str, Object]
# A run as it was before it had done anything.
UNTOUCHED = {
    "started_at": None,
    "cancelled_at": None,
    "failed_at": None,
    "completed_at": None,
    "required_action": None,
    "last_error": None,
    "incomplete_details": None,
    "usage": None,
}


class Gone(NotFound):
    """The run was deleted with its thread."""


class Told:
    """What the client of one stream knows of ``run``.

    ``known`` are the statuses of the steps that an earlier stream told, when the run waited for tool outputs.
    """

    def __init__(self, *, known: Mapping[str, str]) -> None:
        self.status = RunStatus.REQUIRES_ACTION.value if known else ""
        self.steps = dict(known)
        self.messages: dict[str, str] = {}
        self.lengths: dict[str, int] = {}  # of the text that was told, by message

    def take(self, events: Iterable[Event]) -> list[Happening]:
        """``events``, remembered, up to one that ends a stream."""
        taken: list[Happening] = []
        for event in events:
            self._remember(event.name, event.data)
            taken.append((event.name, event.data))
            if event.name in STREAM_ENDS:
                break
        return taken

    def _remember(self, name: str, data: Object) -> None:
        if name == types.MESSAGE_DELTA:
            text = sum(len(part["text"]["value"]) for part in data["delta"]["content"] if part["type"] == "text")
            self.lengths[data["id"]] = self.lengths.get(data["id"], 0) + text
        elif data["object"] == "thread.message":
            self.messages[data["id"]] = data["status"]
        elif data["object"] == "thread.run.step":
            self.steps[data["id"]] = data["status"]
        elif data["object"] == "thread.run":
            self.status = data["status"]

    def catch_up(self, snapshot: Snapshot) -> list[Happening]:
        """What ``snapshot`` of the run says and was not told. Raises ``Gone`` when the run is not there any more."""
        if snapshot.run is None:
            raise Gone
        self.news: list[Happening] = []
        messages = {message["id"]: message for message in snapshot.messages}
        self._begin(snapshot.run, [step for step in snapshot.steps if step["id"] in self.steps])
        for step in snapshot.steps:
            self._tell_step(step, messages)
        ending = f"thread.run.{snapshot.run['status']}"
        if ending in STREAM_ENDS and snapshot.run["status"] != self.status:
            self._tell(ending, snapshot.run)
        return self.news

    def _tell(self, name: str, data: Object) -> None:
        self._remember(name, data)
        self.news.append((name, data))

    def _begin(self, run: Object, earlier: list[Object]) -> None:
        fresh = {**run, **UNTOUCHED, "expires_at": run["created_at"] + int(LIFE.total_seconds())}
        queued = fresh | {"status": RunStatus.QUEUED.value}
        if not self.status:
            self._tell(types.RUN_CREATED, queued)
            self._tell(types.RUN_QUEUED, queued)
        elif self.status == RunStatus.REQUIRES_ACTION != run["status"]:
            for step in earlier:
                self._tell_step(step, {})
            self._tell(types.RUN_QUEUED, queued)
        if self.status == RunStatus.QUEUED and run["started_at"] is not None and run["status"] != RunStatus.QUEUED:
            begun = fresh | {"status": RunStatus.IN_PROGRESS.value, "started_at": run["started_at"]}
            self._tell(types.RUN_IN_PROGRESS, begun)

    def _tell_step(self, step: Object, messages: Mapping[str, Object]) -> None:
        known = self.steps.get(step["id"])
        if known not in (None, StepStatus.IN_PROGRESS):
            return
        details = step["step_details"]
        if known is None:
            empty = details if details["type"] == "message_creation" else {**details, "tool_calls": []}
            begun = {**step, "status": "in_progress", "step_details": empty, "completed_at": None, "usage": None}
            begun |= {"failed_at": None, "cancelled_at": None, "last_error": None}
            self._tell(types.STEP_CREATED, begun)
            self._tell(types.STEP_IN_PROGRESS, begun)
        if details["type"] == "message_creation":
            self._tell_message(messages.get(details["message_creation"]["message_id"]))
        elif known is None:
            for place, call in enumerate(details["tool_calls"]):
                self._tell(types.STEP_DELTA, types.step_delta(step["id"], tool_call={"index": place, **call}))
        if step["status"] != StepStatus.IN_PROGRESS:
            self._tell(f"thread.run.step.{step['status']}", step)

    def _tell_message(self, message: Object | None) -> None:
        if message is None:
            return
        known = self.messages.get(message["id"])
        if known is None:
            begun = {**message, "status": "in_progress", "content": [], "completed_at": None}
            begun |= {"incomplete_at": None, "incomplete_details": None}
            self._tell(types.MESSAGE_CREATED, begun)
            self._tell(types.MESSAGE_IN_PROGRESS, begun)
        text = "".join(part["text"]["value"] for part in message["content"] if part["type"] == "text")
        told = self.lengths.get(message["id"], 0)
        if len(text) > told:
            delta = types.message_delta(message["id"], index=0, text=text[told:], first=told == 0)
            self._tell(types.MESSAGE_DELTA, delta)
        if message["status"] not in ("in_progress", known):
            self._tell(f"thread.message.{message['status']}", message)
