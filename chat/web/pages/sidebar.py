"""The list of the user's threads, the last active first, under headings of time, and a page of it at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from chat.actions.conversation import threads
from chat.models import Thread, User
from chat.web.decorators import SignedInRequest, signed_in_page

SIZE = 40  # threads that are fetched at a time
AGES = [(0, "today", _("Today")), (1, "yesterday", _("Yesterday")), (7, "week", _("Last 7 days"))]
OLDER = ("older", _("Earlier"))


@dataclass(frozen=True, slots=True)
class ThreadGroup:
    """Threads of one age. ``name`` is "" when the heading stands above them already."""

    name: str | Promise
    threads: tuple[Thread, ...]


def sidebar_context(
    user: User, *, words: str = "", archived: bool = False, page: int = 0, below: str = ""
) -> dict[str, Any]:
    """Return the context of ``chat/threads.html``. ``below`` is the key of the last heading of the page before."""
    matching = threads.search(user, words=words, archived=archived)
    rows = list(matching[page * SIZE : (page + 1) * SIZE + 1])
    has_more = len(rows) > SIZE
    groups = [(key, list(members)) for key, members in groupby(rows[:SIZE], key=age_of)]
    more = {"q": words, "archived": "1" if archived else "", "page": page + 1, "below": groups[-1][0] if groups else ""}
    return {
        "groups": [ThreadGroup("" if key == below else heading(key), tuple(members)) for key, members in groups],
        "more": f"{reverse('thread-list')}?{urlencode(more)}" if has_more else "",
        "is_first": page == 0,
        "words": words,
        "archived": archived,
    }


def age_of(thread: Thread) -> str:
    """Return the key of the heading under which a thread stands, in the reader's zone."""
    days = (timezone.localdate() - timezone.localdate(thread.active_at)).days
    return next((key for most, key, _name in AGES if days <= most), OLDER[0])


def heading(key: str) -> str | Promise:
    names: Iterable[tuple[str, str | Promise]] = [*((each, name) for _most, each, name in AGES), OLDER]
    return dict(names)[key]


@require_safe
@signed_in_page
def thread_list(request: SignedInRequest) -> HttpResponse:
    """Return search results, the archive, or a further page of either."""
    page = request.GET.get("page", "")
    context = sidebar_context(
        request.user,
        words=request.GET.get("q", "")[:200],
        archived=bool(request.GET.get("archived")),
        page=int(page) if page.isdigit() and len(page) < 6 else 0,
        below=request.GET.get("below", ""),
    )
    return render(request, "chat/threads.html", {**context, "current": request.GET.get("current", "")})
