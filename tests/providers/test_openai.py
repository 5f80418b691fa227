from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from chat.errors import ProviderError, Unreachable
from chat.providers.base import Finish, Function, Image, Piece, Request, Text, ToolCall, ToolCallPiece, Turn, Usage
from chat.providers.openai import OpenAIProvider
from tests.providers.upstream import DONE, Upstream, chunk, data, error, events, raw, refusal, usage

HELLO = Request(model="m", turns=[Turn("user", "Hello")])
ANSWER = events(chunk("", role="assistant"), chunk("Good "), chunk("morning"), chunk(finish="stop"))


async def ask(provider: OpenAIProvider, request: Request = HELLO) -> list[Piece]:
    return [piece async for piece in provider.stream(request)]


async def collect(provider: OpenAIProvider, pieces: list[Piece]) -> None:
    """As ``ask``, but what came before an error is kept."""
    async for piece in provider.stream(HELLO):
        pieces.append(piece)


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.value for piece in pieces if isinstance(piece, Text))


def calls_of(pieces: list[Piece]) -> list[tuple[str | None, str]]:
    """Name and whole arguments of each call."""
    calls: dict[int, tuple[str | None, str]] = {}
    for piece in pieces:
        if isinstance(piece, ToolCallPiece):
            name, arguments = calls.get(piece.index, (None, ""))
            calls[piece.index] = (name or piece.name, arguments + piece.arguments)
    return [calls[index] for index in sorted(calls)]


