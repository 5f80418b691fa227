from __future__ import annotations

import time
import traceback
from email.utils import formatdate
from typing import Any

import pytest

from chat.errors import (
    ContextOverflow,
    KeyRefused,
    ModelNotFound,
    ProviderError,
    RateLimited,
    TimedOut,
    Unreachable,
)
from chat.providers.base import Finish, Piece, Text
from chat.providers.openai import retries
from chat.providers.openai.provider import OpenAIProvider
from chat.providers.openai.rejections import Rejection
from tests.providers.asking import ask, collect
from tests.providers.conftest import KEY
from tests.providers.openai.upstream import Upstream, chunk, data, endless, error, events, raw, refusal

ANSWER = events(chunk("Hi"), chunk(finish="stop"))
SOON = {"Retry_After_Ms": "5"}


class RateLimit(Rejection):
    def __init__(self, seconds: float | None) -> None:
        super().__init__(429, None, retry_after=seconds)


async def refused(
    upstream: Upstream, provider: OpenAIProvider, status: int, body: Any, **headers: str
) -> ProviderError:
    upstream.will(refusal(status, body, **headers))
    with pytest.raises(ProviderError) as caught:
        await ask(provider)
    return caught.value


# What each server was seen to say, shortened to the words that count.
OVERFLOWS = {
    "OpenAI": (400, error("Please shorten your chat.", code="context_length_exceeded")),
    "vLLM": (400, error("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.")),
    "vLLM with a limit": (
        400,
        error(
            "'max_tokens' or 'max_completion_tokens' is too large: 9. This model's maximum context length is 8 tokens"
        ),
    ),
    "llama.cpp": (400, error("the request exceeds the size of the slot", type="exceed_context_size_error")),
    "llama.cpp before": (500, error("the request exceeds the available context size. try increasing the context size")),
    "Ollama": (400, {"error": "the input length exceeds the context length"}),
    "LM Studio": (400, {"error": "The number of tokens to keep from the prompt is greater than the context length"}),
    "SGLang": (400, {"object": "error", "message": "The input is longer than the model's context length (8 tokens)."}),
    "Gemini": (400, [error("The input token count (9) exceeds the maximum number of tokens allowed (8).", code=400)]),
    "Anthropic": (400, error("prompt is too long: 213462 tokens > 200000 maximum")),
}

NO_MODELS = {
    "OpenAI": (404, error("The model `m` does not exist or you do not have access to it.", code="model_not_found")),
    "vLLM": (404, {"object": "error", "message": "The model `m` does not exist.", "code": 404}),
    "Ollama": (404, {"error": 'model "m" not found, try pulling it first'}),
    "OpenRouter": (400, {"error": {"message": "m is not a valid model ID", "code": 400}}),
    "Gemini": (404, error("models/m is not found for API version v1")),
}


