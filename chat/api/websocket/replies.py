"""The frames that programs receive, as docs/websocket.md describes them."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from chat.api.http.error_responses import explain_wrong_prefix
from chat.engine.follow import ThreadSnapshot
from chat.errors import Refusal
from chat.events.types import Event
from chat.models.api_objects.objects import Object


def event_frame(event: Event) -> str:
    return _encode(type="event", event=event.name, run_id=event.run_id, seq=event.seq, data=event.data)


def snapshot_frame(snapshot: ThreadSnapshot) -> str:
    run, messages, steps = snapshot.run, snapshot.messages, snapshot.steps
    return _encode(type="snapshot", run=run, messages=messages, steps=steps, seq=snapshot.seq)


def accepted_frame(request_id: str | None, **objects: Object | None) -> str:
    """Return the frame that accepts the frame ``request_id``, with the objects that it created or changed."""
    return _encode(type="accepted", **_in_reply_to(request_id), **objects)


def error_frame(refusal: Refusal, *, request_id: str | None) -> str:
    body = explain_wrong_prefix(refusal).as_body()
    # Not msgspec: a refusal quotes what was sent, which may hold half of a surrogate pair.
    return json.dumps({"type": "error", **_in_reply_to(request_id), **body})


def _in_reply_to(request_id: str | None) -> dict[str, str]:
    return {} if request_id is None else {"request_id": request_id}


def _encode(**frame: Any) -> str:
    return msgspec.json.encode(frame).decode()
