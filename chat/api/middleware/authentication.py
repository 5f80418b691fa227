"""What every request of a program passes: its id, its key, how much it may ask, and whether it was asked before."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.encoding import escape_uri_path

from chat.actions.access import api_keys, rate_limits
from chat.api.assistants_v1 import shapes
from chat.api.http.error_responses import answered, no_such_address
from chat.api.http.request import ApiRequest, ShowEvent
from chat.api.middleware import idempotency
from chat.api.middleware.beta_header import beta_of
from chat.api.streaming.sse import unchanged
from chat.errors import MethodNotAllowed, NotSignedIn

log = logging.getLogger(__name__)
PREFIXES = ("/v1/", "/openai/")
# What can be read without a key. Whole addresses: ids and names of models may end in anything.
OPEN = {f"{prefix}{name}" for prefix in (*PREFIXES, "/openai/v1/") for name in ("openapi.json", "docs")}
OLD_CLIENTS = "chat.api.assistants_v1.urls"
NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e."
    " Authorization: Bearer YOUR_KEY)."
)
Answering = Callable[[HttpRequest], HttpResponseBase]


class Door:
    """Middleware for the addresses of the API; others pass unchanged."""

    def __init__(self, get_response: Answering) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIXES):
            return self.get_response(request)
        begun = time.perf_counter()
        asked = cast(ApiRequest, request)
        asked.request_id = f"req_{secrets.token_hex(16)}"
        headers: dict[str, str] = {}
        try:
            response = self.admit(asked, headers)
        except Exception as error:
            response = answered(asked, error)
        milliseconds = round((time.perf_counter() - begun) * 1000)
        headers |= {
            "x-request-id": asked.request_id,
            "openai-processing-ms": str(milliseconds),
            "openai-version": "2020-10-01",
        }
        for name, value in headers.items():
            response[name] = value
        address = escape_uri_path(request.path)  # a line break in it would make a line of the log
        log.info("%s %s %d in %d ms, %s", request.method, address, response.status_code, milliseconds, asked.request_id)
        return response

    def admit(self, request: ApiRequest, headers: dict[str, str]) -> HttpResponseBase:
        """Let the request in, if it may. ``headers`` are those of the answer."""
        if request.path_info in OPEN and request.method in ("GET", "HEAD"):
            return self.get_response(request)
        request.api_key = api_keys.find(secret_of(request))
        request.user = request.api_key.owner
        if allowance := rate_limits.spend(request.api_key):
            headers |= rate_limits.headers(allowance)
        request.beta = beta_of(request)
        if request.beta != "v2":
            request.urlconf = OLD_CLIENTS
        request.event_shape = event_shapes(request)
        response = idempotency.once(request, self.get_response)
        if response.status_code == 404 and not is_json(response):
            return no_such_address(request)
        if response.status_code == 405:
            headers["Allow"] = response["Allow"]
            raise MethodNotAllowed(f"Not allowed to {request.method} on {request.path}.")
        return response


def secret_of(request: HttpRequest) -> str:
    """The key of the ``Authorization`` header, or of Azure's ``api-key``. Raises ``NotSignedIn``."""
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        secret = request.headers.get("api-key", "")
    if not secret.strip():
        raise NotSignedIn(NO_KEY)
    return secret.strip()


def event_shapes(request: ApiRequest) -> Callable[[str | None], ShowEvent]:
    """Return how this client is shown the events of an assistant's runs: in the shapes of the API that it speaks."""
    if request.beta == "v1":
        return partial(shapes.event_shape, request.user)
    return lambda _assistant_id: unchanged


def is_json(response: HttpResponseBase) -> bool:
    return response.get("Content-Type", "").startswith("application/json")
