"""The limits of well-known models."""

from __future__ import annotations

import pytest

from chat.providers.known_models import ModelLimits, known_limits


class TestKnownLimits:
    @pytest.mark.parametrize(
        ("name", "window"),
        [
            ("gpt-4", 8192),
            ("gpt-4-0613", 8192),
            ("gpt-4-turbo-2024-04-09", 128_000),
            ("gpt-4o-mini", 128_000),
            ("openai/gpt-4o", 128_000),
            ("our-GPT-4o-eu", 128_000),
            ("gpt-4.1-mini", 1_047_576),
            ("gpt-5-mini", 272_000),
            ("gpt-3.5-turbo", 16_385),
            ("gpt-35-turbo", 16_385),
            ("o3-mini", 200_000),
            ("claude-3-5-sonnet-20241022", 200_000),
            ("gemini-2.5-flash", 1_048_576),
            ("meta-llama/Meta-Llama-3-8B-Instruct", 8192),
            ("llama3.1:8b", 131_072),
            ("llama-3.3-70b-versatile", 131_072),
            ("mistral-large-latest", 131_072),
            ("open-mixtral-8x22b", 65_536),
            ("qwen2.5-coder:7b", 32_768),
            ("deepseek-r1-distill-llama-70b", 131_072),
        ],
    )
    def test_are_those_of_the_model_that_a_name_seems_to_be(self, name: str, window: int) -> None:
        limits = known_limits(name)
        assert limits is not None
        assert limits.context_window == window

    @pytest.mark.parametrize("name", ["mock", "turbo3", "our-model", ""])
    def test_are_none_for_other_names(self, name: str) -> None:
        assert known_limits(name) is None

    def test_tell_the_longest_answer(self) -> None:
        assert known_limits("gpt-4o") == ModelLimits(128_000, 16_384)
