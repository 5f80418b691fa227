"""Parses a server's list of models: their names, and the limits that some servers tell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chat.providers.known_models import ModelLimits
from chat.providers.openai.rejections import Rejection
from chat.providers.storable import storable_text

MAX_NAME = 256  # characters that a row can hold
# The fields of vLLM, of OpenRouter and Together, of Groq, of LM Studio and Mistral; in each the number that is served.
WINDOWS = ("max_model_len", "context_length", "context_window", "max_context_length")
ANSWERS = ("max_completion_tokens", "max_output_tokens")


def served_models(body: bytes) -> dict[str, ModelLimits | None]:
    """Return the models in ``{"data": [{"id": …}]}``, a few servers send the bare list, with their limits by name.

    Raise ``ProviderError`` for anything else.
    """
    try:
        decoded = json.loads(body.decode("utf-8-sig", "replace"), strict=False)
        models = decoded["data"] if isinstance(decoded, dict) else decoded
        by_name = [(model["id"], model) for model in models]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise Rejection(404, None).as_error() from None
    usable = ((name, model) for name, model in by_name if isinstance(name, str) and 0 < len(name) <= MAX_NAME)
    return {storable_text(name): _limits(model) for name, model in usable}


def _limits(model: Mapping[str, Any]) -> ModelLimits | None:
    window = _tokens(model, WINDOWS)
    return ModelLimits(window, _tokens(model, ANSWERS)) if window else None


def _tokens(model: Mapping[str, Any], fields: tuple[str, ...]) -> int | None:
    numbers = (model.get(field) for field in fields)
    return next((number for number in numbers if type(number) is int and 0 < number < 2**31), None)
