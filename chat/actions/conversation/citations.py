"""The citations of an answer: each passage once, numbered in the order in which the text refers to it.

An answer's annotations name files only. The place of a passage in its file is in the step of the search that a marker
names: ``【4:0†foods.txt】`` is the first result of search 4. Timeline, export and cited sources call it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chat.models import Message, RunStep, StepType
from chat.models.api_objects.objects import Object
from chat.models.threads import text_of
from chat.providers.tool_names import FILE_SEARCH
from chat.tools.citations import place_of

BETWEEN_PARTS = "\n\n"  # as in ``Message.text``


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a passage in a file of a store: pages, the nearest heading, and offsets in the document's text, of
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
class CitablePassage:
    """A passage that a search found. ``score`` is 0 to 1; ``place`` is None if the step has none."""

    file_id: str
    file_name: str
    score: float
    place: Place | None


@dataclass(frozen=True, slots=True)
class FileSearch:
    """A search in files: its queries and its results, best first. ``marker`` is its number in markers.

    ``unread`` names some of the ``unread_files`` files that could not be searched yet.
    """

    queries: tuple[str, ...]
    results: tuple[CitablePassage, ...]
    marker: int | None
    unread: tuple[str, ...] = ()
    unread_files: int = 0


@dataclass(frozen=True, slots=True)
class NumberedCitation:
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
    citation: NumberedCitation


@dataclass(slots=True)
class Numbering:
    """Numbers the citations of one answer as its text goes on. ``searches`` are those of its run."""

    searches: Sequence[FileSearch] = ()
    citations: dict[tuple[object, ...], NumberedCitation] = field(default_factory=dict)

    def add(self, annotations: Iterable[Object]) -> list[Reference]:
        """Return the references of ``annotations`` of ``flatten_content``, in the order of the text."""
        references = []
        citing = [each for each in annotations if each["type"] == "file_citation"]
        for each in sorted(citing, key=lambda each: int(each["start_index"])):
            result = self._result(each["text"], each["file_citation"]["file_id"])
            place = result.place
            within = (place.store_id, place.char_from, place.char_to) if place else (each["text"],)
            new = NumberedCitation(len(self.citations) + 1, result.file_id, result.file_name, place)
            citation = self.citations.setdefault((result.file_id, *within), new)
            references.append(Reference(each["start_index"], each["end_index"], citation))
        return references

    def _result(self, marker: str, file_id: str) -> CitablePassage:
        """Return the passage that ``marker`` names, if it is of that file; else all that is known: the file."""
        number, position = place_of(marker) or (None, 0)
        searched = next((search.results for search in self.searches if search.marker == number), ())
        if number is not None and position < len(searched) and searched[position].file_id == file_id:
            return searched[position]
        return CitablePassage(file_id, marker.strip("【】").partition("†")[2], 0.0, None)


@dataclass(frozen=True, slots=True)
class CitedText:
    """The text of an answer with what it cites."""

    text: str
    references: tuple[Reference, ...]
    citations: tuple[NumberedCitation, ...]


def flatten_content(content: Iterable[Object]) -> tuple[str, list[Object]]:
    """Return all text of a message's ``content`` and its annotations, whose offsets are those of that text.

    An annotation whose offsets do not fit its part is left out.
    """
    texts: list[str] = []
    annotations: list[Object] = []
    begin = 0
    for part in content:
        text = text_of(part)
        if text is None:
            continue
        for each in part["text"]["annotations"] if part["type"] == "text" else ():
            start, end = each["start_index"], each["end_index"]
            if text[start:end] == each["text"]:
                annotations.append({**each, "start_index": begin + start, "end_index": begin + end})
        texts.append(text)
        begin += len(text) + len(BETWEEN_PARTS)
    return BETWEEN_PARTS.join(texts), annotations


def parse_citations(content: Iterable[Object], *, searches: Sequence[FileSearch]) -> CitedText:
    """Return the text of a message's ``content`` and what it cites. ``searches`` are those of its run."""
    text, annotations = flatten_content(content)
    numbering = Numbering(searches)
    return CitedText(text, tuple(numbering.add(annotations)), tuple(numbering.citations.values()))


def citations_of(message: Message) -> list[NumberedCitation]:
    """Return the citations of an answer in the order of their numbers."""
    searches = searches_of_runs([message.run_id] if message.run_id else []).get(message.run_id or "", RunSearches())
    return list(parse_citations(message.content, searches=searches.all).citations)


# --- searches ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class RunSearches:
    """The searches of a run: ``all`` of them, and those ``before`` each of its messages, by the message's id."""

    all: list[FileSearch] = field(default_factory=list)
    before: dict[str, list[FileSearch]] = field(default_factory=dict)


def searches_of_runs(run_ids: Iterable[str]) -> dict[str, RunSearches]:
    """Return the searches of runs, by the run's id. Runs without steps are left out."""
    by_run: dict[str, RunSearches] = {}
    pending: dict[str, list[FileSearch]] = {}
    for step in RunStep.objects.filter(run_id__in=set(run_ids)).order_by("created_at", "number"):
        of_run = by_run.setdefault(step.run_id, RunSearches())
        if step.type == StepType.MESSAGE_CREATION:
            of_run.before[step.details["message_creation"]["message_id"]] = pending.pop(step.run_id, [])
        else:
            new_searches = [_search(call) for call in step.details["tool_calls"] if call["type"] == FILE_SEARCH]
            of_run.all += new_searches
            pending.setdefault(step.run_id, []).extend(new_searches)
    return by_run


def _search(call: Mapping[str, Any]) -> FileSearch:
    search = call[FILE_SEARCH]
    results = tuple(
        CitablePassage(
            each["file_id"], each["file_name"], each["score"], Place(**each["place"]) if each.get("place") else None
        )
        for each in search.get("results") or ()
    )
    unread = search.get("unread") or {"names": (), "count": 0}
    return FileSearch(
        tuple(search.get("queries") or ()),
        results,
        search.get("marker"),
        unread=tuple(unread["names"]),
        unread_files=unread["count"],
    )
