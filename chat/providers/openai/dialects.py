"""The names that servers have for parameters, learned from their refusals.

OpenAI's reasoning models refuse ``max_tokens`` and want ``max_completion_tokens``; most other servers know only the
former. A few strict servers refuse ``stream_options``. Each says so in a 400 or 422 before it answers, so the body is
rewritten and sent again, once for each such parameter, and what was learned is kept for the model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from chat.providers.openai.rejections import Rejection

Renames = dict[str, str]
"""Our name of a parameter → the server's; an empty name leaves the parameter out."""

LESSONS = 2  # a request is rewritten at most this often: once for each parameter that has alternatives
NEW_LIMIT: Renames = {"max_tokens": "max_completion_tokens"}
_ALTERNATIVES = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
    "stream_options": "",
}
_UNKNOWN = re.compile(
    r"unsupported|not supported|unrecognized|unknown|unexpected|extra|not permitted|not allowed", re.I
)


def known_renames(base_url: str) -> Renames:
    """Return the renames that a server is known to need before the first request."""
    host = urlsplit(base_url).hostname or ""
    is_openai = host == "api.openai.com" or host.endswith((".api.openai.com", ".openai.azure.com"))
    return NEW_LIMIT if is_openai else {}


def apply_renames(renames: Renames, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``body`` with the server's names of the parameters."""
    renamed = ((renames.get(name, name), value) for name, value in body.items())
    return {name: value for name, value in renamed if name}


def learn_renames(renames: Renames, rejection: Rejection) -> Renames | None:
    """Return ``renames`` with what ``rejection`` teaches, or None when it teaches nothing."""
    if rejection.status not in (400, 422) or not _UNKNOWN.search(rejection.text):
        return None
    current = {renames.get(name, name): name for name in ("max_tokens", "stream_options")}
    # The parameter that the server names first is the one that it refuses; the other is its advice.
    refused = re.search(r"\b(max_tokens|max_completion_tokens|stream_options)\b", f"{rejection.param} {rejection.text}")
    if refused is None or refused[0] not in current:
        return None
    return {**renames, current[refused[0]]: _ALTERNATIVES[refused[0]]}
