"""Requests that are passed on to a provider's server, and its replies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from chat.engine import live_providers
from chat.models import Kind, Model, Provider
from tests.api.calling import Body, Reply
from tests.api.streaming.streams import Streams, wire
from tests.engine.stage import in_thread
from tests.providers.conftest import KEY
from tests.providers.openai.upstream import Upstream, chunk, data, endless, error, events, raw, refusal

pytestmark = pytest.mark.django_db(transaction=True)
CHAT, EMBEDDINGS = "/chat/completions", "/embeddings"
ASKED = {
    "model": "fast",
    "messages": [{"role": "user", "content": "Hi", "name": "ada"}],
    "temperature": 1.50,
    "seed": 123456789012345678901234567890,
    "vendor": {"odd": [None, "é"]},
}
WHOLE = {"id": "c1", "object": "chat.completion", "model": "vendor/fast-2", "odd": 1.0, "choices": [{"index": 0}]}
VECTORS = {"object": "list", "model": "vendor/fast-2", "data": [{"index": 0, "embedding": [0.25]}]}


def answer(body: Any) -> Any:
    return raw(json.dumps(body).encode(), kind="application/json")


@pytest.fixture
async def provider(db: None, upstream: Upstream) -> AsyncIterator[Provider]:
    """A server that knows the model ``fast`` as ``vendor/fast-2``."""

    def make() -> Provider:
        row = Provider(name="vendor", kind=Kind.OPENAI, base_url=upstream.url, timeout=5)
        row.set_key(KEY)
        row.save()
        Model.objects.create(provider=row, name="fast", upstream_name="vendor/fast-2")
        return row

    yield await in_thread(make)()
    await live_providers.of_running_loop().aclose()


@pytest.fixture(autouse=True)
def _asked_by_nobody_yet(provider: Provider) -> None:
    """All tests here have the provider."""


def told(reply: Reply) -> tuple[int, Body]:
    return reply.status_code, reply.json()["error"]


class TestARequest:
    @pytest.mark.parametrize("path", [CHAT, EMBEDDINGS])
    async def test_is_passed_on_as_it_is_with_the_provider_s_name_and_key(
        self, streams: Streams, upstream: Upstream, path: str
    ) -> None:
        upstream.will(answer(VECTORS))
        sent = ASKED | {"input": ["Hi"]}
        assert (await streams.ask(path, sent)).status_code == 200
        assert upstream.bodies == [sent | {"model": "vendor/fast-2"}]
        headers = {name.lower(): value for name, value in upstream.headers[0].items()}
        assert headers["authorization"] == f"Bearer {KEY}"
        assert streams.headers["Authorization"] not in headers.values()

    async def test_names_a_model_that_is_known(self, streams: Streams, upstream: Upstream) -> None:
        status, said = told(await streams.ask(CHAT, ASKED | {"model": "nobody"}))
        assert (status, said["code"]) == (404, "model_not_found")
        assert upstream.bodies == []

    async def test_is_not_sent_after_a_redirect(self, streams: Streams, upstream: Upstream) -> None:
        other = Upstream()
        await other.start()
        try:
            other.will(answer(WHOLE))
            upstream.will(refusal(307, "", Location=f"{other.url}/chat/completions"))
            assert (await streams.ask(CHAT, ASKED)).status_code >= 400
            assert other.bodies == []
        finally:
            await other.stop()


class TestAReply:
    @pytest.mark.parametrize(("path", "body"), [(CHAT, WHOLE), (EMBEDDINGS, VECTORS)])
    async def test_comes_back_as_it_is_under_the_program_s_name_of_the_model(
        self, streams: Streams, upstream: Upstream, path: str, body: Body
    ) -> None:
        upstream.will(answer(body))
        reply = await streams.ask(path, ASKED | {"input": "Hi"})
        assert (reply.status_code, reply.json()) == (200, body | {"model": "fast"})

    async def test_may_be_a_stream(self, streams: Streams, upstream: Upstream) -> None:
        sent = [chunk("Hel", reasoning_content="…", odd=[1]), chunk("lo"), chunk(finish="stop")]
        upstream.will(events(*sent))
        shown = await wire(await streams.start(CHAT, ASKED))
        blocks = shown.removesuffix("\n\n").split("\n\n")
        assert blocks.pop() == "data: [DONE]"
        assert [json.loads(block.removeprefix("data: ")) for block in blocks] == [
            each | {"model": "fast"} for each in sent
        ]

    @pytest.mark.parametrize("body", [b"nothing", b"[1]", b"\xff"])
    async def test_must_be_an_object(self, streams: Streams, upstream: Upstream, body: bytes) -> None:
        upstream.will(raw(body, kind="application/json"))
        assert told(await streams.ask(CHAT, ASKED))[0] == 502


class TestAnError:
    @pytest.mark.parametrize(
        ("theirs", "expected"),
        [
            (refusal(400, error("No such field.", param="odd", code="unknown")), (400, "No such field.", "unknown")),
            (refusal(422, {"detail": f"Bad, {KEY}"}), (400, "Bad, [key]", None)),
            (refusal(401, error(f"Incorrect API key provided: {KEY}")), (502, "An administrator can set", None)),
            (refusal(429, error("Slow down."), Retry_After="3"), (429, "3 seconds", "rate_limit_exceeded")),
            (refusal(404, error("The model `m` does not exist", code="model_not_found")), (404, "", "model_not_found")),
            (refusal(500, f"secret {KEY}"), (502, "a problem of its own", None)),
            (answer(error("The prompt is too long.")), (502, "did not accept", None)),
            (events(error("Overloaded.", type="overloaded_error")), (502, "", None)),
            (raw(b"<html>", kind="text/html"), (502, "no model API", None)),
        ],
    )
    @pytest.mark.parametrize("stream", [False, True])
    async def test_before_the_first_word_has_a_status_and_no_secret(
        self, streams: Streams, upstream: Upstream, theirs: Any, expected: tuple[int, str, str | None], stream: bool
    ) -> None:
        upstream.will(theirs)
        got, said = told(await streams.ask(CHAT, ASKED | {"stream": stream}))
        status, words, code = expected
        assert (got, said["code"], words in said["message"]) == (status, code, True), said
        assert KEY not in json.dumps(said)

    async def test_says_when_to_come_again(self, streams: Streams, upstream: Upstream) -> None:
        upstream.will(refusal(429, error("Slow down."), Retry_After="3"))
        assert (await streams.ask(CHAT, ASKED))["retry-after"] == "3"

    @pytest.mark.parametrize(
        "theirs", [raw(data(chunk("Hi")), cut=True), raw(data(chunk("Hi"), error(KEY))), raw(data(chunk("Hi"), [1]))]
    )
    async def test_after_it_is_the_last_event(self, streams: Streams, upstream: Upstream, theirs: Any) -> None:
        upstream.will(theirs)
        shown = await wire(await streams.start(CHAT, ASKED))
        first, last = shown.removesuffix("\n\n").split("\n\n")
        assert json.loads(first.removeprefix("data: "))["choices"][0]["delta"] == {"content": "Hi"}
        assert json.loads(last.removeprefix("data: "))["error"]["message"]
        assert KEY not in shown


class TestAProgramThatGoes:
    async def test_closes_the_server_s_stream(self, streams: Streams, upstream: Upstream) -> None:
        upstream.will(endless(chunk("Hi")))
        reply = await streams.start(CHAT, ASKED)
        async with asyncio.timeout(5), aclosing(aiter(reply)) as chunks:
            await anext(chunks)
        await asyncio.wait_for(upstream.gone.wait(), 5)

    async def test_closes_it_before_the_first_word_too(self, streams: Streams, upstream: Upstream) -> None:
        upstream.will(endless())
        asking = asyncio.create_task(streams.start(CHAT, ASKED))
        await asyncio.wait_for(upstream.asked.wait(), 5)
        asking.cancel()
        await asyncio.wait_for(upstream.gone.wait(), 5)
