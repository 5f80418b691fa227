"""What the deltas of a run say: more of a message, more of the code that a model writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chat.events import types
from chat.events.types import Event
from chat.models.objects import Object
from chat.web.timeline.code_cells import CODE
from chat.web.timeline.generated_files import pictures_in


@dataclass(frozen=True, slots=True)
class Said:
    """More of a message: ``annotations`` have the offsets of all its text, ``pictures`` are ids of files."""

    text: str
    annotations: Sequence[Object]
    pictures: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Coded:
    """More of the code in the ``place``-th call of a step; ``begins``: all of it so far."""

    step_id: str
    place: int
    code: str
    begins: bool


def only_grows(event: Event) -> bool:
    """Whether an event makes a text on the page longer and does nothing else: no row is needed to show it."""
    if event.name == types.MESSAGE_DELTA:
        return all(part["type"] == "text" for part in event.data["delta"]["content"])
    return event.name == types.STEP_DELTA and not any("id" in call for call in _calls(event))


def said_in(events: Iterable[Event]) -> dict[str, Said]:
    """What the deltas among ``events`` add to each message."""
    added: dict[str, list[Object]] = {}
    for event in events:
        if event.name == types.MESSAGE_DELTA:
            added.setdefault(event.data["id"], []).extend(event.data["delta"]["content"])
    return {id: _said(parts) for id, parts in added.items()}


def _said(parts: Sequence[Object]) -> Said:
    texts = [part["text"] for part in parts if part["type"] == "text"]
    return Said(
        "".join(text.get("value") or "" for text in texts),
        [annotation for text in texts for annotation in text.get("annotations") or ()],
        pictures_in(parts),
    )


def coded_in(events: Iterable[Event]) -> Iterator[Coded]:
    """The code that models write among ``events``, in order."""
    for event in events:
        for call in _calls(event) if event.name == types.STEP_DELTA else ():
            if call["type"] == CODE and (code := call[CODE].get("input")) is not None:
                yield Coded(event.data["id"], call["index"], code, begins="id" in call)


def begins_search(event: Event) -> bool:
    return event.name == types.STEP_DELTA and any(call.get("type") == "file_search" for call in _calls(event))


def _calls(event: Event) -> Sequence[Object]:
    calls: Sequence[Object] = event.data["delta"]["step_details"]["tool_calls"]
    return calls
