"""Refusals and accidents as the error bodies of the API (reference, sections 1.5 and 12)."""

from __future__ import annotations

import logging
import math
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja.errors import HttpError

from chat.actions.access import rate_limits
from chat.api.http.validation_errors import Unfit
from chat.errors import Absent, InvalidRequest, NotFound, Refusal, TooLarge, TooManyRequests, Unavailable

log = logging.getLogger(__name__)
# How the ids of a kind begin. Others cannot be ids of that kind, which is another mistake than a wrong id.
PREFIXES = {
    "assistant": "asst",
    "thread": "thread",
    "message": "msg",
    "run": "run",
    "run step": "step",
    "vector store": "vs",
    "file batch": "vsfb",
}
PARAMS = {"run step": "step_id", "file batch": "batch_id"}  # that are not named after the kind
ACCIDENT = (
    "The server had an error processing your request. Sorry about that! You can retry your request, or contact whoever"
    " runs this server if you keep seeing this error. (Please include the request ID {request_id}.)"
)


def explain_wrong_prefix(refusal: Refusal) -> Refusal:
    """Return the refusal that programs are sent: for an id that cannot be one of its kind, one that says so."""
    if isinstance(refusal, Absent) and (prefix := PREFIXES.get(refusal.kind)) and not refusal.id.startswith(prefix):
        param = PARAMS.get(refusal.kind, f"{refusal.kind.replace(' ', '_')}_id")
        message = f"Invalid '{param}': '{refusal.id}'. Expected an ID that begins with '{prefix}'."
        return InvalidRequest(message, param=param, code="invalid_value")
    return refusal


def refused(refusal: Refusal) -> HttpResponse:
    """The answer that says why not."""
    refusal = explain_wrong_prefix(refusal)
    response = JsonResponse(refusal.as_body(), status=refusal.status)
    if isinstance(refusal, TooManyRequests):
        response["retry-after"] = str(math.ceil(refusal.retry_after))
        response["retry-after-ms"] = str(math.ceil(refusal.retry_after * 1000))
        for name, value in rate_limits.headers(refusal).items():
            response[name] = value
    return response


def answered(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """The answer to whatever an operation raised."""
    if isinstance(error, Unfit):
        error = error.refusal(request)
    if isinstance(error, HttpError) and isinstance(error.__cause__, Refusal):  # of the parser
        error = error.__cause__
    if isinstance(error, HttpError):
        error = InvalidRequest("We could not parse the body of your request. It must be one JSON object.")
    if isinstance(error, RequestDataTooBig):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        error = TooLarge(f"The body of your request is too large: at most {most} bytes are taken.")
    if isinstance(error, Refusal):
        return refused(error)
    if isinstance(error, Http404):
        return no_such_address(request)
    if isinstance(error, OperationalError):
        log.warning("the database refused a request: %s", error)
        return refused(Unavailable())
    return broken(request)


def no_such_address(request: HttpRequest) -> HttpResponse:
    return refused(NotFound(f"Invalid URL ({request.method} {request.path})"))


def broken(request: Any) -> HttpResponse:
    """Something that should not be. Logged with its trace; the client gets the id to ask for it."""
    log.exception("request %s broke", request.request_id)
    error = Refusal(ACCIDENT.format(request_id=request.request_id))
    error.status, error.type = 500, "server_error"
    response = refused(error)
    if request.method != "GET":
        response["x-should-retry"] = "false"  # what was done before it broke would be done twice
    return response
