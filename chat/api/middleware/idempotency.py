"""``Idempotency-Key``: a POST that is sent again does nothing again, and gets the response of the first time.

Responses are kept for 24 hours. Failures on our side and refusals for now are not: the next request tries again. The
same key with another request is refused, and so is a request whose first one is still at work (409, which SDKs retry).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from chat.api.http.request import ApiRequest
from chat.api.streaming.sse import EventStream, replay_run
from chat.errors import InvalidRequest, KeyInUse, RunDeleted
from chat.models import KeptReply, Run
from chat.models.accounts.kept_replies import LIFE

MAX_KEY = 255
MAX_WORK_TIME = timedelta(minutes=10)  # a request without an answer after this long died with its server


def respond_once(request: ApiRequest, get_response: Callable[[HttpRequest], HttpResponseBase]) -> HttpResponseBase:
    """Return the response to a POST with a key; if it was sent before, the response that it got then.

    Raise ``InvalidRequest`` for a key that came with another request, ``KeyInUse`` while the first is at work.
    """
    key = request.headers["Idempotency-Key"]
    if len(key) > MAX_KEY:
        raise InvalidRequest(f"The Idempotency-Key is too long: at most {MAX_KEY} characters.")
    reply, is_new = _reserve(request, key)
    if not is_new:
        return _repeat(reply, request)
    try:
        response = get_response(request)
    except BaseException:
        reply.delete()
        raise
    # A stream that is no run's cannot be sent again.
    is_passing = response.streaming and not isinstance(response, EventStream)
    if is_passing or response.status_code >= 500 or response.status_code in (408, 409, 429):
        reply.delete()
    else:
        _store(reply, response)
    return response


def fingerprint_of(request: HttpRequest) -> str:
    """Return a hash of the address and the body."""
    # The parts of a form are separated by another random line each time, so its body identifies nothing.
    body = b"" if request.content_type == "multipart/form-data" else request.body
    return hashlib.sha256(b"\n".join([request.get_full_path().encode(), body])).hexdigest()


@transaction.atomic
def _reserve(request: ApiRequest, key: str) -> tuple[KeptReply, bool]:
    earlier = KeptReply.objects.filter(owner=request.user, key=key)
    earlier.filter(created_at__lt=timezone.now() - LIFE).delete()
    earlier.filter(status=None, created_at__lt=timezone.now() - MAX_WORK_TIME).delete()
    columns = {"fingerprint": fingerprint_of(request)}
    return KeptReply.objects.get_or_create(owner=request.user, key=key, defaults=columns)


def _repeat(reply: KeptReply, request: ApiRequest) -> HttpResponseBase:
    if reply.fingerprint != fingerprint_of(request):
        raise InvalidRequest(
            "This Idempotency-Key was used for another request. Use a new key for a new request.",
            code="idempotency_key_reused",
        )
    if reply.status is None:
        raise KeyInUse
    response: HttpResponseBase
    if reply.run_id:
        run = Run.objects.filter(id=reply.run_id).first()
        if run is None:
            raise RunDeleted
        response = replay_run(request, run, with_thread=request.path_info.endswith("/threads/runs"))
    else:
        response = HttpResponse(reply.body, status=reply.status, content_type="application/json; charset=utf-8")
    response["idempotent-replayed"] = "true"
    return response


def _store(reply: KeptReply, response: HttpResponseBase) -> None:
    reply.status = response.status_code
    if isinstance(response, HttpResponse):
        reply.body = response.content.decode()
    elif isinstance(response, EventStream):
        reply.run_id = response.run_id
    reply.save(update_fields=["status", "body", "run_id"])
