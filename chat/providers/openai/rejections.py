"""The refusals of a model's server, and the error of ours that each becomes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from chat.errors import ContextOverflow, KeyRefused, ModelNotFound, ProviderError, RateLimited
from chat.providers.storable import storable_text

# The words of OpenAI, vLLM, SGLang, llama.cpp, Ollama, LM Studio, TGI, Mistral, Gemini and Anthropic for a chat that
# is too long.
_OVERFLOW_WORDS = re.compile(
    r"maximum context length|context window|maximum model length|model's context length|available context size"
    r"|exceeds? (the |model'?s? )?(maximum )?context|greater than the context length|context the overflows"
    r"|context length exceeded|tokens` \+ `max_new_tokens|tokens exceed the configured limit"
    r"|exceeds the maximum number of tokens|prompt is too long|input is too long|too large for model with",
    re.IGNORECASE,
)
_OVERFLOW_CODES = {"context_length_exceeded", "exceed_context_size_error", "string_above_max_length"}
_NO_MODEL_WORDS = re.compile(
    r"models?\b.{0,200}\b(not found|not exist|not a valid model)|invalid model|not a valid model",
    re.IGNORECASE | re.DOTALL,
)
_NO_MODEL_CODES = {"model_not_found", "deploymentnotfound", "invalid_model"}
_NO_CREDIT_CODES = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
_RATE_CODES = {"rate_limit_exceeded", "rate_limit_error"}
_PASSING_CODES = {"server_error", "internal_server_error", "overloaded_error", "api_error", "timeout"}
_FILTER_CODES = {"content_filter", "responsibleaipolicyviolation", "content_policy_violation"}
_KEYLIKE = re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf|nvapi)[-_][\w*\-]{12,}|\bBearer\s+\S{8,}", re.IGNORECASE)
_MAX_SEARCHED = 4000  # characters of the server's words that are looked at: expressions like these take long on more
_MAX_WORDS = 300  # characters of the server's own words that staff see
# Which of what we send may be named to everyone.
_SETTINGS = {"temperature", "top_p", "max_tokens", "max_completion_tokens", "reasoning_effort", "response_format"} | {
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
}


class Rejection(Exception):
    """A server's refusal: an HTTP status, or an error object inside the stream.

    ``status`` is an HTTP status, 0 when the server gave none; ``codes`` are the error's ``code`` and ``type`` in lower
    case; ``text`` is its message; ``retry_after`` is in seconds, or None.
    """

    def __init__(self, status: int, body: object, *, retry_after: float | None = None) -> None:
        super().__init__(status)
        error = _error_object(body)
        self.codes = {str(error[name])[:_MAX_SEARCHED].lower() for name in ("code", "type") if error.get(name)}
        self.status = status or _status_in(self.codes)
        self.param = str(error.get("param") or "")[:_MAX_SEARCHED]
        self.text = storable_text((_text(error) or _plain(body))[:_MAX_SEARCHED])
        self.retry_after = retry_after

    @property
    def is_overflow(self) -> bool:
        """The turns are longer than the model can take."""
        matches = self.status in (0, 400, 413, 422, 500) and _OVERFLOW_WORDS.search(self.text)
        return bool(matches or self.codes & _OVERFLOW_CODES)

    @property
    def is_filtered(self) -> bool:
        """The server's content filter stopped the request."""
        return bool(self.codes & _FILTER_CODES)

    @property
    def is_out_of_credit(self) -> bool:
        """The account behind the key has to be topped up; waiting does not help."""
        return self.status == 402 or bool(self.codes & _NO_CREDIT_CODES)

    @property
    def is_rate_limit(self) -> bool:
        """The server asks us to slow down."""
        return self.status == 429 or bool(self.codes & _RATE_CODES)

    @property
    def is_unknown_model(self) -> bool:
        """The server does not serve this model."""
        matches = self.status in (0, 400, 404, 422) and _NO_MODEL_WORDS.search(self.text)
        return bool(matches or self.codes & _NO_MODEL_CODES)

    @property
    def is_passing(self) -> bool:
        """The same request may be answered a moment later."""
        if self.is_out_of_credit or self.is_overflow or self.is_filtered:
            return False
        passing = self.status in (408, 409) or self.status >= 500 or self.codes & _PASSING_CODES
        return bool(passing) or self.is_rate_limit

    def as_error(self, *, model: str | None = None, key: str = "") -> ProviderError:
        """Return the error for people. ``key`` is blotted out wherever the server repeated it."""
        error, sentence = next(((error, sentence) for applies, error, sentence in _KINDS if applies(self)), _OTHER)
        wait = self.retry_after
        message = sentence.format(
            model=model,
            status=f" (status {self.status})" if self.status else "",
            setting=f" It names the setting {self.param!r}." if self.param.partition(".")[0] in _SETTINGS else "",
            advice=f"Try again in {wait:.0f} seconds." if wait and wait >= 1 else "Wait a little and try again.",
        )
        return error(message, retry_after=wait, said=_readable(self.text, key))


