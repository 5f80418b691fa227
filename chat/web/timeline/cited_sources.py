"""Sources and searches of answers as the page shows them: names, numbers, and places in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.actions.conversation.citations import FileSearch, NumberedCitation, Place, Reference
from chat.actions.conversation.cited_sources import Excerpt
from chat.documents.formats import FileKind, format_of
from chat.errors import Unreadable
from chat.models.api_objects.objects import Object
from chat.web.markdown import CitationMark

FULL = 0.75  # of the longest line: from that on a line was broken by the page's width
SHORT = 40  # characters; lines of a table or a list are shorter
_GOES_ON = re.compile(r"[A-Za-z\u00c0-\u024f\u0370-\u052f(\"'“„«]")
WORDS: dict[FileKind | None, tuple[Any, Any]] = {  # for one part of a file, and for several
    FileKind.SLIDES: (gettext_lazy("slide %(first)d"), gettext_lazy("slides %(first)d–%(last)d")),
    FileKind.SHEETS: (gettext_lazy("sheet %(first)d"), gettext_lazy("sheets %(first)d–%(last)d")),
    None: (gettext_lazy("page %(first)d"), gettext_lazy("pages %(first)d–%(last)d")),
}


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line under an answer. ``where`` is the page or slide in words, ``heading`` the one it stands under.

    ``label`` is what a screen reader says.
    """

    number: int
    file_name: str
    where: str
    heading: str
    name_and_place: str
    label: str


@dataclass(frozen=True, slots=True)
class PassageLine:
    """A passage of a file in the results of a search. ``score`` is 0 to 1."""

    file_name: str
    where: str
    score: float


@dataclass(frozen=True, slots=True)
class SearchLine:
    """A search in words: its queries, the number of files in which it found something, and the passages, best first.

    ``unread`` names files that could not be searched yet, ``unread_more`` is how many there are beside these.
    """

    queries: tuple[str, ...]
    files: int
    findings: tuple[PassageLine, ...]
    unread: tuple[str, ...]
    unread_more: int


def source_line(citation: NumberedCitation) -> SourceLine:
    name, where = citation.file_name, place_in_words(citation.place, file_name=citation.file_name)
    name_and_place = f"{name}, {where}" if where else name
    return SourceLine(
        number=citation.number,
        file_name=name,
        where=where,
        heading=citation.place.heading if citation.place else "",
        name_and_place=name_and_place,
        label=_("Source %(number)d: %(name)s") % {"number": citation.number, "name": name_and_place},
    )


def search_line(search: FileSearch) -> SearchLine:
    passages = tuple(
        PassageLine(each.file_name, place_in_words(each.place, file_name=each.file_name), each.score)
        for each in search.results
    )
    files = len({each.file_id for each in search.results})
    return SearchLine(search.queries, files, passages, search.unread, search.unread_files - len(search.unread))


def citation_marks(references: Iterable[Reference]) -> list[CitationMark]:
    """Return where chips stand in an answer's text, with the words that a screen reader says for them."""
    return [
        CitationMark(each.start, each.end, each.citation.number, source_line(each.citation).label)
        for each in references
    ]


def file_links(annotations: Iterable[Object]) -> Mapping[str, str]:
    """Return the URLs of the files that a text names, by what it calls them: ``sandbox:/mnt/data/plot.png``."""
    links = (each for each in annotations if each["type"] == "file_path")
    return {each["text"]: reverse("file", args=[each["file_path"]["file_id"]]) for each in links}


def reflow(excerpt: Excerpt, *, file_name: str) -> Excerpt:
    """Return the excerpt; from a PDF without the line breaks that only the width of its pages made, so that a phone
    can make its own.
    """
    if _kind(file_name) is not FileKind.PDF:
        return excerpt
    text = _with_long_lines(excerpt.before + excerpt.quote + excerpt.after)
    begin, end = len(excerpt.before), len(excerpt.before) + len(excerpt.quote)
    return replace(excerpt, before=text[:begin], quote=text[begin:end], after=text[end:])


def _with_long_lines(text: str) -> str:
    """Return the text, as long as before, with a space for each line break behind a line nearly as long as the longest.

    A break stays before what begins a list, and where words are written without spaces.
    """
    lines = text.split("\n")
    enough = FULL * max(map(len, lines))
    broken = (
        "\n" if len(line) < max(enough, SHORT) or not _GOES_ON.match(following) else " "
        for line, following in pairwise(lines)
    )
    return lines[0] + "".join(end + line for end, line in zip(broken, lines[1:], strict=True))


def place_in_words(place: Place | None, *, file_name: str) -> str:
    """Return ``page 3``, ``slides 3–4`` or ``sheet 1``; empty where the file has no such parts."""
    if place is None or place.page_from is None:
        return ""
    one, several = WORDS.get(_kind(file_name), WORDS[None])
    words = str(one if place.page_to in (None, place.page_from) else several)
    return words % {"first": place.page_from, "last": place.page_to}


def _kind(file_name: str) -> FileKind | None:
    try:
        return format_of(file_name).kind
    except Unreadable:
        return None
