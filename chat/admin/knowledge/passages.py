"""Passages as rows for the page of a file: the place of each in the file, and its overlap with the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chat.documents.formats import FileKind, format_of
from chat.documents.passages import count_tokens
from chat.errors import Unreadable
from chat.models import Passage

# The name of a file's parts by its kind: of one of them, and of several.
PLACE_LABELS: dict[str, tuple[Promise, Promise]] = {
    FileKind.SLIDES: (_("slide %(first)d"), _("slides %(first)d–%(last)d")),
    FileKind.SHEETS: (_("sheet %(first)d"), _("sheets %(first)d–%(last)d")),
    "": (_("page %(first)d"), _("pages %(first)d–%(last)d")),
}


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage. ``number`` counts from 1; ``overlap`` is the beginning that it shares with the one before, ``rest``
    the others.
    """

    passage: Passage
    number: int
    place: str
    tokens: int
    overlap: str
    rest: str


def passage_rows(passages: Sequence[Passage], *, filename: str, previous_end: int = 0) -> list[PassageRow]:
    """Return the rows of ``passages``, which are in order. ``previous_end`` is the character of the document at which
    the passage before the first of them ends.
    """
    rows = []
    for passage in passages:
        repeated = max(0, previous_end - passage.char_from)
        previous_end = passage.char_to
        rows.append(
            PassageRow(
                passage=passage,
                number=passage.place + 1,
                place=place_label(passage.page_from, passage.page_to, filename=filename),
                tokens=count_tokens(passage.text),
                overlap=passage.text[:repeated],
                rest=passage.text[repeated:],
            )
        )
    return rows


def place_label(first: int | None, last: int | None, *, filename: str) -> str:
    """Return ``page 3``, ``slides 3–4`` or ``sheet 1``; empty where the file has no such parts."""
    if first is None:
        return ""
    one, several = PLACE_LABELS.get(_kind(filename), PLACE_LABELS[""])
    return str(one if last in (None, first) else several) % {"first": first, "last": last}


def _kind(filename: str) -> str:
    try:
        return format_of(filename).kind
    except Unreadable:
        return ""
