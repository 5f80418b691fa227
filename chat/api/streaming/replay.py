"""The events that a stream has missed, worked out from the rows of its run.

Events come from the memory of the process that works on the run. A stream in another process, or one that fell far
behind, reads the rows and sends what they imply, in the order in which it would have happened (reference, section 7.2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from chat.engine.follow import ThreadSnapshot
from chat.errors import RunDeleted
from chat.events import types
from chat.events.types import STREAM_ENDS, Event
from chat.models import RunStatus, StepStatus
from chat.models.api_objects.objects import Object
from chat.models.runs import LIFE
from chat.models.threads import text_of
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH, FUNCTION

StreamEvent = tuple[str, Object]  # its name and its data
Place = tuple[str, int]  # a message and the index of a part, or a step and the index of a call
STEP = "thread.run.step."
OUTPUTS_SUBMITTED = "outputs submitted"  # no event: the run went on before the stream began
# A call that was made and has no result yet, by its type.
WITHOUT_RESULT: dict[str, Object] = {
    FUNCTION: {"output": None},
    FILE_SEARCH: {"results": []},
    CODE_INTERPRETER: {"outputs": []},
}
STREAMED_FIELD = {FUNCTION: "arguments", CODE_INTERPRETER: "input"}  # the field of a call that comes in pieces
# The fields of a run that has not done anything.
NEW_RUN = {
    "started_at": None,
    "cancelled_at": None,
    "failed_at": None,
    "completed_at": None,
    "required_action": None,
    "last_error": None,
    "incomplete_details": None,
    "usage": None,
}


class StreamProgress:
    """The events that one stream has sent, as far as they say which are missing.

    ``known_steps`` are the statuses of the steps that an earlier stream sent, when the run waited for tool outputs.
    """

    def __init__(self, known_steps: Mapping[str, str]) -> None:
        self.known_steps = known_steps
        self.run_event = OUTPUTS_SUBMITTED if known_steps else ""  # the last one of the run itself
        self.last_events = {id: f"{STEP}{status}" for id, status in known_steps.items()}  # of each step and message
        self.lengths: Counter[Place] = Counter()  # characters of texts and of what calls stream; of pictures 0
        self.output_counts: Counter[Place] = Counter()  # outputs of code calls

    def record(self, events: Iterable[Event]) -> list[StreamEvent]:
        """Note that ``events`` are sent. Return them, up to one that ends the stream."""
        batch: list[StreamEvent] = []
        for event in events:
            self._note(event.name, event.data)
            batch.append((event.name, event.data))
            if event.name in STREAM_ENDS:
                break
        return batch

    def replay(self, snapshot: ThreadSnapshot) -> list[StreamEvent]:
        """Return the events that ``snapshot`` of the run implies and that were not sent.

        Raise ``RunDeleted`` when the run is gone.
        """
        if snapshot.run is None:
            raise RunDeleted
        self.missed: list[StreamEvent] = []
        messages = {message["id"]: message for message in snapshot.messages}
        self._add_run_start(snapshot.run, [step for step in snapshot.steps if step["id"] in self.known_steps])
        for step in snapshot.steps:
            self._add_step(step, messages)
        end = f"thread.run.{snapshot.run['status']}"
        if end in STREAM_ENDS and end != self.run_event:
            self._add(end, snapshot.run)
        return self.missed

    def _note(self, name: str, data: Object) -> None:
        if name == types.MESSAGE_DELTA:
            for part in data["delta"]["content"]:
                self.lengths[data["id"], part["index"]] += len(text_of(part) or "")
        elif name == types.STEP_DELTA:
            for call in data["delta"]["step_details"]["tool_calls"]:
                place = (data["id"], call["index"])
                self.lengths[place] += len(_streamed_text(call))
                self.output_counts[place] += len(call.get(CODE_INTERPRETER, {}).get("outputs") or ())
        elif data["object"] == "thread.run":
            self.run_event = name
        else:
            self.last_events[data["id"]] = name

    def _add(self, name: str, data: Object) -> None:
        if self.run_event != types.RUN_CANCELLING and _follows_cancel(name, data):
            self._add(types.RUN_CANCELLING, self.cancelling)
        self._note(name, data)
        self.missed.append((name, data))

    def _add_run_start(self, run: Object, earlier_steps: list[Object]) -> None:
        new = {**run, **NEW_RUN, "expires_at": run["created_at"] + int(LIFE.total_seconds())}
        self.cancelling = new | {"status": RunStatus.CANCELLING.value, "started_at": run["started_at"]}
        queued = new | {"status": RunStatus.QUEUED.value}
        if not self.run_event:
            self._add(types.RUN_CREATED, queued)
        if self.run_event == OUTPUTS_SUBMITTED:
            queued["started_at"] = run["started_at"]  # the run had begun before (reference, section 6.4)
            for step in earlier_steps:
                self._add_step(step, {})
        if self.run_event in (types.RUN_CREATED, OUTPUTS_SUBMITTED):
            self._add(types.RUN_QUEUED, queued)
        if self.run_event == types.RUN_QUEUED and run["started_at"] is not None and run["status"] != RunStatus.QUEUED:
            in_progress = new | {"status": RunStatus.IN_PROGRESS.value, "started_at": run["started_at"]}
            self._add(types.RUN_IN_PROGRESS, in_progress)

    def _add_step(self, step: Object, messages: Mapping[str, Object]) -> None:
        if self.last_events.get(step["id"]) not in (None, types.STEP_CREATED, types.STEP_IN_PROGRESS):
            return
        details = step["step_details"]
        is_message = details["type"] == "message_creation"
        empty = details if is_message else {**details, "tool_calls": []}
        in_progress = {**step, "status": "in_progress", "step_details": empty, "completed_at": None, "usage": None}
        in_progress |= {"failed_at": None, "cancelled_at": None, "last_error": None}
        self._add_opening(in_progress, types.STEP_CREATED, types.STEP_IN_PROGRESS)
        if is_message:
            self._add_message(messages.get(details["message_creation"]["message_id"]))
        elif step["id"] not in self.known_steps:
            for index, call in enumerate(details["tool_calls"]):
                self._add_call(step["id"], index, call)
        if step["status"] != StepStatus.IN_PROGRESS:
            self._add(f"{STEP}{step['status']}", step)

    def _add_opening(self, data: Object, created: str, in_progress: str) -> None:
        if data["id"] not in self.last_events:
            self._add(created, data)
        if self.last_events[data["id"]] == created:
            self._add(in_progress, data)

    def _add_message(self, message: Object | None) -> None:
        if message is None:
            return
        in_progress = {**message, "status": "in_progress", "content": [], "completed_at": None}
        in_progress |= {"incomplete_at": None, "incomplete_details": None}
        self._add_opening(in_progress, types.MESSAGE_CREATED, types.MESSAGE_IN_PROGRESS)
        self._add_parts(message)
        if message["status"] != "in_progress" and self.last_events[message["id"]] == types.MESSAGE_IN_PROGRESS:
            self._add(f"thread.message.{message['status']}", message)

    def _add_parts(self, message: Object) -> None:
        """Add what is missing of the message's content, pictures with the text that follows them."""
        pictures: list[Object] = []
        for index, part in enumerate(message["content"]):
            delta = self._part_delta(message["id"], index, part)
            if delta and part["type"] == "image_file":
                pictures.append(delta)
            elif delta:
                self._add(types.MESSAGE_DELTA, types.with_pictures(pictures, delta))
                pictures = []
        for delta in pictures:
            self._add(types.MESSAGE_DELTA, delta)

    def _part_delta(self, message_id: str, index: int, part: Object) -> Object | None:
        length = self.lengths.get((message_id, index))
        if part["type"] == "text" and (rest := part["text"]["value"][length or 0 :]):
            notes = _annotations_from(length or 0, part)
            return types.message_delta(message_id, index=index, text=rest, first=not length, annotations=notes)
        if part["type"] == "refusal" and (rest := part["refusal"][length or 0 :]):
            return types.refusal_delta(message_id, index=index, text=rest)
        if part["type"] == "image_file" and length is None:
            return types.image_delta(message_id, index=index, file_id=part["image_file"]["file_id"])
        return None

    def _add_call(self, step_id: str, index: int, call: Object) -> None:
        """Add the call as it was made, and the outputs of code; other results come with the step (section 7.2)."""
        place, kind = (step_id, index), call["type"]
        length = self.lengths.get(place)
        if length is None:
            self._add_call_delta(
                step_id, {"index": index, **call, kind: {**call[kind], **WITHOUT_RESULT.get(kind, {})}}
            )
        elif rest := _streamed_text(call)[length:]:
            self._add_call_delta(step_id, {"index": index, "type": kind, kind: {STREAMED_FIELD[kind]: rest}})
        for number, output in enumerate(call[kind].get("outputs", ())):
            if number >= self.output_counts[place]:
                outputs = [{"index": number, **output}]
                self._add_call_delta(step_id, {"index": index, "type": kind, kind: {"outputs": outputs}})

    def _add_call_delta(self, step_id: str, call: Object) -> None:
        self._add(types.STEP_DELTA, types.step_delta(step_id, tool_call=dict(call)))


def _follows_cancel(name: str, data: Object) -> bool:
    """Return True for an event that ``thread.run.cancelling`` precedes."""
    if name == types.MESSAGE_INCOMPLETE:
        return bool(data["incomplete_details"]["reason"] == "run_cancelled")
    return name in (types.STEP_CANCELLED, types.RUN_CANCELLED)


def _annotations_from(start: int, part: Object) -> list[Object]:
    """Return the annotations of a text part that begin at ``start`` or later, as deltas have them."""
    notes = enumerate(part["text"]["annotations"])
    return [types.annotation_delta(note, index=index) for index, note in notes if note["start_index"] >= start]


def _streamed_text(call: Object) -> str:
    """Return the text of a call, or of a delta of one, that comes in pieces."""
    kind = call["type"]
    return str(call.get(kind, {}).get(STREAMED_FIELD.get(kind), ""))
