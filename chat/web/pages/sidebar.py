"""The list of the user's threads, the last active first, under headings of time, and a page of it at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from chat.actions.conversation import threads
from chat.models import Thread, User
from chat.models.prepared_queries import Parameter, PreparedQuery
from chat.web.decorators import SignedInRequest, signed_in_page

SIZE = 40  # threads that are fetched at a time
AGES = [(0, "today", _("Today")), (1, "yesterday", _("Yesterday")), (7, "week", _("Last 7 days"))]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OLDER = ("older", _("Earlier"))


@dataclass(frozen=True, slots=True)
class ThreadGroup:
    """Threads of one age. ``name`` is "" when the heading stands above them already."""

    name: str | Promise
    threads: tuple[Thread, ...]


@dataclass(frozen=True, slots=True)
class ListCursor:
    """Where a page of the list begins: behind the thread of this ``number`` that was active last at ``active_at``."""

    active_at: datetime
    number: int

    @classmethod
    def parse(cls, text: str) -> ListCursor | None:
        """Return the place that ``str`` made ``text`` of; None if it is something else."""
        match = re.fullmatch(r"(\d{1,16})-(\d{1,18})", text, re.ASCII)
        return cls(EPOCH + timedelta(microseconds=int(match[1])), int(match[2])) if match else None

    def __str__(self) -> str:
        return f"{(self.active_at - EPOCH) // timedelta(microseconds=1)}-{self.number}"


def sidebar_context(
    user: User, *, words: str = "", archived: bool = False, after: ListCursor | None = None
) -> dict[str, Any]:
    """Return the context of ``chat/threads.html``: the first threads, or those ``after`` a place."""
    if words or archived or after is not None:
        rows = _further_threads(user, words=words, archived=archived, after=after)
    else:
        rows = first_threads.rows(user.pk)
    shown, has_more = rows[:SIZE], len(rows) > SIZE
    above = age_of(after.active_at) if after else ""
    groups = [(key, tuple(members)) for key, members in groupby(shown, key=lambda thread: age_of(thread.active_at))]
    more = {"q": words, "archived": "1" if archived else ""}
    if has_more:
        more["after"] = str(ListCursor(shown[-1].active_at, shown[-1].number))
    return {
        "groups": [ThreadGroup("" if key == above else heading(key), members) for key, members in groups],
        "more": f"{reverse('thread-list')}?{urlencode(more)}" if has_more else "",
        "is_first": after is None,
        "words": words,
        "archived": archived,
    }


@PreparedQuery
def first_threads(user: Parameter) -> QuerySet[Thread]:
    return threads.in_list(Thread.objects.filter(owner=user))[: SIZE + 1]


def _further_threads(user: User, *, words: str, archived: bool, after: ListCursor | None) -> list[Thread]:
    matching = threads.search(user, words=words, archived=archived)
    if after is not None:
        same = Q(active_at=after.active_at, number__lt=after.number)
        matching = matching.filter(Q(active_at__lt=after.active_at) | same, active_at__lte=after.active_at)
    return list(matching[: SIZE + 1])


def age_of(active_at: datetime) -> str:
    """Return the key of the heading under which a thread stands that was active last then, in the reader's zone."""
    days = (timezone.localdate() - timezone.localdate(active_at)).days
    return next((key for most, key, _name in AGES if days <= most), OLDER[0])


def heading(key: str) -> str | Promise:
    names: Iterable[tuple[str, str | Promise]] = [*((each, name) for _most, each, name in AGES), OLDER]
    return dict(names)[key]


@require_safe
@signed_in_page
def thread_list(request: SignedInRequest) -> HttpResponse:
    """Return search results, the archive, or a further page of either."""
    context = sidebar_context(
        request.user,
        words=request.GET.get("q", "")[:200],
        archived=bool(request.GET.get("archived")),
        after=ListCursor.parse(request.GET.get("after", "")),
    )
    return render(request, "chat/threads.html", {**context, "current": request.GET.get("current", "")})
