"""The events of a run: the closed list of names, and the value that carries one (reference, section 7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

RUN_CREATED = "thread.run.created"
RUN_QUEUED = "thread.run.queued"
RUN_IN_PROGRESS = "thread.run.in_progress"
RUN_REQUIRES_ACTION = "thread.run.requires_action"
RUN_CANCELLING = "thread.run.cancelling"
RUN_COMPLETED = "thread.run.completed"
RUN_INCOMPLETE = "thread.run.incomplete"
RUN_FAILED = "thread.run.failed"
RUN_CANCELLED = "thread.run.cancelled"
RUN_EXPIRED = "thread.run.expired"
STEP_CREATED = "thread.run.step.created"
STEP_IN_PROGRESS = "thread.run.step.in_progress"
STEP_DELTA = "thread.run.step.delta"
STEP_COMPLETED = "thread.run.step.completed"
STEP_FAILED = "thread.run.step.failed"
STEP_CANCELLED = "thread.run.step.cancelled"
STEP_EXPIRED = "thread.run.step.expired"
MESSAGE_CREATED = "thread.message.created"
MESSAGE_IN_PROGRESS = "thread.message.in_progress"
MESSAGE_DELTA = "thread.message.delta"
MESSAGE_COMPLETED = "thread.message.completed"
MESSAGE_INCOMPLETE = "thread.message.incomplete"

RUN_ENDED = frozenset({RUN_COMPLETED, RUN_INCOMPLETE, RUN_FAILED, RUN_CANCELLED, RUN_EXPIRED})
# After these nothing more comes until someone acts: a stream of the API ends here.
STREAM_ENDS = RUN_ENDED | {RUN_REQUIRES_ACTION}

# Not an event of a run: something else about the thread changed (a queued message, its title). Carries no object.
THREAD_CHANGED = "thread.changed"


@dataclass(frozen=True, slots=True)
class Event:
    """``data`` is the API's object (a run, a step, a message) or delta. ``seq`` counts from 1 within the run."""

    run_id: str
    seq: int
    name: str
    data: Mapping[str, Any]


def message_delta(
    message_id: str, *, index: int, text: str, first: bool, annotations: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """A delta of the text part at ``index``; the first of a part carries a list of annotations (section 7.3).

    ``annotations`` are those whose text comes with this delta, as ``annotation_delta`` makes them.
    """
    part: dict[str, Any] = {"value": text}
    if first or annotations:
        part["annotations"] = list(annotations)
    content = [{"index": index, "type": "text", "text": part}]
    return {"id": message_id, "object": "thread.message.delta", "delta": {"content": content}}


def image_delta(message_id: str, *, index: int, file_id: str) -> dict[str, Any]:
    """The delta that brings the picture at ``index``."""
    content = [{"index": index, "type": "image_file", "image_file": {"file_id": file_id}}]
    return {"id": message_id, "object": "thread.message.delta", "delta": {"content": content}}


def refusal_delta(message_id: str, *, index: int, text: str) -> dict[str, Any]:
    """A delta of the refusal at ``index``."""
    content = [{"index": index, "type": "refusal", "refusal": text}]
    return {"id": message_id, "object": "thread.message.delta", "delta": {"content": content}}


def with_pictures(pictures: Iterable[Mapping[str, Any]], delta: Mapping[str, Any]) -> dict[str, Any]:
    """The deltas of ``pictures`` and of the text that follows at once, as one: some clients show pictures only so."""
    content = [part for each in (*pictures, delta) for part in each["delta"]["content"]]
    return {**delta, "delta": {"content": content}}


def annotation_delta(annotation: Mapping[str, Any], *, index: int) -> dict[str, Any]:
    """An annotation of a message as deltas show it: with its ``index`` in the part, and the quote of old times."""
    kind = annotation["type"]
    quote = {"quote": ""} if kind == "file_citation" else {}
    return {"index": index, **annotation, kind: {**annotation[kind], **quote}}


def step_delta(step_id: str, *, tool_call: dict[str, Any]) -> dict[str, Any]:
    """A delta of one tool call, which carries its ``index``."""
    details = {"type": "tool_calls", "tool_calls": [tool_call]}
    return {"id": step_id, "object": "thread.run.step.delta", "delta": {"step_details": details}}


def coalesce(events: Iterable[Event]) -> list[Event]:
    """The events of runs, with neighbouring pieces of one text joined; what is joined has the last one's ``seq``."""
    result: list[Event] = []
    for event in events:
        if event.name == THREAD_CHANGED:
            continue
        if result and (joined := _join(result[-1], event)):
            result[-1] = joined
        else:
            result.append(event)
    return result


def _join(event: Event, following: Event) -> Event | None:
    """Both as one delta, if both are deltas of the same text; the first may bring pictures before it."""
    if not event.name == following.name == MESSAGE_DELTA or event.data["id"] != following.data["id"]:
        return None
    *pictures, part = event.data["delta"]["content"]
    *other_parts, more = following.data["delta"]["content"]
    if other_parts or part["index"] != more["index"] or part["type"] == "image_file":
        return None
    if part["type"] == "refusal":
        text = part["refusal"] + more["refusal"]
        return replace(following, data=refusal_delta(event.data["id"], index=part["index"], text=text))
    is_first = "annotations" in part["text"]
    text = part["text"]["value"] + more["text"]["value"]
    annotations = [*part["text"].get("annotations", ()), *more["text"].get("annotations", ())]
    data = message_delta(event.data["id"], index=part["index"], text=text, first=is_first, annotations=annotations)
    data["delta"]["content"] = [*pictures, *data["delta"]["content"]]
    return replace(following, data=data)
