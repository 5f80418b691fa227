"""The ``OpenAI-Beta`` header: which Assistants API a client speaks (reference, sections 1.1, 11 and 12)."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest

from chat.api.http.request import Beta
from chat.errors import InvalidRequest

ASSISTANTS_PATHS = re.compile(r"/(assistants|threads)(/|$)")
ASSISTANT_FILES = re.compile(r"/assistants/[^/]+/files(/|$)")  # which only the first API had
MISSING = (
    "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try again by setting the header"
    " 'OpenAI-Beta: assistants=v2'."
)
DEPRECATED = "The v1 Assistants API has been deprecated."
ADVICE = " Please try again by setting the header 'OpenAI-Beta: assistants=v2'."
GUIDE = " See the migration guide for more information: https://platform.openai.com/docs/assistants/migration."


def parse_beta_header(request: HttpRequest) -> Beta:
    """Return the header's version. Raise ``InvalidRequest`` for others than v2 if ``EVERTHREAD_STRICT_BETA_HEADER``."""
    versions = {part.strip() for part in request.headers.get("OpenAI-Beta", "").split(",")}
    beta: Beta = "v2" if "assistants=v2" in versions else "v1" if "assistants=v1" in versions else ""
    if settings.EVERTHREAD_STRICT_BETA_HEADER and beta != "v2" and ASSISTANTS_PATHS.search(request.path):
        message = DEPRECATED + ("" if ASSISTANT_FILES.search(request.path) else ADVICE) + GUIDE
        raise InvalidRequest(message if beta else MISSING, code="invalid_beta")
    return beta
