"""What one does in a thread: say something, stop, try again, take back; and look for news without a socket."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from chat.actions.assistants import assistants
from chat.actions.conversation import new_threads, runs, sending, threads
from chat.actions.files import files
from chat.engine.follow import look
from chat.errors import InvalidRequest, NotFound, ThreadBusy, WrongRunStatus
from chat.models import File, Message
from chat.web.decorators import PersonRequest, door
from chat.web.live import fragments
from chat.web.live.consumer import page_state
from chat.web.live.feed import Feed
from chat.web.pages.attachment_chips import chips
from chat.web.timeline import history

MOST_FILES = 20  # of one message


@require_POST
@door
def start(request: PersonRequest) -> HttpResponse:
    """A new thread with its first message."""
    text, attached, client_key = composed(request)
    assistant = assistants.get(request.user, request.POST.get("assistant", ""))
    thread = new_threads.open_thread(
        request.user, assistant=assistant, text=text, files=attached, client_key=client_key
    )
    return HttpResponseClientRedirect(reverse("thread", args=[thread.id]))


@require_POST
@door
def send(request: PersonRequest, thread_id: str) -> HttpResponse:
    """One more message. What follows from it comes through the socket, or the next poll."""
    thread = threads.get(request.user, thread_id)
    text, attached, client_key = composed(request)
    posted = sending.send(thread, text=text, files=attached, client_key=client_key)
    said = fragments.appended(history.message_items([posted.message])) if posted.message else ""
    answer = render(request, "chat/sent.html", {"said": said, "client_key": secrets.token_urlsafe(18)})
    return trigger_client_event(answer, "everthread:sent")


def composed(request: PersonRequest) -> tuple[str, list[File], str]:
    """Text, files and idempotency key of the composer. Raises ``InvalidRequest``, ``NotFound``."""
    client_key, ids = request.POST.get("client_key", ""), request.POST.getlist("file")
    if not 8 <= len(client_key) <= 64:
        raise InvalidRequest(_("The page is out of date. Load it again; what you wrote is kept."), param="client_key")
    if len(ids) > MOST_FILES:
        raise InvalidRequest(_("At most %(most)d files fit in one message.") % {"most": MOST_FILES}, param="file")
    return request.POST.get("text", ""), files.get_all(request.user, ids), client_key


@require_POST
@door
def stop(request: PersonRequest, thread_id: str) -> HttpResponse:
    """For when there is no socket. A run that has ended is no matter."""
    with suppress(WrongRunStatus):
        runs.cancel(runs.get(request.user, thread_id, request.POST.get("run", "")))
    return HttpResponse(status=204)


@require_POST
@door
def retry(request: PersonRequest, thread_id: str) -> HttpResponse:
    """Ask again. A second click finds the run that the first one started."""
    with suppress(ThreadBusy):
        sending.retry(threads.get(request.user, thread_id))
    return trigger_client_event(HttpResponse(status=204), "everthread:changed")


@require_POST
@door
def take_back(request: PersonRequest, thread_id: str) -> HttpResponse:
    """A waiting message returns to the composer, with its files."""
    queued = sending.unqueue(threads.get(request.user, thread_id), client_key=request.POST.get("client_key", ""))
    if queued is None:
        raise NotFound(_("This message has been sent already."))
    attached = files.get_present(request.user, history.file_ids(queued.content, queued.attachments))
    answer = render(request, "chat/taken_back.html", {"chips": chips(attached)})
    return trigger_client_event(answer, "everthread:changed")


@require_safe
@door
def text(request: PersonRequest, thread_id: str, message_id: str) -> HttpResponse:
    """A message as it was written, to be copied; its citations as numbers, which are explained at the end."""
    return HttpResponse(
        history.text_with_sources(found(request, thread_id, message_id)), content_type="text/plain; charset=utf-8"
    )


@require_safe
@never_cache
@door
def reading(request: PersonRequest, thread_id: str, message_id: str) -> HttpResponse:
    """How far the files of a message are read, in place of what the page says of it; nothing when it is gone."""
    try:
        (shown,) = history.message_items([found(request, thread_id, message_id)])
    except NotFound:
        return HttpResponse()
    return render(request, "chat/reading.html", {"entry": shown})


def found(request: PersonRequest, thread_id: str, message_id: str) -> Message:
    """A message of the user's thread. Raises ``NotFound``."""
    message = threads.get(request.user, thread_id).messages.filter(id=message_id).first()
    if message is None:
        raise NotFound(_("There is no such message."))
    return message


@require_safe
@never_cache
@door
def news(request: PersonRequest, thread_id: str) -> HttpResponse:
    """What the page lacks, in the fragments that its socket would bring. ``?have=`` is the socket's frame."""
    try:
        page = page_state(json.loads(request.GET.get("have", "{}")))
    except (ValueError, AttributeError, RecursionError):
        raise InvalidRequest(_("The page is out of date. Load it again; what you wrote is kept.")) from None
    return HttpResponse(Feed(request.user, thread_id, page).apply(look(thread_id)))
