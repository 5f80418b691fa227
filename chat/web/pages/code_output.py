"""The view of all that code has printed, of which its card shows only the begin and the end."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from chat.actions.conversation import threads
from chat.errors import NotFound
from chat.providers.tool_names import CODE_INTERPRETER
from chat.web.decorators import SignedInRequest, signed_in_page
from chat.web.timeline.code_calls import code_steps, output_of


@require_safe
@signed_in_page
def output(request: SignedInRequest, thread_id: str, step_id: str, place: int) -> HttpResponse:
    """Return all that the code in the call at ``place`` of a step has printed, for its card."""
    thread = threads.get(request.user, thread_id)
    step = code_steps().filter(run__thread=thread, id=step_id).first()
    calls = step.details["tool_calls"][place : place + 1] if step else []
    if not calls or calls[0]["type"] != CODE_INTERPRETER:
        raise NotFound(_("There is no such output."))
    return render(request, "chat/code_output.html", {"full_output": output_of(calls[0][CODE_INTERPRETER])})
