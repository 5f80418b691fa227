"""The middleware of the API: request id, API key, rate limit, beta header, idempotency key, error responses."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import cast

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.encoding import escape_uri_path

from chat.actions.access import api_keys, rate_limits
from chat.api.assistants_v1 import shapes
from chat.api.http.error_responses import error_response
from chat.api.http.request import ApiRequest, Beta
from chat.api.middleware import idempotency
from chat.errors import InvalidRequest, MethodNotAllowed

log = logging.getLogger(__name__)
PREFIXES = ("/v1/", "/openai/")
# What can be read without a key. Whole addresses: ids and names of models may end in anything.
PUBLIC = {f"{prefix}{name}" for prefix in (*PREFIXES, "/openai/v1/") for name in ("openapi.json", "docs")}
# Azure's clients name the model in the address; it is in the body as well.
DEPLOYMENT = re.compile(r"^/openai/deployments/[^/]+/(?=(chat/completions|embeddings)$)")
V1_URLS = "chat.api.assistants_v1.urls"


class ApiKeyMiddleware:
    """Admits requests to the API that bear a key, and turns every error into a response of the API.

    Requests to other addresses pass unchanged.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIXES):
            return self.get_response(request)
        # Some programs join a base URL that ends in a slash and a path that begins with one.
        request.path_info = DEPLOYMENT.sub("/openai/", re.sub("//+", "/", request.path_info))
        started_at = time.perf_counter()
        api_request = cast(ApiRequest, request)
        api_request.request_id = f"req_{secrets.token_hex(16)}"
        headers: dict[str, str] = {}
        try:
            response = self.admit(api_request, headers)
        except asyncio.CancelledError:
            # Only of an answer that is waited for in the event loop.
            log.info(
                "%s %s left by its program, %s", request.method, escape_uri_path(request.path), api_request.request_id
            )
            raise
        except Exception as error:
            response = error_response(api_request, error)
        milliseconds = round((time.perf_counter() - started_at) * 1000)
        headers |= {
            "x-request-id": api_request.request_id,
            "openai-processing-ms": str(milliseconds),
            "openai-version": "2020-10-01",
        }
        for name, value in headers.items():
            response[name] = value
        # A line break in the address would make a line of the log.
        address = escape_uri_path(request.path)
        id = api_request.request_id
        log.info("%s %s %d in %d ms, %s", request.method, address, response.status_code, milliseconds, id)
        return response

    def admit(self, request: ApiRequest, headers: dict[str, str]) -> HttpResponseBase:
        """Return the response to a request that may pass, and add to its ``headers``. Raise ``Refusal``."""
        if request.path_info in PUBLIC and request.method in ("GET", "HEAD"):
            return self.get_response(request)
        request.api_key = api_keys.find(api_keys.secret_in(request.headers))
        request.user = request.api_key.owner
        if allowance := rate_limits.buckets.spend(request.api_key):
            headers |= rate_limits.headers(allowance)
        request.beta = parse_beta_header(request)
        if request.beta != "v2":
            request.urlconf = V1_URLS
        request.event_converter = partial(shapes.event_converter, request.user) if request.beta == "v1" else None
        if request.method == "POST" and request.headers.get("Idempotency-Key"):
            response = idempotency.respond_once(request, self.get_response)
        else:
            response = self.get_response(request)
        if response.status_code == 405:
            headers["Allow"] = response["Allow"]
            raise MethodNotAllowed(f"Not allowed to {request.method} on {request.path}.")
        return response


ASSISTANTS_PATHS = re.compile(r"/(assistants|threads)(/|$)")
AZURE_V1 = "2024-02-15-preview"  # the only one of Azure's with the first API; its clients send no header
ASSISTANT_FILES = re.compile(r"/assistants/[^/]+/files(/|$)")  # which only the first API had
MISSING = (
    "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try again by setting the header"
    " 'OpenAI-Beta: assistants=v2'."
)
DEPRECATED = "The v1 Assistants API has been deprecated."
ADVICE = " Please try again by setting the header 'OpenAI-Beta: assistants=v2'."
GUIDE = " See the migration guide for more information: https://platform.openai.com/docs/assistants/migration."


def parse_beta_header(request: HttpRequest) -> Beta:
    """Return the version in the header, or in Azure's ``api-version``. Raise ``InvalidRequest`` for others than v2 if
    ``EVERTHREAD_STRICT_BETA_HEADER``.
    """
    versions = {part.strip() for part in request.headers.get("OpenAI-Beta", "").split(",")}
    beta: Beta = "v2" if "assistants=v2" in versions else "v1" if "assistants=v1" in versions else ""
    if not beta and (version := request.GET.get("api-version")):
        beta = "v1" if version == AZURE_V1 else "v2"
    if settings.EVERTHREAD_STRICT_BETA_HEADER and beta != "v2" and ASSISTANTS_PATHS.search(request.path):
        message = DEPRECATED + ("" if ASSISTANT_FILES.search(request.path) else ADVICE) + GUIDE
        raise InvalidRequest(message if beta else MISSING, code="invalid_beta")
    return beta