# The first that applies. Credit stands before rate, because a used-up account answers 429 too.
_KINDS: tuple[tuple[Callable[[Rejection], bool], type[ProviderError], str], ...] = (
    (
        lambda it: it.is_out_of_credit,
        RateLimited,
        "The account at the model's server has no credit left, or has reached its spending limit. "
        "An administrator can raise it there, or choose another provider.",
    ),
    (
        lambda it: it.is_overflow,
        ContextOverflow,
        "This chat is too long for the model. "
        "Start a new chat, or ask an administrator for a model that takes more text.",
    ),
    (
        lambda it: it.is_rate_limit,
        RateLimited,
        "The model's server limits how often it may be asked. {advice}",
    ),
    (
        lambda it: it.status in (401, 403) or "invalid_api_key" in it.codes,
        KeyRefused,
        "The model's server refused the API key. An administrator can set another one under Providers.",
    ),
    (
        lambda it: it.is_unknown_model,
        ModelNotFound,
        "The model's server has no model {model!r}. An administrator can choose another one under Models.",
    ),
    (
        lambda it: 300 <= it.status < 400,
        ProviderError,
        "The model's server sends requests on to another address, where Everthread does not follow. "
        "An administrator can enter that address under Providers.",
    ),
    (
        lambda it: it.status in (404, 405),
        ProviderError,
        "There is no model API at the address of the model's server. "
        "An administrator can correct the address under Providers; it often ends in /v1.",
    ),
    (
        lambda it: it.status >= 500,
        ProviderError,
        "The model's server has a problem of its own{status}. Try again in a moment.",
    ),
)
_OTHER = (ProviderError, "The model's server did not accept the request{status}.{setting}")


def _error_object(body: object) -> dict[str, Any]:
    """Return the object with message, type and code: the body's ``error`` or, in some servers, the body itself."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if isinstance(body, dict):
        error = body.get("error")
        return error if isinstance(error, dict) else body
    return {}


def _text(error: dict[str, Any]) -> str:
    value = next((error[name] for name in ("message", "error", "detail") if error.get(name)), "")
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return ""


def _plain(body: object) -> str:
    """Return a body that is not JSON, unless it is the web page of some proxy."""
    return body if isinstance(body, str) and not body.lstrip().startswith("<") else ""


def _status_in(codes: set[str]) -> int:
    """Return the HTTP status that some servers write as the error's code, else 0."""
    return next((int(code) for code in codes if re.fullmatch(r"[45]\d\d", code)), 0)


def _readable(text: str, key: str) -> str:
    """Return the server's words on one line and without keys, cut to a readable length."""
    if len(key) >= 8:
        text = text.replace(key, "[key]")
    text = " ".join(_KEYLIKE.sub("[key]", text).split())
    if len(text) > _MAX_WORDS:
        text = text[: _MAX_WORDS - 1] + "…"
    return text
