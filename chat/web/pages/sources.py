"""Views of what an answer cites: the passage, and the file for those who may have it."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from chat.actions.conversation import cited_sources
from chat.downloads import download_response
from chat.web.decorators import SignedInRequest, signed_in_page
from chat.web.timeline.cited_sources import reflow, source_line


@require_safe
@signed_in_page
def preview(request: SignedInRequest, thread_id: str, message_id: str, number: int) -> HttpResponse:
    """Return the text around a cited passage, for the dialog of the thread's page."""
    source = cited_sources.get(request.user, thread_id, message_id, number)
    name = source.citation.file_name
    excerpt = reflow(source.excerpt, file_name=name) if source.excerpt else None
    place = {"thread_id": thread_id, "message_id": message_id, "before": number - 1, "after": number + 1}
    context = {"preview": source, "excerpt": excerpt, "source": source_line(source.citation), **place}
    return render(request, "chat/source.html", context)


@require_safe
@signed_in_page
def original(request: SignedInRequest, thread_id: str, message_id: str, number: int) -> HttpResponseBase:
    """Return the cited file, to be saved: nothing of it can run here."""
    file = cited_sources.get_file(request.user, thread_id, message_id, number)
    return download_response(request, file, as_attachment=True, content_type="application/octet-stream")
