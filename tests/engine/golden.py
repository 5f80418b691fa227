"""The golden event streams of the reference, which lies beside the repository where there is one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from chat.events.types import MESSAGE_DELTA, STEP_DELTA, Event

STREAMS = Path(__file__).resolve().parents[3] / "shared" / "reference" / "streams"
TOLD = ("object", "status", "role", "type", "incomplete_details")  # whose values are to be the same
# The stream 09 shows the limit in its last event only; the steps of 06 to 08 hide what their runs count.
LOOSE = ("max_completion_tokens", "max_prompt_tokens")
UNCOUNTED = ("cancelled", "expired", "failed")

Told = tuple[str, dict[str, Any]]


def golden(name: str) -> list[Told]:
    """Names and data of the events in stream ``name``, but for the API's own ``done``; skips the test without it."""
    path = STREAMS / f"{name}.sse"
    if not path.exists():
        pytest.skip("the reference's streams are not beside the repository")
    blocks = [block.splitlines() for block in path.read_text().strip().split("\n\n")]
    events = [(event.removeprefix("event: "), data.removeprefix("data: ")) for event, data in blocks]
    return [(event, json.loads(data)) for event, data in events if event != "done"]


def assert_like(events: Iterable[Event], name: str) -> None:
    """``events`` differ from stream ``name`` only in ids, times and texts, and in how the texts are cut."""
    ours, theirs = merged((event.name, event.data) for event in events), merged(golden(name))
    assert [event for event, _data in ours] == [event for event, _data in theirs]
    for (event, data), (_same, wanted) in zip(ours, theirs, strict=True):
        assert outline(data, keys=wanted) == outline(wanted, keys=wanted), event


def merged(events: Iterable[Told]) -> list[Told]:
    """A row of deltas counts as one: how a text is cut is nobody's promise."""
    found: list[Told] = []
    for name, data in events:
        if name not in (MESSAGE_DELTA, STEP_DELTA) or not found or found[-1][0] != name:
            found.append((name, data))
    return found


def outline(data: dict[str, Any], *, keys: Iterable[str]) -> dict[str, Any]:
    """What the reference fixes of an object: what it is, which of the ``keys`` are null, and what lists are empty."""
    return {key: _outlined(key, data[key]) for key in keys if not _is_loose(key, data)}


def _outlined(key: str, value: Any) -> Any:
    if key in TOLD or value is None:
        return value
    if key == "step_details":
        return (value["type"], bool(value.get("tool_calls")))
    return f"{len(value)} parts" if key == "content" else "…"


def _is_loose(key: str, data: dict[str, Any]) -> bool:
    uncounted = data.get("object") == "thread.run.step" and data["status"] in UNCOUNTED
    return key in LOOSE or (key == "usage" and uncounted)
