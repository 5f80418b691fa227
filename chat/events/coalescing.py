"""Fewer, larger pieces of text for those who read slower than it is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from chat.events import types
from chat.events.types import MESSAGE_DELTA, THREAD_CHANGED, Event


def coalesce(events: Iterable[Event]) -> list[Event]:
    """The events of runs, with neighbouring pieces of one text joined; what is joined has the last one's ``seq``."""
    result: list[Event] = []
    for event in events:
        if event.name == THREAD_CHANGED:
            continue
        if result and (joined := _joined(result[-1], event)):
            result[-1] = joined
        else:
            result.append(event)
    return result


def _joined(event: Event, following: Event) -> Event | None:
    """Both as one delta, if both are deltas of the same text."""
    if not event.name == following.name == MESSAGE_DELTA or event.data["id"] != following.data["id"]:
        return None
    [part], [more] = event.data["delta"]["content"], following.data["delta"]["content"]
    if part["index"] != more["index"] or part["type"] != "text":
        return None
    is_first = "annotations" in part["text"]
    text = part["text"]["value"] + more["text"]["value"]
    annotations = [*part["text"].get("annotations", ()), *more["text"].get("annotations", ())]
    data = types.message_delta(
        event.data["id"], index=part["index"], text=text, first=is_first, annotations=annotations
    )
    return replace(following, data=data)
