"""Views of the chat's pages: the empty one, a thread, and the actions on a thread as a whole."""

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
from chat.models import Assistant, Kind, Thread
from chat.models.api_objects.objects import run_object
from chat.models.providers import default_providers
from chat.models.runs import live_run
from chat.web.decorators import SignedInRequest, signed_in_page
from chat.web.live import fragments
from chat.web.pages import sidebar
from chat.web.timeline import history
from chat.web.timeline.items import Answer, CodeStep


def page_context(request: SignedInRequest, *, thread: Thread | None = None) -> dict[str, Any]:
    """Return the template context that every page of the chat needs around its messages."""
    offered, default = assistants.list_usable.rows(request.user.pk), default_providers.first()
    return {
        "thread": thread,
        "current": thread.id if thread else "",
        "assistants": offered,
        "client_key": secrets.token_urlsafe(18),
        "accepted": ",".join(attachments.accepted_types(offered)),
        "is_demonstration": default is not None and default.kind == Kind.EMBEDDED,
        **sidebar.sidebar_context(request.user),
    }


@require_safe
@signed_in_page
def home(request: SignedInRequest) -> HttpResponse:
    """Return an empty page for a new thread with ``?assistant=``, else with the one of the last active thread."""
    context = page_context(request)
    last = next((thread for group in context["groups"] for thread in group.threads), None)
    wishes = [request.GET.get("assistant"), last.assistant_id if last else None]
    context["chosen"] = choose_from(context["assistants"], wishes)
    return render(request, "chat/home.html", context)


def choose_from(offered: Sequence[Assistant], ids: Iterable[str | None]) -> Assistant | None:
    """Return the first of ``ids`` that is offered, else the oldest assistant."""
    by_id = {each.id: each for each in offered}
    wished = next((by_id[id] for id in ids if id in by_id), None)
    return wished or min(offered, key=lambda each: each.number, default=None)


@require_safe
@signed_in_page
def thread_page(request: SignedInRequest, thread_id: str) -> HttpResponse:
    """Return a thread with its last messages. The socket brings what comes after them."""
    thread = threads.get(request.user, thread_id)
    context = page_context(request, thread=thread)
    latest = history.latest(thread)
    run = live_run(thread)
    is_writing = any(isinstance(item, Answer | CodeStep) and item.is_open for item in latest.items)
    panel = fragments.run_panel(thread, run_object(run) if run else None, live=run is not None, is_writing=is_writing)
    context |= {
        "entries": fragments.render_items(latest.items),
        "earlier_than": latest.earlier_than,
        "run_panel": panel,
        "waiting": fragments.waiting(thread),
        "assistant_is_there": any(each.id == thread.assistant_id for each in context["assistants"]),
    }
    return render(request, "chat/thread.html", context)


@require_safe
@signed_in_page
def earlier(request: SignedInRequest, thread_id: str) -> HttpResponse:
    """Return the messages before ``?before=``, for the top of the page."""
    thread = threads.get(request.user, thread_id)
    before = history.before(thread, request.GET.get("before", ""))
    context = {"thread": thread, "entries": fragments.render_items(before.items), "earlier_than": before.earlier_than}
    return render(request, "chat/earlier_messages.html", context)


@require_POST
@signed_in_page
def rename(request: SignedInRequest, thread_id: str) -> HttpResponse:
    thread = threads.rename(request.user, thread_id, title=request.POST.get("title", ""))
    return HttpResponse(fragments.title(thread))


@require_POST
@signed_in_page
def choose_assistant(request: SignedInRequest, thread_id: str) -> HttpResponse:
    """Have another assistant answer from the next message on."""
    assistant = assistants.get(request.user, request.POST.get("assistant", ""))
    threads.choose_assistant(request.user, thread_id, assistant=assistant)
    return HttpResponse(status=204)


@require_POST
@signed_in_page
def archive(request: SignedInRequest, thread_id: str) -> HttpResponse:
    """Move a thread into the archive, or with ``archived=`` empty out of it."""
    archived = bool(request.POST.get("archived"))
    threads.archive(request.user, thread_id, archived=archived)
    return redirect_to(request, reverse("home") if archived else reverse("thread", args=[thread_id]))


@require_POST
@signed_in_page
def delete(request: SignedInRequest, thread_id: str) -> HttpResponse:
    threads.delete(request.user, thread_id)
    return redirect_to(request, reverse("home"))


def redirect_to(request: SignedInRequest, address: str) -> HttpResponse:
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
