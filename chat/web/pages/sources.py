"""What an answer cites: a look at the passage, and the file for those who may have it."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from chat.actions.conversation import cited_sources
from chat.downloads import download
from chat.web.decorators import PersonRequest, door
from chat.web.timeline.cited_sources import reflow, source_line


@require_safe
@door
def preview(request: PersonRequest, thread_id: str, message_id: str, number: int) -> HttpResponse:
    """The text around a cited passage, for the dialog of the thread's page."""
    found = cited_sources.source(request.user, thread_id, message_id, number)
    name = found.citation.file_name
    excerpt = reflow(found.excerpt, file_name=name) if found.excerpt else None
    place = {"thread_id": thread_id, "message_id": message_id, "before": number - 1, "after": number + 1}
    context = {"found": found, "excerpt": excerpt, "source": source_line(found.citation), **place}
    return render(request, "chat/source.html", context)


@require_safe
@door
def original(request: PersonRequest, thread_id: str, message_id: str, number: int) -> HttpResponseBase:
    """The cited file, to be saved: nothing of it can run here."""
    file = cited_sources.original(request.user, thread_id, message_id, number)
    return download(request, file, as_attachment=True, content_type="application/octet-stream")
