from __future__ import annotations

import json
from typing import Any

import pytest

from chat.errors import ProviderError
from chat.providers.base import Function, Image, Request, ToolCall, Turn
from chat.providers.openai.provider import OpenAIProvider
from tests.providers.asking import HELLO, ask, text_of
from tests.providers.openai.upstream import Upstream, chunk, error, events, refusal

ANSWER = events(chunk("", role="assistant"), chunk("Good "), chunk("morning"), chunk(finish="stop"))


class TestTheRequest:
    async def sent(self, upstream: Upstream, provider: OpenAIProvider, request: Request) -> dict[str, Any]:
        upstream.will(ANSWER)
        await ask(provider, request)
        return upstream.bodies[-1]

    async def test_leaves_out_what_is_left_to_the_server(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        assert await self.sent(upstream, provider, HELLO) == {
            "model": "m",
            "messages": [{"role": "user", "content": "Hello"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }

    async def test_carries_the_key_and_nothing_else_of_the_environment(
        self, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
        monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
        monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-secret")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-other-secret")
        provider = OpenAIProvider(upstream.url, "")
        await self.sent(upstream, provider, HELLO)
        await provider.aclose()
        assert "secret" not in json.dumps(upstream.headers)
        assert upstream.headers[0]["Authorization"] == "Bearer none"

    async def test_carries_every_option(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        schema = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
        request = Request(
            model="m",
            turns=HELLO.turns,
            temperature=0.0,
            top_p=0.5,
            max_tokens=9,
            reasoning_effort="low",
            response_format=schema,
        )
        body = await self.sent(upstream, provider, request)
        assert body["temperature"] == 0.0
        assert body["top_p"] == 0.5
        assert body["max_tokens"] == 9
        assert body["reasoning_effort"] == "low"
        assert body["response_format"] == schema

    async def test_shows_texts_and_images_in_order(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        before, after = Image("data:image/png;base64,AA=="), Image("https://example.org/a.png", "low")
        turn = Turn("user", (before, "What changed?", after))
        body = await self.sent(upstream, provider, Request("m", [turn]))
        assert body["messages"][0]["content"] == [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            {"type": "text", "text": "What changed?"},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
        ]

    async def test_carries_calls_and_their_results(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        turns = [
            Turn("system", "Be brief."),
            Turn("user", "Weather?"),
            Turn("assistant", tool_calls=(ToolCall("call_1", "weather", '{"city":"Oslo"}'),)),
            Turn("tool", "rain", tool_call_id="call_1"),
        ]
        body = await self.sent(upstream, provider, Request("m", turns))
        function = {"name": "weather", "arguments": '{"city":"Oslo"}'}
        assert body["messages"][2:] == [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
            },
            {"role": "tool", "content": "rain", "tool_call_id": "call_1"},
        ]

    async def test_offers_functions(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        plain = Function("now")
        strict = Function("weather", "Tells the weather", {"type": "object"}, strict=True)
        request = Request("m", HELLO.turns, [plain, strict], tool_choice={"name": "now"}, parallel_tool_calls=False)
        body = await self.sent(upstream, provider, request)
        named = {"name": "weather", "description": "Tells the weather", "parameters": {"type": "object"}}
        assert body["tools"][0]["function"] == {"name": "now", "parameters": {"type": "object", "properties": {}}}
        assert body["tools"][1]["function"] == {**named, "strict": True}
        assert body["tool_choice"] == {"type": "function", "function": {"name": "now"}}
        assert body["parallel_tool_calls"] is False

    async def test_leaves_the_choice_of_functions_at_its_default(
        self, upstream: Upstream, provider: OpenAIProvider
    ) -> None:
        body = await self.sent(upstream, provider, Request("m", HELLO.turns, [Function("now")]))
        assert "tool_choice" not in body
        assert "parallel_tool_calls" not in body
        body = await self.sent(upstream, provider, Request("m", HELLO.turns, [Function("now")], tool_choice="required"))
        assert body["tool_choice"] == "required"

    async def test_uses_the_other_name_of_the_limit_once_a_server_wants_it(
        self, upstream: Upstream, provider: OpenAIProvider
    ) -> None:
        said = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        upstream.will(refusal(400, error(said, param="max_tokens", code="unsupported_parameter")), ANSWER)
        request = Request("m", HELLO.turns, max_tokens=7)
        assert text_of(await ask(provider, request)) == "Good morning"
        await ask(provider, request)
        limits = [[name for name in body if name.startswith("max_")] for body in upstream.bodies]
        assert limits == [["max_tokens"], ["max_completion_tokens"], ["max_completion_tokens"]]
        assert upstream.bodies[-1]["max_completion_tokens"] == 7

    async def test_does_without_stream_options_where_they_are_refused(
        self, upstream: Upstream, provider: OpenAIProvider
    ) -> None:
        found = [
            {"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}
        ]
        upstream.will(refusal(422, {"detail": found}), ANSWER)
        assert text_of(await ask(provider)) == "Good morning"
        assert "stream_options" not in upstream.bodies[-1]

    async def test_is_not_rewritten_without_end(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(refusal(400, error("max_tokens and max_completion_tokens are unsupported")))
        with pytest.raises(ProviderError) as refused:
            await ask(provider, Request("m", HELLO.turns, max_tokens=7))
        assert "are unsupported" in refused.value.said
        assert len(upstream.bodies) <= 3
