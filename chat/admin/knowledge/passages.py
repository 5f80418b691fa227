"""Passages as staff look at them: where each stands in its file, and what of it the one before has too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chat.documents import tokens
from chat.documents.formats import Kind, format_of
from chat.errors import Unreadable
from chat.models import Passage

# What the parts of a file are called, by its kind: one of them, and several.
WORDS: dict[str, tuple[Promise, Promise]] = {
    Kind.SLIDES: (_("slide %(first)d"), _("slides %(first)d–%(last)d")),
    Kind.SHEETS: (_("sheet %(first)d"), _("sheets %(first)d–%(last)d")),
    "": (_("page %(first)d"), _("pages %(first)d–%(last)d")),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """``number`` counts from 1. ``again`` is the beginning that stands in the passage before too, ``new`` the rest."""

    passage: Passage
    number: int
    place: str
    tokens: int
    again: str
    new: str


def shown(passages: Sequence[Passage], *, filename: str, told: int = 0) -> list[Shown]:
    """``passages`` in order; ``told`` is how far into the document the one before the first of them goes."""
    found = []
    for passage in passages:
        repeated = max(0, told - passage.char_from)
        told = passage.char_to
        found.append(
            Shown(
                passage=passage,
                number=passage.place + 1,
                place=place_of(passage.page_from, passage.page_to, filename=filename),
                tokens=tokens.count(passage.text),
                again=passage.text[:repeated],
                new=passage.text[repeated:],
            )
        )
    return found


def place_of(first: int | None, last: int | None, *, filename: str) -> str:
    """``page 3``, ``slides 3–4``, ``sheet 1``; empty where the file has no such parts."""
    if first is None:
        return ""
    one, several = WORDS.get(_kind(filename), WORDS[""])
    return str(one if last in (None, first) else several) % {"first": first, "last": last}


def _kind(filename: str) -> str:
    try:
        return format_of(filename).kind
    except Unreadable:
        return ""
