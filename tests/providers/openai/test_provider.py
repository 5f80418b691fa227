from __future__ import annotations

import gzip
from typing import Any

import pytest

from chat.errors import ProviderError, Unreachable
from chat.providers.base import Finish, Piece, Text, ToolCallPiece, Usage
from chat.providers.known_models import ModelLimits
from chat.providers.openai.provider import OpenAIProvider
from tests.providers.asking import ask, collect, text_of
from tests.providers.openai.upstream import DONE, Upstream, chunk, data, events, raw, refusal, usage

ANSWER = events(chunk("", role="assistant"), chunk("Good "), chunk("morning"), chunk(finish="stop"))


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
        assert await ask(provider) == [Text("I cannot help with that.", is_refusal=True), Finish("stop")]

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


class TestModels:
    @pytest.mark.parametrize(
        "body", [{"object": "list", "data": [{"id": "b"}, {"id": "a"}]}, [{"id": "b"}, {"id": "a"}]]
    )
    async def test_are_listed_in_the_servers_order(
        self, upstream: Upstream, provider: OpenAIProvider, body: Any
    ) -> None:
        upstream.will(refusal(200, body))
        assert await provider.models() == ["b", "a"]

    async def test_have_the_limits_that_the_server_tells(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        listed = [
            {"id": "a", "max_model_len": 8192},
            {"id": "b", "context_length": -1},
            {"id": "c", "max_model_len": "9"},
        ]
        upstream.will(refusal(200, {"object": "list", "data": listed}))
        assert await provider.limits("a") == ModelLimits(8192)
        assert [await provider.limits(name) for name in ("b", "c", "other")] == [None, None, None]

    async def test_have_no_limits_where_the_server_cannot_say(
        self, upstream: Upstream, provider: OpenAIProvider
    ) -> None:
        upstream.will(refusal(500, "broken"))
        assert await provider.limits("a") is None

    @pytest.mark.parametrize(("status", "body"), [(404, "Not Found"), (200, "<html>Welcome</html>"), (200, {"a": 1})])
    async def test_are_not_found_at_a_wrong_address(
        self, upstream: Upstream, provider: OpenAIProvider, status: int, body: Any
    ) -> None:
        upstream.will(refusal(status, body))
        with pytest.raises(ProviderError, match="often ends in /v1"):
            await provider.models()

    async def test_are_not_asked_for_elsewhere(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(refusal(302, "", Location="/v1/models"))
        with pytest.raises(ProviderError, match="sends requests on to another address"):
            await provider.models()
        assert len(upstream.bodies) == 1

    @pytest.mark.parametrize("names", [["a", 7, None, "b", "", "x" * 300, ["c"]], ["a", "b", "a"]])
    async def test_are_those_that_are_names(self, upstream: Upstream, provider: OpenAIProvider, names: Any) -> None:
        upstream.will(refusal(200, {"data": [{"id": name} for name in names]}))
        assert await provider.models() == ["a", "b"]
