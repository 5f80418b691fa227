"""What an answer cites: each passage once, numbered in the order in which the text refers to it; and the searches that
found the passages.

An answer's annotations name files only. Where in a file a passage stands, the step of the search knows, whose results
a marker ``【4:0†foods.txt】`` counts: the first of search 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chat.models import Message, RunStep, StepType
from chat.models.objects import Object
from chat.providers.tool_names import FILE_SEARCH
from chat.tools.citations import place_of

BETWEEN_PARTS = "\n\n"  # as in ``Message.text``


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands in a file of a store: pages, the nearest heading, and offsets in the document's text, of
    the passage and of the part of it that answers best.
    """

    store_id: str
    page_from: int | None
    page_to: int | None
    heading: str
    char_from: int
    char_to: int
    quote_from: int
    quote_to: int


@dataclass(frozen=True, slots=True)
class Result:
    """A passage that a search found. ``score`` is 0 to 1; ``place`` is None if the step does not tell."""

    file_id: str
    file_name: str
    score: float
    place: Place | None


@dataclass(frozen=True, slots=True)
class Search:
    """A search in files: what it looked for and what it found, best first. ``marker`` is its number in markers."""

    queries: tuple[str, ...]
    results: tuple[Result, ...]
    marker: int | None


@dataclass(frozen=True, slots=True)
class Citation:
    """A source of an answer. ``number`` counts from 1."""

    number: int
    file_id: str
    file_name: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Reference:
    """``text[start:end]`` of an answer is a marker that refers to ``citation``."""

    start: int
    end: int
    citation: Citation


@dataclass(slots=True)
class Numbering:
    """Numbers the citations of one answer as its text goes on. ``searches`` are those of its run."""

    searches: Sequence[Search] = ()
    citations: dict[tuple[object, ...], Citation] = field(default_factory=dict)

    def take(self, annotations: Iterable[Object]) -> list[Reference]:
        """The references of ``annotations``, which are as ``flat`` gives them."""
        found = [each for each in annotations if each["type"] == "file_citation"]
        return [
            Reference(each["start_index"], each["end_index"], self._citation(each))
            for each in sorted(found, key=lambda each: int(each["start_index"]))
        ]

    def _citation(self, annotation: Object) -> Citation:
        marker, file_id = annotation["text"], annotation["file_citation"]["file_id"]
        result = self._result(marker)
        if result is None or result.file_id != file_id:
            result = Result(file_id, marker.strip("【】").partition("†")[2], 0.0, None)
        place = result.place
        key = (file_id, place.store_id, place.char_from, place.char_to) if place else (file_id, marker)
        new = Citation(len(self.citations) + 1, file_id, result.file_name, place)
        return self.citations.setdefault(key, new)

    def _result(self, marker: str) -> Result | None:
        place = place_of(marker)
        for search in self.searches if place else ():
            if place and search.marker == place[0] and place[1] < len(search.results):
                return search.results[place[1]]
        return None


@dataclass(frozen=True, slots=True)
class Cited:
    """The text of an answer with what it cites."""

    text: str
    references: tuple[Reference, ...]
    citations: tuple[Citation, ...]


def flat(content: Iterable[Object]) -> tuple[str, list[Object]]:
    """All text of a message's ``content`` and its annotations, whose offsets are those of that text.

    An annotation that is not true of its part is left out.
    """
    texts: list[str] = []
    annotations: list[Object] = []
    begin = 0
    for part in content:
        if part["type"] != "text":
            continue
        text = part["text"]["value"]
        for each in part["text"]["annotations"]:
            start, end = each["start_index"], each["end_index"]
            if text[start:end] == each["text"]:
                annotations.append({**each, "start_index": begin + start, "end_index": begin + end})
        texts.append(text)
        begin += len(text) + len(BETWEEN_PARTS)
    return BETWEEN_PARTS.join(texts), annotations


def read(content: Iterable[Object], *, searches: Sequence[Search]) -> Cited:
    """What a message of this ``content`` says and cites. ``searches`` are those of its run."""
    text, annotations = flat(content)
    numbering = Numbering(searches)
    return Cited(text, tuple(numbering.take(annotations)), tuple(numbering.citations.values()))


def of_message(message: Message) -> list[Citation]:
    """The sources of an answer in the order of their numbers."""
    searches = searches_of([message.run_id] if message.run_id else []).get(message.run_id or "", Searches())
    return list(read(message.content, searches=searches.all).citations)


# --- searches ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Searches:
    """Those of a run: ``all`` of them, and which came ``before`` each of its messages, by the message's id."""

    all: list[Search] = field(default_factory=list)
    before: dict[str, list[Search]] = field(default_factory=dict)


def searches_of(run_ids: Iterable[str]) -> dict[str, Searches]:
    """The searches of runs, by the run's id; runs without steps are left out."""
    done: dict[str, Searches] = {}
    pending: dict[str, list[Search]] = {}
    for step in RunStep.objects.filter(run_id__in=set(run_ids)).order_by("created_at", "number"):
        of_run = done.setdefault(step.run_id, Searches())
        if step.type == StepType.MESSAGE_CREATION:
            of_run.before[step.details["message_creation"]["message_id"]] = pending.pop(step.run_id, [])
        else:
            found = [_search(call) for call in step.details["tool_calls"] if call["type"] == FILE_SEARCH]
            of_run.all += found
            pending.setdefault(step.run_id, []).extend(found)
    return done


def _search(call: Mapping[str, Any]) -> Search:
    told = call[FILE_SEARCH]
    results = tuple(_result(each) for each in told.get("results") or ())
    return Search(tuple(told.get("queries") or ()), results, told.get("marker"))


def _result(told: Mapping[str, Any]) -> Result:
    place = told.get("place")
    return Result(told["file_id"], told["file_name"], told["score"], Place(**place) if place else None)