def call_chunk(*calls: dict[str, Any]) -> dict[str, Any]:
    return chunk(tool_calls=list(calls))


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

    async def test_shows_images_beside_the_text(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        images = (Image("data:image/png;base64,AA=="), Image("https://example.org/a.png", "low"))
        body = await self.sent(upstream, provider, Request("m", [Turn("user", "Look", images=images)]))
        assert body["messages"][0]["content"] == [
            {"type": "text", "text": "Look"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
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
        with pytest.raises(ProviderError, match="are unsupported"):
            await ask(provider, Request("m", HELLO.turns, max_tokens=7))
        assert len(upstream.bodies) <= 3


class TestTheAnswer:
    async def test_comes_as_text_then_usage_then_finish(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        details = {
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 1},
        }
        upstream.will(events(chunk("Hi"), chunk(finish="stop"), usage(5, 2, **details)))
        assert await ask(provider) == [Text("Hi"), Usage(5, 2, cached=4, reasoning=1), Finish("stop")]

    async def test_survives_any_cut_of_the_network(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        whole = data(chunk("Grüße "), chunk("世界 🎈"), chunk(finish="stop")) + DONE
        whole = whole.replace(b"\\u00fc", "ü".encode())
        upstream.will(raw(*(whole[at : at + 7] for at in range(0, len(whole), 7))))
        assert text_of(await ask(provider)) == "Grüße 世界 🎈"

    async def test_may_use_crlf_comments_and_other_fields(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        lines = data(chunk("Hi"), chunk(finish="stop")).replace(b"\n", b"\r\n")
        upstream.will(
            raw(b": waiting\r\n\r\nretry: 5\r\n\r\nevent: message\r\nid: 1\r\n" + lines + b"data:[DONE]\r\n\r\n")
        )
        assert await ask(provider) == [Text("Hi"), Finish("stop")]

    async def test_may_be_packed(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        packed = gzip.compress(data(chunk("Hi"), chunk(finish="stop")) + DONE)
        upstream.will(raw(packed[:20], packed[20:], packed="gzip"))
        assert await ask(provider) == [Text("Hi"), Finish("stop")]

    async def test_may_lack_the_last_blank_line(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(raw(data(chunk("Hi"), chunk(finish="stop")).rstrip()))
        assert await ask(provider) == [Text("Hi"), Finish("stop")]

    async def test_may_come_as_one_json_body(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        function = {"name": "now", "arguments": "{}"}
        message = {"role": "assistant", "content": "Hi", "tool_calls": [{"id": "c", "function": function}]}
        counted = {"prompt_tokens": 3, "completion_tokens": 1}
        body = {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}], "usage": counted}
        upstream.will(refusal(200, body))
        assert await ask(provider) == [
            Text("Hi"),
            ToolCallPiece(0, "c", "now", "{}"),
            Usage(3, 1),
            Finish("tool_calls"),
        ]

    async def test_may_carry_usage_in_every_chunk_or_none(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        counts = [{"prompt_tokens": 5, "completion_tokens": count} for count in (1, 2)]
        first, last = ({**chunk("a"), "usage": counts[0]}, {**chunk("b", finish="stop"), "usage": counts[1]})
        upstream.will(events(first, last), ANSWER)
        assert [piece for piece in await ask(provider) if isinstance(piece, Usage)] == [Usage(5, 2)]
        assert not [piece for piece in await ask(provider) if isinstance(piece, Usage)]

    async def test_may_carry_usage_that_means_nothing(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        odd = [{"prompt_tokens": None, "completion_tokens": "2", "prompt_tokens_details": None}, "many"]
        upstream.will(events(*({**chunk("a", finish="stop"), "usage": value} for value in odd)))
        assert [piece for piece in await ask(provider) if isinstance(piece, Usage)] == [Usage()]

    async def test_holds_refusals_but_no_thoughts(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(
            events(
                chunk(reasoning_content="They want…", content=None),
                chunk(reasoning="Hm", content=""),
                chunk(content=None, refusal="I cannot help with that."),
                chunk(finish="stop"),
            )
        )
        assert await ask(provider) == [Text("I cannot help with that."), Finish("stop")]

    async def test_may_have_its_text_in_parts(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}
        parts = [thought, {"type": "text", "text": "Yes"}]
        upstream.will(events(chunk(content=parts), chunk(finish="stop")))
        assert text_of(await ask(provider)) == "Yes"

    @pytest.mark.parametrize(
        ("said", "meant"),
        [("stop", "stop"), ("length", "length"), ("content_filter", "content_filter"), ("eos_token", "stop")],
    )
    async def test_ends_for_a_known_reason(
        self, upstream: Upstream, provider: OpenAIProvider, said: str, meant: Any
    ) -> None:
        upstream.will(events(chunk("Hi"), chunk(finish=said)))
        assert (await ask(provider))[-1] == Finish(meant)

    async def test_is_whole_once_the_reason_is_given(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(raw(data(chunk("Hi"), chunk(finish="stop")), cut=True))
        assert await ask(provider) == [Text("Hi"), Finish("stop")]

    @pytest.mark.parametrize("end", [b"", DONE, b'data: {"choices":[{"del'])
    async def test_is_never_taken_for_whole_without_a_reason(
        self, upstream: Upstream, provider: OpenAIProvider, end: bytes
    ) -> None:
        upstream.will(raw(data(chunk("Half an ans")) + end))
        pieces: list[Piece] = []
        with pytest.raises(Unreachable, match="before the answer was complete"):
            await collect(provider, pieces)
        assert pieces == [Text("Half an ans")]

    async def test_breaks_when_the_connection_does(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(raw(data(chunk("Half an ans")), cut=True))
        with pytest.raises(Unreachable, match="before the answer was complete"):
            await ask(provider)
        assert len(upstream.bodies) == 1


class TestToolCalls:
    async def test_arrive_in_pieces(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(
            events(
                call_chunk({"index": 0, "id": "call_a", "function": {"name": "weather", "arguments": ""}}),
                call_chunk({"index": 0, "function": {"arguments": '{"city":'}}),
                call_chunk({"index": 0, "function": {"arguments": '"Oslo"}'}}),
                call_chunk({"index": 1, "id": "call_b", "function": {"name": "now", "arguments": None}}),
                chunk(finish="tool_calls"),
            )
        )
        assert await ask(provider) == [
            ToolCallPiece(0, "call_a", "weather", ""),
            ToolCallPiece(0, arguments='{"city":'),
            ToolCallPiece(0, arguments='"Oslo"}'),
            ToolCallPiece(1, "call_b", "now", ""),
            ToolCallPiece(1, arguments="{}"),
            Finish("tool_calls"),
        ]

    @pytest.mark.parametrize(
        "odd",
        [
            pytest.param([[{"index": 0, "id": "a"}, {"index": 1, "id": "b"}]], id="both in one delta"),
            pytest.param([[{"id": "a"}], [{"id": "b"}]], id="no numbers"),
            pytest.param([[{"index": None}], [{"index": None}]], id="neither numbers nor ids"),
            pytest.param([[{"index": 0, "id": "a"}], [{"index": 0, "id": "b"}]], id="all number 0"),
            pytest.param([[{"index": 0, "id": ""}], [{"index": 1, "id": ""}]], id="empty ids"),
            pytest.param([[{"index": 0, "id": "a"}], [{"index": 1, "id": "a"}]], id="the same id twice"),
        ],
    )
    async def test_are_told_apart_however_they_are_labelled(
        self, upstream: Upstream, provider: OpenAIProvider, odd: list[list[dict[str, Any]]]
    ) -> None:
        functions = iter([{"name": "first", "arguments": '{"n":1}'}, {"name": "second", "arguments": {"n": 2}}])
        chunks = [call_chunk(*({**label, "function": next(functions)} for label in delta)) for delta in odd]
        upstream.will(events(*chunks, chunk(finish="stop")))
        pieces = await ask(provider)
        assert calls_of(pieces) == [("first", '{"n":1}'), ("second", '{"n":2}')]
        ids = [piece.id for piece in pieces if isinstance(piece, ToolCallPiece)]
        assert all(ids)
        assert len(set(ids)) == 2
        assert pieces[-1] == Finish("tool_calls")

    async def test_are_one_when_every_delta_repeats_or_changes_its_labels(
        self, upstream: Upstream, provider: OpenAIProvider
    ) -> None:
        upstream.will(
            events(
                call_chunk({"index": 0, "id": "a", "function": {"name": "now", "arguments": '{"zone":'}}),
                call_chunk({"index": 0, "id": "a", "function": {"name": "now", "arguments": '"UTC"'}}),
                call_chunk({"index": 0, "id": "x9", "function": {"name": None, "arguments": "}"}}),
                chunk(finish="tool_calls"),
            )
        )
        assert calls_of(await ask(provider)) == [("now", '{"zone":"UTC"}')]

    async def test_wait_for_their_name(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(
            events(
                call_chunk({"index": 0, "id": "a", "function": {"arguments": '{"a"'}}),
                call_chunk({"index": 0, "function": {"name": "now", "arguments": ":1}"}}),
                chunk(finish="tool_calls"),
            )
        )
        assert await ask(provider) == [ToolCallPiece(0, "a", "now", '{"a":1}'), Finish("tool_calls")]

    async def test_without_a_name_are_an_error(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(events(call_chunk({"index": 0, "id": "a", "function": {}}), chunk(finish="tool_calls")))
        with pytest.raises(ProviderError, match="without naming it"):
            await ask(provider)

    async def test_may_use_the_old_form(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(
            events(
                chunk(function_call={"name": "now", "arguments": ""}),
                chunk(function_call={"arguments": "{}"}),
                chunk(finish="function_call"),
            )
        )
        pieces = await ask(provider)
        assert calls_of(pieces) == [("now", "{}")]
        assert pieces[-1] == Finish("tool_calls")

    async def test_that_were_cut_short_are_left_as_they_are(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        cut = call_chunk({"index": 0, "id": "a", "function": {"name": "now", "arguments": '{"zo'}})
        upstream.will(events(cut, chunk(finish="length")))
        assert await ask(provider) == [ToolCallPiece(0, "a", "now", '{"zo'), Finish("length")]

    async def test_follow_the_text_before_them(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        called = call_chunk({"index": 0, "id": "a", "function": {"name": "now", "arguments": "{}"}})
        upstream.will(events(chunk("Let me "), chunk("look."), called, chunk(finish="tool_calls")))
        assert await ask(provider) == [
            Text("Let me look."),
            ToolCallPiece(0, "a", "now", "{}"),
            Finish("tool_calls"),
        ]


class TestModels:
    @pytest.mark.parametrize(
        "body", [{"object": "list", "data": [{"id": "b"}, {"id": "a"}]}, [{"id": "b"}, {"id": "a"}]]
    )
    async def test_are_listed_in_the_servers_order(
        self, upstream: Upstream, provider: OpenAIProvider, body: Any
    ) -> None:
        upstream.will(refusal(200, body))
        assert await provider.models() == ["b", "a"]

    @pytest.mark.parametrize(("status", "body"), [(404, "Not Found"), (200, "<html>Welcome</html>"), (200, {"a": 1})])
    async def test_are_not_found_at_a_wrong_address(
        self, upstream: Upstream, provider: OpenAIProvider, status: int, body: Any
    ) -> None:
        upstream.will(refusal(status, body))
        with pytest.raises(ProviderError, match="often ends in /v1"):
            await provider.models()
