"""The ``OpenAI-Beta`` header: which Assistants API a client speaks (reference, sections 1.1, 11 and 12)."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest

from chat.api.http.request import Beta
from chat.errors import InvalidRequest

NEEDED = re.compile(r"/(assistants|threads)(/|$)")
FILES = re.compile(r"/assistants/[^/]+/files(/|$)")  # which only the first API had
MISSING = (
    "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try again by setting the header"
    " 'OpenAI-Beta: assistants=v2'."
)
OLD = "The v1 Assistants API has been deprecated."
ADVICE = " Please try again by setting the header 'OpenAI-Beta: assistants=v2'."
GUIDE = " See the migration guide for more information: https://platform.openai.com/docs/assistants/migration."


def beta_of(request: HttpRequest) -> Beta:
    """What the header says. Raises ``InvalidRequest`` for v1 or silence under ``EVERTHREAD_STRICT_BETA_HEADER``."""
    said = {part.strip() for part in request.headers.get("OpenAI-Beta", "").split(",")}
    beta: Beta = "v2" if "assistants=v2" in said else "v1" if "assistants=v1" in said else ""
    if settings.EVERTHREAD_STRICT_BETA_HEADER and beta != "v2" and NEEDED.search(request.path):
        old = OLD + ("" if FILES.search(request.path) else ADVICE) + GUIDE
        raise InvalidRequest(old if beta else MISSING, code="invalid_beta")
    return beta
