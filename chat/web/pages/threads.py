"""Pages of the chat: the empty one, a thread, and what one does with a thread as a whole."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from chat.actions.assistants import assistants
from chat.actions.conversation import attachments, threads
from chat.models import Assistant, Kind, Provider, Thread
from chat.models.objects import run_object
from chat.web.decorators import PersonRequest, door
from chat.web.live import fragments
from chat.web.pages import sidebar
from chat.web.timeline import history
from chat.web.timeline.items import Answer, CodeStep


def around(request: PersonRequest, *, thread: Thread | None = None) -> dict[str, Any]:
    """What every page of the chat shows around its messages."""
    offered = list(assistants.usable(request.user))
    return {
        "thread": thread,
        "current": thread.id if thread else "",
        "assistants": offered,
        "client_key": secrets.token_urlsafe(18),
        "accepted": ",".join(attachments.accepted(offered)),
        "is_demonstration": Provider.objects.filter(is_default=True, enabled=True, kind=Kind.EMBEDDED).exists(),
        **sidebar.listing(request.user),
    }


@require_safe
@door
def home(request: PersonRequest) -> HttpResponse:
    """An empty page on which a new thread begins, with ``?assistant=``, else with the one asked last."""
    context = around(request)
    before = threads.listed(request.user).first()
    asked = [request.GET.get("assistant"), before.assistant_id if before else None]
    context["chosen"] = chosen(context["assistants"], asked)
    return render(request, "chat/home.html", context)


def chosen(offered: Sequence[Assistant], ids: Iterable[str | None]) -> Assistant | None:
    """The first of ``ids`` that is offered, else the assistant that has been there longest."""
    by_id = {each.id: each for each in offered}
    found = next((by_id[id] for id in ids if id in by_id), None)
    return found or min(offered, key=lambda each: each.number, default=None)


@require_safe
@door
def thread_page(request: PersonRequest, thread_id: str) -> HttpResponse:
    """A thread with its last messages; the socket brings what comes after them."""
    thread = threads.get(request.user, thread_id)
    context = around(request, thread=thread)
    shown = history.latest(thread)
    run = thread.live_run()
    is_writing = any(isinstance(item, Answer | CodeStep) and item.is_open for item in shown.items)
    panel = fragments.run_panel(thread, run_object(run) if run else None, live=run is not None, is_writing=is_writing)
    context |= {
        "entries": fragments.items(shown.items),
        "earlier_than": shown.earlier_than,
        "run_panel": panel,
        "waiting": fragments.waiting(thread),
        "assistant_is_there": any(each.id == thread.assistant_id for each in context["assistants"]),
    }
    return render(request, "chat/thread.html", context)


@require_safe
@door
def earlier(request: PersonRequest, thread_id: str) -> HttpResponse:
    """The messages before ``?before=``, for the top of the page."""
    thread = threads.get(request.user, thread_id)
    shown = history.before(thread, request.GET.get("before", ""))
    context = {"thread": thread, "entries": fragments.items(shown.items), "earlier_than": shown.earlier_than}
    return render(request, "chat/earlier.html", context)


@require_POST
@door
def rename(request: PersonRequest, thread_id: str) -> HttpResponse:
    thread = threads.rename(request.user, thread_id, title=request.POST.get("title", ""))
    return HttpResponse(fragments.title(thread))


@require_POST
@door
def choose_assistant(request: PersonRequest, thread_id: str) -> HttpResponse:
    """From the next message on, another assistant answers."""
    assistant = assistants.get(request.user, request.POST.get("assistant", ""))
    threads.choose_assistant(request.user, thread_id, assistant=assistant)
    return HttpResponse(status=204)


@require_POST
@door
def archive(request: PersonRequest, thread_id: str) -> HttpResponse:
    """Into the archive, or with ``archived=`` empty out of it."""
    archived = bool(request.POST.get("archived"))
    threads.archive(request.user, thread_id, archived=archived)
    return moved(request, reverse("home") if archived else reverse("thread", args=[thread_id]))


@require_POST
@door
def delete(request: PersonRequest, thread_id: str) -> HttpResponse:
    threads.delete(request.user, thread_id)
    return moved(request, reverse("home"))


def moved(request: PersonRequest, address: str) -> HttpResponse:
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
