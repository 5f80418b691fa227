"""The frames that programs get, as docs/websocket.md describes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec

from chat.engine.follow import Snapshot
from chat.errors import Refusal
from chat.events import types
from chat.events.types import MESSAGE_DELTA, THREAD_CHANGED, Event
from chat.models.objects import Object


def event_frame(event: Event) -> str:
    return _written(type="event", event=event.name, run_id=event.run_id, seq=event.seq, data=event.data)


def snapshot_frame(snapshot: Snapshot) -> str:
    run, messages, steps = snapshot.run, snapshot.messages, snapshot.steps
    return _written(type="snapshot", run=run, messages=messages, steps=steps, seq=snapshot.seq)


def accepted_frame(request_id: str | None, **objects: Object | None) -> str:
    """``objects`` are what became of the frame ``request_id``."""
    return _written(type="accepted", **_in_reply_to(request_id), **objects)


def error_frame(refusal: Refusal, *, request_id: str | None) -> str:
    return _written(type="error", **_in_reply_to(request_id), **refusal.as_body())


def coalesced(events: Iterable[Event]) -> list[Event]:
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
    if part["index"] != more["index"]:
        return None
    is_first = "annotations" in part["text"]
    text = part["text"]["value"] + more["text"]["value"]
    data = types.message_delta(event.data["id"], index=part["index"], text=text, first=is_first)
    return replace(following, data=data)


def _in_reply_to(request_id: str | None) -> dict[str, str]:
    return {} if request_id is None else {"request_id": request_id}


def _written(**frame: Any) -> str:
    return msgspec.json.encode(frame).decode()
