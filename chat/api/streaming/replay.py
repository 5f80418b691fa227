"""What a stream has told of its run, and how rows are told as the events that were not heard.

Events come from the memory of the process that works on the run. A stream in another process, or one that fell far
behind, reads the rows and tells what they say in the order in which it would have happened (reference, section 7.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chat.engine.follow import Snapshot
from chat.errors import RunDeleted
from chat.events import types
from chat.events.types import STREAM_ENDS, Event
from chat.models import RunStatus, StepStatus
from chat.models.objects import Object
from chat.models.runs import LIFE

Happening = tuple[str, Object]
Place = tuple[str, int]  # a message and the index of a part, or a step and the index of a call
CODE = "code_interpreter"
STEP = "thread.run.step."
OUTPUTS_TAKEN = "outputs taken"  # no event: the run went on before the stream began
# A call that was made and nothing else, by its type.
UNDONE: dict[str, Object] = {"function": {"output": None}, "file_search": {"results": []}, CODE: {"outputs": []}}
GROWING = {"function": "arguments", CODE: "input"}  # what of a call comes in pieces
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


class Told:
    """What the client of one stream knows of a run.

    ``known`` are the statuses of the steps that an earlier stream told, when the run waited for tool outputs.
    """

    def __init__(self, *, known: Mapping[str, str]) -> None:
        self.known = known
        self.run = OUTPUTS_TAKEN if known else ""  # the last event of the run that was told
        self.last = {id: f"{STEP}{status}" for id, status in known.items()}  # that of each step and message
        self.lengths: dict[Place, int] = {}  # of texts; of pictures 0
        self.outputs: dict[Place, int] = {}  # of code that was run, how many

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
            for part in data["delta"]["content"]:
                self._lengthen((data["id"], part["index"]), _text_of(part))
        elif name == types.STEP_DELTA:
            for call in data["delta"]["step_details"]["tool_calls"]:
                place = (data["id"], call["index"])
                self._lengthen(place, _written_of(call))
                self.outputs[place] = self.outputs.get(place, 0) + len(call.get(CODE, {}).get("outputs") or ())
        elif data["object"] == "thread.run":
            self.run = name
        else:
            self.last[data["id"]] = name

    def _lengthen(self, place: Place, text: str) -> None:
        self.lengths[place] = self.lengths.get(place, 0) + len(text)

    def catch_up(self, snapshot: Snapshot) -> list[Happening]:
        """Return what ``snapshot`` of the run says and was not told. Raise ``RunDeleted`` when the run is gone."""
        if snapshot.run is None:
            raise RunDeleted
        self.news: list[Happening] = []
        messages = {message["id"]: message for message in snapshot.messages}
        self._begin(snapshot.run, [step for step in snapshot.steps if step["id"] in self.known])
        for step in snapshot.steps:
            self._tell_step(step, messages)
        ending = f"thread.run.{snapshot.run['status']}"
        if ending in STREAM_ENDS and ending != self.run:
            self._tell(ending, snapshot.run)
        return self.news

    def _tell(self, name: str, data: Object) -> None:
        if self.run != types.RUN_CANCELLING and _is_of_a_cancel(name, data):
            self._tell(types.RUN_CANCELLING, self.cancelling)
        self._remember(name, data)
        self.news.append((name, data))

    def _begin(self, run: Object, earlier: list[Object]) -> None:
        fresh = {**run, **UNTOUCHED, "expires_at": run["created_at"] + int(LIFE.total_seconds())}
        self.cancelling = fresh | {"status": RunStatus.CANCELLING.value, "started_at": run["started_at"]}
        queued = fresh | {"status": RunStatus.QUEUED.value}
        if not self.run:
            self._tell(types.RUN_CREATED, queued)
        if self.run == OUTPUTS_TAKEN:
            queued["started_at"] = run["started_at"]  # the run had begun before (reference, section 6.4)
            for step in earlier:
                self._tell_step(step, {})
        if self.run in (types.RUN_CREATED, OUTPUTS_TAKEN):
            self._tell(types.RUN_QUEUED, queued)
        if self.run == types.RUN_QUEUED and run["started_at"] is not None and run["status"] != RunStatus.QUEUED:
            begun = fresh | {"status": RunStatus.IN_PROGRESS.value, "started_at": run["started_at"]}
            self._tell(types.RUN_IN_PROGRESS, begun)

    def _tell_step(self, step: Object, messages: Mapping[str, Object]) -> None:
        if self.last.get(step["id"]) not in (None, types.STEP_CREATED, types.STEP_IN_PROGRESS):
            return
        details = step["step_details"]
        is_message = details["type"] == "message_creation"
        empty = details if is_message else {**details, "tool_calls": []}
        begun = {**step, "status": "in_progress", "step_details": empty, "completed_at": None, "usage": None}
        begun |= {"failed_at": None, "cancelled_at": None, "last_error": None}
        self._open(begun, types.STEP_CREATED, types.STEP_IN_PROGRESS)
        if is_message:
            self._tell_message(messages.get(details["message_creation"]["message_id"]))
        elif step["id"] not in self.known:
            for index, call in enumerate(details["tool_calls"]):
                self._tell_call(step["id"], index, call)
        if step["status"] != StepStatus.IN_PROGRESS:
            self._tell(f"{STEP}{step['status']}", step)

    def _open(self, begun: Object, created: str, in_progress: str) -> None:
        if begun["id"] not in self.last:
            self._tell(created, begun)
        if self.last[begun["id"]] == created:
            self._tell(in_progress, begun)

    def _tell_message(self, message: Object | None) -> None:
        if message is None:
            return
        begun = {**message, "status": "in_progress", "content": [], "completed_at": None}
        begun |= {"incomplete_at": None, "incomplete_details": None}
        self._open(begun, types.MESSAGE_CREATED, types.MESSAGE_IN_PROGRESS)
        for index, part in enumerate(message["content"]):
            self._tell_part(message["id"], index, part)
        if message["status"] != "in_progress" and self.last[message["id"]] == types.MESSAGE_IN_PROGRESS:
            self._tell(f"thread.message.{message['status']}", message)

    def _tell_part(self, message_id: str, index: int, part: Object) -> None:
        told = self.lengths.get((message_id, index))
        if part["type"] == "text":
            if rest := part["text"]["value"][told or 0 :]:
                fresh = _annotations(part, start=told or 0)
                delta = types.message_delta(message_id, index=index, text=rest, first=not told, annotations=fresh)
                self._tell(types.MESSAGE_DELTA, delta)
        elif part["type"] == "image_file" and told is None:
            delta = types.image_delta(message_id, index=index, file_id=part["image_file"]["file_id"])
            self._tell(types.MESSAGE_DELTA, delta)

    def _tell_call(self, step_id: str, index: int, call: Object) -> None:
        """A call as it was made, and what code has put out; else what came of it is told with its step (reference,
        section 7.2).
        """
        place, kind = (step_id, index), call["type"]
        told = self.lengths.get(place)
        if told is None:
            self._tell_more(step_id, {"index": index, **call, kind: {**call[kind], **UNDONE.get(kind, {})}})
        elif rest := _written_of(call)[told:]:
            self._tell_more(step_id, {"index": index, "type": kind, kind: {GROWING[kind]: rest}})
        for number, output in enumerate(call[kind].get("outputs", ())):
            if number >= self.outputs.get(place, 0):
                outputs = [{"index": number, **output}]
                self._tell_more(step_id, {"index": index, "type": kind, kind: {"outputs": outputs}})

    def _tell_more(self, step_id: str, call: Object) -> None:
        self._tell(types.STEP_DELTA, types.step_delta(step_id, tool_call=dict(call)))


def _is_of_a_cancel(name: str, data: Object) -> bool:
    """Whether this came of a cancel, which is told first."""
    if name == types.MESSAGE_INCOMPLETE:
        return bool(data["incomplete_details"]["reason"] == "run_cancelled")
    return name in (types.STEP_CANCELLED, types.RUN_CANCELLED)


def _annotations(part: Object, *, start: int) -> list[Object]:
    """Those of a part's text from ``start`` on, as deltas show them."""
    notes = enumerate(part["text"]["annotations"])
    return [types.annotation_delta(note, index=index) for index, note in notes if note["start_index"] >= start]


def _text_of(part: Object) -> str:
    return part["text"]["value"] if part["type"] == "text" else ""


def _written_of(call: Object) -> str:
    """What of a call, or of a delta of one, comes in pieces."""
    kind = call["type"]
    return str(call.get(kind, {}).get(GROWING.get(kind), ""))
