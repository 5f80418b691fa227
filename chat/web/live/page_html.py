"""The HTML of the messages on a page, within a budget: what does not fit is folded, to its beginning and "Show all".

Drawing a text takes about 8 µs a character, at worst, so the HTML of a long one is kept with its message.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TypeGuard

from django.db import DatabaseError, transaction
from django.utils.safestring import SafeString, mark_safe

import chat.web.markdown
from chat.models import RenderedMessage
from chat.web.markdown import render
from chat.web.timeline.items import Answer, Item, Question

log = logging.getLogger(__name__)
BUDGET = 500_000  # characters of one page's messages, and of what is drawn for it
KEPT_FROM = 2_000  # characters; the HTML of a shorter text is drawn as fast as it is read
FOLDED = 1_000  # characters that are shown of a folded message
LIBRARIES = ("markdown-it-py", "nh3", "pygments", "latex2mathml")
TOO_LARGE = ""  # kept in place of HTML that fits no page


@dataclass(slots=True)
class PageMessages:
    """The messages of a page: the HTML of answers by id, and the ids of those that are folded."""

    html: dict[str, SafeString] = field(default_factory=dict)
    folded: set[str] = field(default_factory=set)


def fit_to_page(items: Iterable[Item]) -> PageMessages:
    """Return the questions and whole answers of ``items`` that fit a page, beginning with the newest."""
    page, room = PageMessages(), BUDGET
    newest_first = [item for item in items if isinstance(item, Question) or _is_whole(item)][::-1]
    answers = [item for item in newest_first if isinstance(item, Answer)]
    texts = AnswerTexts(answers)
    for item in newest_first:
        text = texts.html(item) if isinstance(item, Answer) else item.text
        if text is None or len(text) > room:
            page.folded.add(item.id)
            continue
        room -= len(text)
        if isinstance(item, Answer):
            page.html[item.id] = mark_safe(text)  # noqa: S308 -- the renderer's
    texts.keep()
    return page


class AnswerTexts:
    """The HTML of answers: as it was kept, or else drawn while there is time for it."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._digests = {item.id: digest_of(item) for item in answers if len(item.text) >= KEPT_FROM}
        self._kept = _kept(self._digests)
        self._drawn: dict[str, str] = {}
        self._work = BUDGET

    def html(self, item: Answer) -> str | None:
        """Return the HTML of an answer; None if it fits no page, or too much was drawn already."""
        if item.id in self._kept:
            return self._kept[item.id] or None
        if self._work <= 0:
            return None
        text = draw(item)
        self._work -= max(len(text), len(item.text))
        if item.id in self._digests:
            self._drawn[item.id] = text if len(text) <= BUDGET else TOO_LARGE
        return text

    def keep(self) -> None:
        """Keep what was drawn, for the next page. Without room or peace in the database it is drawn again."""
        rows = [RenderedMessage(message_id=id, digest=self._digests[id], html=html) for id, html in self._drawn.items()]
        if not rows:
            return
        try:
            with transaction.atomic():
                RenderedMessage.objects.bulk_create(
                    rows, update_conflicts=True, unique_fields=["message"], update_fields=["digest", "html"]
                )
        except DatabaseError:
            log.info("the HTML of %d messages could not be kept", len(rows), exc_info=True)


def draw(item: Answer) -> SafeString:
    """Return the whole HTML of an answer's text."""
    return render(item.text, item.marks, item.links)


def excerpt(text: str) -> str:
    """Return the beginning of a text, as a folded message shows it."""
    return text[:FOLDED].rstrip() + " …"


def _is_whole(item: Item) -> TypeGuard[Answer]:
    return isinstance(item, Answer) and not item.is_open


# --- HTML that is kept ------------------------------------------------------------------------------------------


@cache
def renderer_version() -> str:
    """Return a hash of the renderer and its libraries: what another one has drawn is drawn again."""
    sources = sorted(Path(next(iter(chat.web.markdown.__path__))).glob("*.py"))
    libraries = " ".join(f"{name}={version(name)}" for name in LIBRARIES)
    return hashlib.sha256(b"".join([libraries.encode(), *(path.read_bytes() for path in sources)])).hexdigest()


def digest_of(item: Answer) -> str:
    """Return a hash of all that an answer's HTML is made of."""
    parts = (renderer_version(), item.text, item.marks, sorted(item.links.items()))
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _kept(digests: dict[str, str]) -> dict[str, str]:
    """Return the HTML that was kept for these digests, by the message's id."""
    if not digests:
        return {}
    rows = RenderedMessage.objects.filter(message__id__in=digests).values_list("message__id", "digest", "html")
    return {id: html for id, digest, html in rows if digest == digests[id]}