class TestARefusal:
    async def test_says_when_to_come_back(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        found = await refused(upstream, provider, 429, error("Slow down"), Retry_After="77")
        assert isinstance(found, RateLimited)
        assert found.retry_after == 77
        assert "Try again in 77 seconds." in found.message
        assert len(upstream.bodies) == 1

    async def test_tells_an_empty_account_from_haste(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        found = await refused(upstream, provider, 429, error("You exceeded your quota", code="insufficient_quota"))
        assert isinstance(found, RateLimited)
        assert "no credit left" in found.message
        assert len(upstream.bodies) == 1

    @pytest.mark.parametrize("status", [401, 403])
    async def test_sends_the_administrator_to_the_key(
        self, upstream: Upstream, provider: OpenAIProvider, status: int
    ) -> None:
        found = await refused(upstream, provider, status, error("No"))
        assert isinstance(found, KeyRefused)
        assert "under Providers" in found.message

    @pytest.mark.parametrize(("status", "body"), OVERFLOWS.values(), ids=OVERFLOWS.keys())
    async def test_is_known_as_a_chat_too_long(
        self, upstream: Upstream, provider: OpenAIProvider, status: int, body: Any
    ) -> None:
        assert isinstance(await refused(upstream, provider, status, body), ContextOverflow)
        assert len(upstream.bodies) == 1

    @pytest.mark.parametrize(("status", "body"), NO_MODELS.values(), ids=NO_MODELS.keys())
    async def test_is_known_as_a_model_that_is_not_there(
        self, upstream: Upstream, provider: OpenAIProvider, status: int, body: Any
    ) -> None:
        found = await refused(upstream, provider, status, body)
        assert isinstance(found, ModelNotFound)
        assert "'m'" in found.message

    @pytest.mark.parametrize("body", ["Not Found", {"detail": "Not Found"}, "<html>nginx</html>"])
    async def test_is_known_as_a_wrong_address(self, upstream: Upstream, provider: OpenAIProvider, body: Any) -> None:
        found = await refused(upstream, provider, 404, body)
        assert type(found) is ProviderError
        assert "often ends in /v1" in found.message
        assert "<" not in found.for_staff

    async def test_may_be_a_web_page_that_looks_like_success(
        self, upstream: Upstream, provider: OpenAIProvider
    ) -> None:
        upstream.will(raw(b"<html>Welcome</html>", kind="text/html"))
        with pytest.raises(ProviderError, match="often ends in /v1"):
            await ask(provider)

    async def test_of_another_kind_repeats_the_words_of_the_server(
        self, upstream: Upstream, provider: OpenAIProvider
    ) -> None:
        found = await refused(upstream, provider, 400, error("'temperature' does not support 0.2\nwith this model."))
        assert type(found) is ProviderError
        assert found.said == "'temperature' does not support 0.2 with this model."
        assert found.message == "The model's server did not accept the request (status 400)."
        assert found.for_staff == f"{found.message} The server said: {found.said}"

    async def test_names_the_setting_that_is_to_blame(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        found = await refused(upstream, provider, 400, error("Unsupported value", param="temperature"))
        assert found.message.endswith("(status 400). It names the setting 'temperature'.")
        found = await refused(upstream, provider, 400, error("No", param="org-secret"))
        assert found.message.endswith("(status 400).")

    @pytest.mark.parametrize("status", [400, 401, 402, 404, 429, 500])
    async def test_keeps_the_words_of_the_server_for_staff(
        self, upstream: Upstream, provider: OpenAIProvider, status: int
    ) -> None:
        found = await refused(upstream, provider, status, error("Org org-77 may not"), Retry_After="99")
        assert found.said == "Org org-77 may not"
        assert "org-77" not in found.message

    async def test_is_cut_to_a_readable_length(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        found = await refused(upstream, provider, 400, error("long " * 1000))
        assert len(found.said) == 300

    @pytest.mark.parametrize(
        "said",
        [f"Incorrect API key provided: {KEY}.", "Authorization: Bearer abcdef123456", "got sk-or-v1-aaaabbbbccccdddd"],
    )
    async def test_never_repeats_a_key(self, upstream: Upstream, provider: OpenAIProvider, said: str) -> None:
        for status in (400, 401, 429):
            found = await refused(upstream, provider, status, error(said), Retry_After="99")
            assert "[key]" in found.said
            assert not any(secret in found.for_staff for secret in (KEY, "abcdef123456", "aaaabbbb"))

    async def test_never_repeats_its_own_key_whatever_it_looks_like(self, upstream: Upstream) -> None:
        provider = OpenAIProvider(upstream.url, " correct horse battery\n")
        found = await refused(upstream, provider, 400, error("Bad key 'correct horse battery'"))
        await provider.aclose()
        assert found.said == "Bad key '[key]'"
        assert "correct horse" not in "".join(traceback.format_exception(found))

    async def test_of_the_content_filter_is_an_end(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(refusal(400, error("The response was filtered", code="content_filter")))
        assert await ask(provider) == [Finish("content_filter")]

    async def test_comes_before_the_network_when_the_key_cannot_be_sent(self, upstream: Upstream) -> None:
        provider = OpenAIProvider(upstream.url, "sk-…")
        with pytest.raises(KeyRefused, match="characters"):
            await ask(provider)
        with pytest.raises(KeyRefused, match="characters"):
            await provider.models()
        assert not upstream.bodies


class TestAnErrorInsideTheStream:
    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (error("Slow down", code="rate_limit_exceeded"), RateLimited),
            ({"error": {"message": "the request exceeds the available context size", "code": 400}}, ContextOverflow),
            ({"object": "error", "message": "No", "code": 401}, KeyRefused),
            ({"error": "something broke"}, ProviderError),
            ({**chunk(finish="error"), "error": {"code": 502, "message": "upstream gone"}}, ProviderError),
        ],
    )
    async def test_is_raised_after_the_text_before_it(
        self, upstream: Upstream, provider: OpenAIProvider, body: Any, kind: type[ProviderError]
    ) -> None:
        upstream.will(raw(data(chunk("Half "), chunk("an ans"), body)))
        pieces: list[Piece] = []
        with pytest.raises(kind) as caught:
            await collect(provider, pieces)
        assert type(caught.value) is kind
        assert pieces == [Text("Half an ans")]
        assert len(upstream.bodies) == 1

    async def test_may_be_a_json_body_that_claims_success(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(refusal(200, error("prompt is too long")))
        with pytest.raises(ContextOverflow):
            await ask(provider)

    @pytest.mark.parametrize("junk", [b"data: {nonsense}\n\n", b"data: [1]\n\n", b'data: {"choices": 1}\n\n'])
    async def test_is_said_of_what_is_no_chat_completion(
        self, upstream: Upstream, provider: OpenAIProvider, junk: bytes
    ) -> None:
        upstream.will(raw(data(chunk("Hi")) + junk + data(chunk(finish="stop"))))
        with pytest.raises(ProviderError, match="not a chat completion"):
            await ask(provider)

    async def test_is_said_of_an_event_without_end(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        upstream.will(raw(b'data: {"choices":[{"delta":{"content":"', *[b"x" * 1024 * 1024] * 6))
        with pytest.raises(ProviderError, match="more in one piece"):
            await ask(provider)


class TestARetry:
    @pytest.mark.parametrize(
        "failure",
        [
            refusal(429, error("Slow down"), **SOON),
            refusal(503, "Bad gateway", **SOON),
            refusal(529, error("Overloaded"), **SOON),
            raw(data(error("Overloaded", type="overloaded_error"))),
            raw(cut=True),
            raw(b": waiting\n\n", cut=True),
        ],
        ids=["rate limit", "unavailable", "overloaded", "overloaded in the stream", "cut", "cut after a comment"],
    )
    async def test_follows_what_passes(self, upstream: Upstream, provider: OpenAIProvider, failure: Any) -> None:
        upstream.will(failure, ANSWER)
        assert await ask(provider) == [Text("Hi"), Finish("stop")]

    async def test_is_tried_twice(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        found = await refused(upstream, provider, 500, error("Oops"), **SOON)
        assert type(found) is ProviderError
        assert "(status 500)" in found.message
        assert len(upstream.bodies) == 3

    async def test_is_not_made_when_none_are_wanted(self, upstream: Upstream) -> None:
        provider = OpenAIProvider(upstream.url, KEY, max_retries=0)
        await refused(upstream, provider, 500, error("Oops"), **SOON)
        await provider.aclose()
        assert len(upstream.bodies) == 1

    async def test_is_not_made_for_a_bad_request(self, upstream: Upstream, provider: OpenAIProvider) -> None:
        await refused(upstream, provider, 400, error("No"), **SOON)
        assert len(upstream.bodies) == 1

    def test_waits_as_long_as_the_server_asks_within_reason(self) -> None:
        assert retries.retry_delay(RateLimit(12.0), attempt=0) == 12.0
        assert retries.retry_delay(RateLimit(retries.LONGEST_WAIT + 1), attempt=0) is None
        assert [round(retries.retry_delay(RateLimit(None), attempt=attempt) or 0) for attempt in (3, 4, 9)] == [
            pytest.approx(4, abs=1),
            pytest.approx(7, abs=1),
            pytest.approx(7, abs=1),
        ]

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
            ({"retry-after": "1.5"}, 1.5),
            ({"retry-after": "nan"}, None),
            ({"retry-after": "-1"}, None),
            ({"retry-after": "soon"}, None),
            ({}, None),
        ],
    )
    def test_reads_how_long_the_server_asks(self, headers: dict[str, str], seconds: float | None) -> None:
        assert retries.parse_retry_after(headers) == seconds

    def test_reads_a_date(self) -> None:
        found = retries.parse_retry_after({"retry-after": formatdate(time.time() + 100, usegmt=True)})
        assert found == pytest.approx(100, abs=5)


class TestAnUnreachableServer:
    async def test_is_said_to_be_unreachable(self, upstream: Upstream) -> None:
        await upstream.stop()
        provider = OpenAIProvider(upstream.url, KEY, max_retries=0)
        with pytest.raises(Unreachable, match="could not be reached") as caught:
            await ask(provider)
        assert "127.0.0.1" not in caught.value.message
        with pytest.raises(Unreachable):
            await provider.models()
        await provider.aclose()

    async def test_may_have_an_address_that_is_none(self) -> None:
        provider = OpenAIProvider("localhost:8000/v1", KEY, max_retries=0)
        with pytest.raises(Unreachable, match="http://"):
            await ask(provider)
        await provider.aclose()

    @pytest.mark.parametrize(
        "address", ["http://[::1/v1", "http://127.0.0.1:abc/v1", f"http://{'a' * 300}/v1", "http://.../v1"]
    )
    def test_may_have_an_address_that_cannot_be_one(self, address: str) -> None:
        with pytest.raises(Unreachable, match="correct it under Providers"):
            OpenAIProvider(address, KEY)

    async def test_is_said_to_be_slow_when_it_is_silent(self, upstream: Upstream) -> None:
        provider = OpenAIProvider(upstream.url, KEY, timeout=0.2)
        upstream.will(endless())
        with pytest.raises(TimedOut):
            await ask(provider)
        assert len(upstream.bodies) == 1
        upstream.will(endless(chunk("Hi")))
        with pytest.raises(TimedOut):
            await ask(provider)
        await provider.aclose()
