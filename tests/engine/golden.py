"""The golden event streams of the reference, which lies beside the repository where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat.events.types import MESSAGE_DELTA, STEP_DELTA

STREAMS = Path(__file__).resolve().parents[3] / "shared" / "reference" / "streams"


def golden(name: str) -> list[str]:
    """The names of the events in stream ``name``, but for the API's own ``done``; skips the test without it."""
    path = STREAMS / f"{name}.sse"
    if not path.exists():
        pytest.skip("the reference's streams are not beside the repository")
    lines = path.read_text().splitlines()
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    return [name for name in names if name != "done"]


def merged(names: list[str]) -> list[str]:
    """A row of deltas counts as one: how a text is cut is nobody's promise."""
    return [
        name
        for place, name in enumerate(names)
        if name not in (MESSAGE_DELTA, STEP_DELTA) or names[place - 1 : place] != [name]
    ]
