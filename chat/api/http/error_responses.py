"""Refusals and other exceptions as error responses of the API (reference, sections 1.5 and 12)."""

from __future__ import annotations

import logging
import math
import re
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja.errors import HttpError

from chat.actions.access import rate_limits
from chat.api.http.validation_errors import ValidationFailed
from chat.errors import (
    Absent,
    InvalidRequest,
    NotFound,
    ProviderError,
    Refusal,
    TooLarge,
    TooManyRequests,
    Unavailable,
    database_refusal,
    is_disk_full,
)

log = logging.getLogger(__name__)
# How the ids of a kind begin. Another beginning is another mistake than a wrong id.
ID_PREFIXES = {
    "assistant": "asst",
    "thread": "thread",
    "message": "msg",
    "run": "run",
    "run step": "step",
    "vector store": "vs",
    "file batch": "vsfb",
    "file": "file",
}
PARAMS = {"run step": "step_id", "file batch": "batch_id"}  # parameters that are not named after the kind
# OpenAI's other APIs, which programs with one address for everything ask for.
NOT_SERVED = re.compile(
    r"/(?:v1|openai/v1|openai)/(audio|batches|chatkit|completions|containers|conversations|evals|fine_tuning|images"
    r"|moderations|organization|realtime|responses|skills|videos)(?:/|$)"
)
SERVED = (
    ". Everthread does not serve '{name}'. It serves assistants, threads, runs, files, uploads, vector stores, models,"
    " chat/completions and embeddings; see /v1/docs."
)
SERVER_ERROR = (
    "The server had an error processing your request. Sorry about that! You can retry your request, or contact whoever"
    " runs this server if you keep seeing this error. (Please include the request ID {request_id}.)"
)


def explain_wrong_prefix(refusal: Refusal) -> Refusal:
    """Return the refusal that programs get: for an id that cannot be one of its kind, one that says so.

    The ids of files in addresses are looked up whatever they look like, as OpenAI did.
    """
    prefix = ID_PREFIXES.get(refusal.kind) if isinstance(refusal, Absent) and refusal.param != "id" else None
    if not isinstance(refusal, Absent) or prefix is None or refusal.id.startswith(prefix):
        return refusal
    param = refusal.param or PARAMS.get(refusal.kind, f"{refusal.kind.replace(' ', '_')}_id")
    message = f"Invalid '{param}': '{refusal.id}'. Expected an ID that begins with '{prefix}'."
    return InvalidRequest(message, param=param, code="invalid_value")


def refusal_response(refusal: Refusal) -> HttpResponse:
    """Return the error body of ``refusal``, and the headers that tell when to try again."""
    refusal = explain_wrong_prefix(refusal)
    response = JsonResponse(refusal.as_body(), status=refusal.status)
    if isinstance(refusal, TooManyRequests):
        response["retry-after"] = str(math.ceil(refusal.retry_after))
        response["retry-after-ms"] = str(math.ceil(refusal.retry_after * 1000))
        for name, value in rate_limits.headers(refusal).items():
            response[name] = value
    elif isinstance(refusal, ProviderError | Unavailable) and refusal.retry_after is not None:
        response["retry-after"] = str(math.ceil(refusal.retry_after))
    return response


def error_response(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """Return the response to an exception of an operation, the middleware or the router."""
    if isinstance(error, ValidationFailed):
        error = error.as_refusal(request)
    if isinstance(error, HttpError) and isinstance(error.__cause__, Refusal):  # raised in the parser
        error = error.__cause__
    if isinstance(error, HttpError):
        error = InvalidRequest("We could not parse the body of your request. It must be one JSON object.")
    if isinstance(error, SuspiciousOperation):
        error = suspicious_refusal(error)
    if isinstance(error, Refusal):
        return refusal_response(error)
    if isinstance(error, Http404):
        return unknown_url_response(request)
    if isinstance(error, OperationalError) or is_disk_full(error):
        log.warning("the database refused a request: %s", error)
        return refusal_response(database_refusal(error))
    return server_error_response(request)


def suspicious_refusal(error: SuspiciousOperation) -> Refusal:
    """Return the refusal of what Django finds wrong with a request, such as a query of too many parameters."""
    if isinstance(error, RequestDataTooBig):
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        return TooLarge(f"The body of your request is too large: at most {limit} bytes are taken.")
    return InvalidRequest(f"We could not parse your request: {error}")


def unknown_url_response(request: HttpRequest) -> HttpResponse:
    """Return the refusal of an address that is not served, with what is served instead for one of OpenAI's."""
    message = f"Invalid URL ({request.method} {request.path})"
    if match := NOT_SERVED.match(request.path):
        message += SERVED.format(name=match[1])
    return refusal_response(NotFound(message))


def server_error_response(request: Any) -> HttpResponse:
    """Log the exception with its traceback and return a 500 that names the request's id."""
    log.exception("request %s broke", request.request_id)
    error = Refusal(SERVER_ERROR.format(request_id=request.request_id))
    error.status, error.type = 500, "server_error"
    response = refusal_response(error)
    if request.method != "GET":
        # The work done before the error would be done twice.
        response["x-should-retry"] = "false"
    return response
