"""Views of messages and runs: send, stop, retry, take back; and poll for news without a socket."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from chat.actions.assistants import assistants
from chat.actions.conversation import new_threads, runs, sending, threads
from chat.actions.conversation.sending import Posted
from chat.actions.files import files
from chat.engine.follow import read_snapshot
from chat.errors import InvalidRequest, NotFound, ThreadBusy, WrongRunStatus
from chat.models import File, Message
from chat.web.decorators import SignedInRequest, signed_in_page
from chat.web.live import fragments
from chat.web.live.consumer import page_state
from chat.web.live.feed import Feed
from chat.web.pages.files import MOST_FILES, attachment_chips
from chat.web.timeline.history import file_ids, message_items, text_with_sources


@require_POST
@signed_in_page
def start(request: SignedInRequest) -> HttpResponse:
    """Open a thread with its first message."""
    form = composer_form(request)
    assistant = assistants.get(request.user, request.POST.get("assistant", ""))
    thread = new_threads.open_thread(
        request.user, assistant=assistant, text=form.text, files=form.files, client_key=form.client_key
    )
    return trigger_client_event(HttpResponseClientRedirect(reverse("thread", args=[thread.id])), "everthread:sent")


@require_POST
@signed_in_page
def send(request: SignedInRequest, thread_id: str) -> HttpResponse:
    """Post one more message. The answer comes through the socket, or the next poll."""
    form = composer_form(request)
    # The page's own choice: the request that changed it may still be on its way.
    chosen = request.POST.get("assistant", "")
    posted = sending.send(
        request.user, thread_id, assistant_id=chosen, text=form.text, files=form.files, client_key=form.client_key
    )
    return composer_response(request, thread_id, posted)


@dataclass(frozen=True, slots=True)
class ComposerForm:
    """The checked contents of the composer. ``client_key`` makes a repeated request harmless."""

    text: str
    files: Sequence[File]
    client_key: str


def composer_form(request: SignedInRequest) -> ComposerForm:
    """Return the contents of the composer. Raise ``InvalidRequest``, or ``NotFound`` for a file that is not there."""
    client_key, ids = request.POST.get("client_key", ""), request.POST.getlist("file")
    if not 8 <= len(client_key) <= 64:
        raise InvalidRequest(_("The page is out of date. Load it again; what you wrote is kept."), param="client_key")
    if len(ids) > MOST_FILES:
        raise InvalidRequest(_("At most %(most)d files fit in one message.") % {"most": MOST_FILES}, param="file")
    attached = files.get_all(request.user, ids, param="file") if ids else ()
    return ComposerForm(request.POST.get("text", ""), attached, client_key)


def composer_response(request: SignedInRequest, thread_id: str, posted: Posted) -> HttpResponse:
    """Return the new message for the end of the page, or the messages that wait now, and an empty composer."""
    if posted.message:
        fragment = fragments.at_the_end(fragments.render_items(message_items([posted.message])))
    else:
        fragment = fragments.waiting(threads.get(request.user, thread_id))
    response = render(
        request, "chat/message_sent.html", {"fragment": fragment, "client_key": secrets.token_urlsafe(18)}
    )
    return trigger_client_event(response, "everthread:sent")


@require_POST
@signed_in_page
def stop(request: SignedInRequest, thread_id: str) -> HttpResponse:
    """Stop a run when there is no socket. One that has ended is left as it is."""
    with suppress(WrongRunStatus):
        runs.cancel(runs.get(request.user, thread_id, request.POST.get("run", "")))
    return HttpResponse(status=204)


@require_POST
@signed_in_page
def retry(request: SignedInRequest, thread_id: str) -> HttpResponse:
    """Ask for an answer again. A second click finds the run that the first one started."""
    with suppress(ThreadBusy):
        sending.retry(request.user, thread_id)
    return trigger_client_event(HttpResponse(status=204), "everthread:changed")


@require_POST
@signed_in_page
def take_back(request: SignedInRequest, thread_id: str) -> HttpResponse:
    """Put a waiting message back into the composer, with its files."""
    queued = sending.unqueue(request.user, thread_id, client_key=request.POST.get("client_key", ""))
    if queued is None:
        raise NotFound(_("This message has been sent already."))
    attached = files.get_present(request.user, file_ids(queued.content, queued.attachments))
    response = render(request, "chat/restored_attachments.html", {"chips": attachment_chips(attached)})
    return trigger_client_event(response, "everthread:changed")


@require_safe
@signed_in_page
def text(request: SignedInRequest, thread_id: str, message_id: str) -> HttpResponse:
    """Return a message as it was written, to be copied, with numbers for its citations and the sources at the end."""
    return HttpResponse(
        text_with_sources(get_message(request, thread_id, message_id)), content_type="text/plain; charset=utf-8"
    )


@require_safe
@never_cache
@signed_in_page
def reading(request: SignedInRequest, thread_id: str, message_id: str) -> HttpResponse:
    """Return how far the files of a message are read, for its place on the page; nothing when the message is gone."""
    try:
        (item,) = message_items([get_message(request, thread_id, message_id)])
    except NotFound:
        return HttpResponse()
    return render(request, "chat/file_states.html", {"entry": item})


@require_safe
@signed_in_page
def whole(request: SignedInRequest, thread_id: str, message_id: str) -> HttpResponse:
    """Return a message with all of its text, in place of one that the page shows folded."""
    (item,) = message_items([get_message(request, thread_id, message_id)])
    return HttpResponse(fragments.whole_message(item))


def get_message(request: SignedInRequest, thread_id: str, message_id: str) -> Message:
    """Return a message of the user's thread. Raise ``NotFound``."""
    message = threads.get(request.user, thread_id).messages.filter(id=message_id).first()
    if message is None:
        raise NotFound(_("There is no such message."))
    return message


@require_safe
@never_cache
@signed_in_page
def news(request: SignedInRequest, thread_id: str) -> HttpResponse:
    """Return what the page lacks, in the fragments that its socket would bring. ``?have=`` is the socket's frame."""
    try:
        page = page_state(json.loads(request.GET.get("have", "{}")))
    except (ValueError, AttributeError, RecursionError):
        raise InvalidRequest(_("The page is out of date. Load it again; what you wrote is kept.")) from None
    return HttpResponse(Feed(request.user, thread_id, page).apply(read_snapshot(thread_id)))
