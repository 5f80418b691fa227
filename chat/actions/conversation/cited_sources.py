"""The source behind a citation: the text around the cited passage, and the file itself for those who may have it.

A reader may see it if they own the thread, the answer in it cites the passage, and the store is theirs or that of an
assistant that they may use now. The page of a source calls this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from chat.actions.assistants import assistants
from chat.actions.conversation import citations, threads
from chat.actions.conversation.citations import NumberedCitation, Place
from chat.errors import Absent
from chat.models import File, Passage, User, VectorStore, VectorStoreFile

PAGE_MARGIN = 6_000  # characters of a page before and after the quote: a sheet may have millions
MARGIN = 1_500  # the same where there are no pages


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Text of a document around the cited part. ``is_cut_before`` and ``is_cut_after``: the document goes on there."""

    before: str
    quote: str
    after: str
    is_cut_before: bool
    is_cut_after: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A citation of a message that has ``total`` of them. ``is_gone``: the file was deleted, or the user may not see it
    any more. ``excerpt`` is None then, and while the file is indexed again.
    """

    citation: NumberedCitation
    total: int
    is_gone: bool = True
    excerpt: Excerpt | None = None
    may_download: bool = False


def get(user: User, thread_id: str, message_id: str, number: int) -> Source:
    """Return the source of a citation of a message of the user's thread. Raise ``Absent``."""
    citation, total = _cited(user, thread_id, message_id, number)
    entry = _entry(user, citation)
    if entry is None or citation.place is None:
        return Source(citation, total)
    excerpt = _excerpt(entry, citation.place)
    return Source(citation, total, is_gone=False, excerpt=excerpt, may_download=may_download(user, entry))


def get_file(user: User, thread_id: str, message_id: str, number: int) -> File:
    """Return the file of a citation, to be downloaded. Raise ``Absent``, also when the user may not have it."""
    citation, _total = _cited(user, thread_id, message_id, number)
    entry = _entry(user, citation)
    if entry is None or not may_download(user, entry):
        raise Absent("file", citation.file_id)
    return entry.file


def may_download(user: User, entry: VectorStoreFile) -> bool:
    """Return whether the user, who may see what is cited of ``entry``, may download the whole file."""
    return entry.file.owner_id == user.pk or entry.store.lends_files


def _cited(user: User, thread_id: str, message_id: str, number: int) -> tuple[NumberedCitation, int]:
    message = threads.get(user, thread_id).messages.filter(id=message_id).first()
    if message is None:
        raise Absent("message", message_id)
    cited = citations.citations_of(message)
    if not 1 <= number <= len(cited):
        raise Absent("citation", str(number))
    return cited[number - 1], len(cited)


def _entry(user: User, citation: NumberedCitation) -> VectorStoreFile | None:
    """Return the cited file in its store, if it still exists and the user may search the store."""
    if citation.place is None:
        return None
    entries = VectorStoreFile.objects.filter(store__id=citation.place.store_id, file_id=citation.file_id)
    entry = entries.filter(file__in=File.objects.there()).select_related("file", "store").first()
    return entry if entry and _may_search(user, entry.store) else None


def _may_search(user: User, store: VectorStore) -> bool:
    if store.owner_id == user.pk:
        return True
    lending = assistants.usable(user).filter(owner=store.owner_id, resource_uses__resource_id=store.id)
    return lending.exists()


# --- the text ----------------------------------------------------------------------------------------------------


def _excerpt(entry: VectorStoreFile, place: Place) -> Excerpt | None:
    """Return the cited pages as far as they are near the quote; without pages, the text near it."""
    margin = MARGIN if place.page_from is None else PAGE_MARGIN
    near = entry.passages.filter(char_to__gt=place.quote_from - margin, char_from__lt=place.quote_to + margin)
    passages = list(near.filter(_touching(place)).order_by("place"))
    if not passages:
        return None
    text, begin = _joined(passages)
    page_begin, page_end = _pages(passages, place) or (begin, begin + len(text))
    first, last = max(page_begin, place.quote_from - margin), min(page_end, place.quote_to + margin)

    def between(start: int, end: int) -> str:
        return text[max(0, start - begin) : max(0, end - begin)]

    return Excerpt(
        before=between(first, place.quote_from).lstrip(),
        quote=between(place.quote_from, place.quote_to),
        after=between(place.quote_to, last).rstrip(),
        is_cut_before=first == place.quote_from - margin,
        is_cut_after=last == place.quote_to + margin,
    )


def _touching(place: Place) -> Q:
    """Return the condition of passages on the cited pages."""
    return Q() if place.page_from is None else Q(page_from__lte=place.page_to, page_to__gte=place.page_from)


def _joined(passages: Sequence[Passage]) -> tuple[str, int]:
    """Return the text of consecutive passages, which may overlap, and its offset in the document."""
    begin = passages[0].char_from
    pieces, end = [], begin
    for passage in passages:
        # Between two that do not overlap was white space, which was stripped.
        pieces += ["\n" * (passage.char_from - end), passage.text[max(0, end - passage.char_from) :]]
        end = max(end, passage.char_to)
    return "".join(pieces), begin


def _pages(passages: Sequence[Passage], place: Place) -> tuple[int, int] | None:
    """Return the offsets of the cited pages in the document, as far as ``passages``, which touch them, show."""
    if place.page_from is None or place.page_to is None:
        return None
    begins = [(char, page) for passage in passages for char, page in passage.pages]
    cited = min((char for char, page in begins if page >= place.page_from), default=passages[0].char_from)
    behind = min((char for char, page in begins if page > place.page_to), default=passages[-1].char_to)
    return cited, behind
