"""The context windows and longest answers of well-known models, for names without a row of their own.

Figures of the makers' model cards and documentation, as of August 2025: platform.openai.com/docs/models,
docs.anthropic.com (models overview), ai.google.dev/gemini-api/docs/models, llama.com, docs.mistral.ai,
qwenlm.github.io and help.aliyun.com (Model Studio), api-docs.deepseek.com, docs.x.ai, docs.cohere.com, and the
``config.json`` of open weights. A server that serves less says so in its list of models, or refuses the request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """``context_window``: tokens of question and answer; ``max_output``: of one answer, None where it is not known."""

    context_window: int
    max_output: int | None = None


K = 1024
_LIMITS: list[tuple[str, int, int | None]] = [
    # --- OpenAI. Of the 400,000 of GPT-5, 272,000 are for the question.
    (r"gpt-5-chat", 128_000, 16_384),
    (r"gpt-5", 272_000, 128_000),
    (r"gpt-4\.1", 1_047_576, 32_768),
    (r"gpt-4\.5", 128_000, 16_384),
    (r"gpt-4o-2024-05-13", 128_000, 4096),
    (r"gpt-4o", 128_000, 16_384),
    (r"gpt-4-(turbo|1106|0125|vision)", 128_000, 4096),
    (r"gpt-4-32k", 32_768, None),
    (r"gpt-4", 8192, None),
    (r"gpt-3\.?5-turbo-(0301|0613)|gpt-3\.5-turbo-instruct", 4096, None),
    (r"gpt-3\.?5-turbo", 16_385, 4096),
    (r"gpt-oss", 128 * K, 128 * K),
    (r"o1-mini", 128_000, 65_536),
    (r"o1-preview", 128_000, 32_768),
    (r"(o1|o3|o4-mini|codex-mini)(?![0-9a-z])", 200_000, 100_000),
    # --- Anthropic
    (r"claude-(instant|2\.0)", 100_000, 4096),
    (r"claude-(2|3-opus|3-sonnet|3-haiku)", 200_000, 4096),
    (r"claude-3[-.]5", 200_000, 8192),
    (r"claude-(opus-4|4-opus)", 200_000, 32_000),
    (r"claude", 200_000, 64_000),
    # --- Google
    (r"gemini-(1\.0-)?pro$|gemini-1\.0", 32_760, 8192),
    (r"gemini-1\.5-pro", 2048 * K, 8192),
    (r"gemini-(1\.5|2\.0)", 1024 * K, 8192),
    (r"gemini", 1024 * K, 65_536),
    (r"gemma-?3[-:]1b", 32 * K, None),
    (r"gemma-?3", 128 * K, None),
    (r"gemma", 8 * K, None),
    # --- DeepSeek, before the models that its small ones were distilled into
    (r"deepseek-(coder-(?!v2)|llm)", 16 * K, None),
    (r"deepseek-v2", 128 * K, 8192),
    (r"deepseek", 128 * K, None),
    # --- Meta
    (r"llama-?4-scout", 10_240 * K, None),
    (r"llama-?4", 1024 * K, None),
    (r"llama-?3[-.][123]", 128 * K, None),
    (r"llama-?3", 8 * K, None),
    (r"llama-?2|llama2", 4 * K, None),
    # --- Mistral
    (r"mixtral-?8x22b", 64 * K, None),
    (r"mixtral|mistral-7b|mistral-small-(2402|2409|2501)|mistral:", 32 * K, None),
    (r"magistral", 40 * K, None),
    (r"codestral", 256 * K, None),
    (r"mistral|ministral|pixtral|devstral", 128 * K, None),
    # --- Qwen
    (r"qwen-turbo|qwen2\.5-(7b|14b)-instruct-1m", 1_000_000, None),
    (r"qwen-plus|qwen2\.5-(72b|32b|14b|7b)-instruct", 128 * K, 8192),
    (r"qwen3-(coder|next|max)|qwen3-.*2507", 256 * K, None),
    (r"qwen3", 40 * K, None),
    (r"qwq", 128 * K, None),
    (r"qwen", 32 * K, None),
    # --- others
    (r"grok-4-fast", 2_000_000, None),
    (r"grok-4", 256_000, None),
    (r"grok", 128 * K, None),
    (r"command-a", 256_000, 8000),
    (r"command-r", 128_000, 4000),
    (r"phi-?3(\.5)?(-(mini|medium|small))?-4k", 4 * K, None),
    (r"phi-?4(?!-mini)", 16 * K, None),
    (r"phi-?[34]", 128 * K, None),
    (r"kimi-k2|glm-4\.[5-9]", 128 * K, None),
]
# A name may have an owner before it (``openai/gpt-4o``) or words of a deployment (``our-gpt-4o-eu``).
_KNOWN = [(re.compile(rf"(?<![a-z0-9]){pattern}"), ModelLimits(window, answer)) for pattern, window, answer in _LIMITS]


def known_limits(name: str) -> ModelLimits | None:
    """Return the limits of the model that ``name`` seems to be, by the first pattern that fits; None if none does."""
    name = name.lower()
    return next((limits for pattern, limits in _KNOWN if pattern.search(name)), None)
