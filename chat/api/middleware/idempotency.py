"""``Idempotency-Key``: a POST that is sent again does nothing again, and is answered as the first time.

Answers are kept for 24 hours. What failed on our side, or was refused for now, is not: the next one tries again. The
same key with another request is refused, and so is one whose first request is still at work (409, which SDKs retry).
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
from chat.api.streaming.sse import EventStream, retold
from chat.errors import InvalidRequest, KeyInUse, RunDeleted
from chat.models import KeptReply, Run
from chat.models.replies import LIFE

MAX_KEY = 255
AT_WORK = timedelta(minutes=10)  # a request without an answer after this long died with its server


def once(request: ApiRequest, answer: Callable[[HttpRequest], HttpResponseBase]) -> HttpResponseBase:
    """The answer to ``request``; to one that was sent before, what was answered then."""
    key = request.headers.get("Idempotency-Key", "")
    if not key or request.method != "POST":
        return answer(request)
    if len(key) > MAX_KEY:
        raise InvalidRequest(f"The Idempotency-Key is too long: at most {MAX_KEY} characters.")
    kept, is_new = _reserve(request, key)
    if not is_new:
        return _repeated(kept, request)
    try:
        response = answer(request)
    except BaseException:
        kept.delete()
        raise
    if response.status_code >= 500 or response.status_code in (408, 409, 429):
        kept.delete()
    else:
        _keep(kept, response)
    return response


def fingerprint_of(request: HttpRequest) -> str:
    """What was asked. The pieces of a form are parted by a new random line each time, so its body says nothing."""
    body = b"" if request.content_type == "multipart/form-data" else request.body
    return hashlib.sha256(b"\n".join([request.get_full_path().encode(), body])).hexdigest()


@transaction.atomic
def _reserve(request: ApiRequest, key: str) -> tuple[KeptReply, bool]:
    earlier = KeptReply.objects.filter(owner=request.user, key=key)
    earlier.filter(created_at__lt=timezone.now() - LIFE).delete()
    earlier.filter(status=None, created_at__lt=timezone.now() - AT_WORK).delete()
    wanted = {"fingerprint": fingerprint_of(request)}
    return KeptReply.objects.get_or_create(owner=request.user, key=key, defaults=wanted)


def _repeated(kept: KeptReply, request: ApiRequest) -> HttpResponseBase:
    if kept.fingerprint != fingerprint_of(request):
        raise InvalidRequest(
            "This Idempotency-Key was used for another request. Use a new key for a new request.",
            code="idempotency_key_reused",
        )
    if kept.status is None:
        raise KeyInUse
    response: HttpResponseBase
    if kept.run_id:
        run = Run.objects.filter(id=kept.run_id).first()
        if run is None:
            raise RunDeleted
        made_thread = request.path_info.endswith("/threads/runs")
        response = retold(run, tell_thread=made_thread, show=request.event_shape(run.assistant_id))
    else:
        response = HttpResponse(kept.body, status=kept.status, content_type="application/json; charset=utf-8")
    response["idempotent-replayed"] = "true"
    return response


def _keep(kept: KeptReply, response: HttpResponseBase) -> None:
    kept.status = response.status_code
    if isinstance(response, HttpResponse):
        kept.body = response.content.decode()
    elif isinstance(response, EventStream):
        kept.run_id = response.run_id
    kept.save(update_fields=["status", "body", "run_id"])
