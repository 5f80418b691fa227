"""Chat completions and embeddings of models that speak no OpenAI API themselves."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from chat.api.chat_completions.bodies import Answerable, read_as
from chat.api.chat_completions.turns import model_request
from chat.models import Model, Provider
from tests.api.calling import Api, Body, told
from tests.api.streaming.streams import Streams, wire

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]
CHAT, EMBEDDINGS = "/chat/completions", "/embeddings"
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
CAT = "The cat sleeps on the warm stove all day. "
CALLED = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}


def ask(*said: str | Body, **fields: Any) -> Body:
    messages = [{"role": "user", "content": each} if isinstance(each, str) else each for each in said]
    return {"model": "gpt-4o", "messages": messages, **fields}


async def chunks(streams: Streams, body: Body) -> list[Any]:
    shown = await wire(await streams.start(CHAT, body))
    blocks = [block.removeprefix("data: ") for block in shown.removesuffix("\n\n").split("\n\n")]
    assert blocks.pop() == "[DONE]"
    return [json.loads(block) for block in blocks]


class TestAChatCompletion:
    def test_is_whole(self, api: Api) -> None:
        shown = api.made(CHAT, ask("/say Hello there."))
        assert shown.keys() == {"id", "object", "created", "model", "choices", "usage"}
        assert (shown["object"], shown["model"]) == ("chat.completion", "gpt-4o")
        [choice] = shown["choices"]
        assert choice["message"] == {"role": "assistant", "content": "Hello there.", "refusal": None}
        assert choice["finish_reason"] == "stop"
        usage = shown["usage"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0

    async def test_is_streamed_in_chunks(self, streams: Streams) -> None:
        first, *rest, last = await chunks(streams, ask("/say Hello there."))
        assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
        assert "".join(each["choices"][0]["delta"]["content"] for each in rest) == "Hello there."
        assert (last["choices"][0]["delta"], last["choices"][0]["finish_reason"]) == ({}, "stop")
        assert {each["id"] for each in rest} == {first["id"]}
        assert "usage" not in last

    async def test_ends_with_its_tokens_where_they_are_asked_for(self, streams: Streams) -> None:
        *others, last = await chunks(streams, ask("Hello", stream_options={"include_usage": True}))
        assert (last["choices"], last["usage"]["completion_tokens"] > 0) == ([], True)
        assert {each["usage"] for each in others} == {None}

    def test_may_be_calls_of_functions(self, api: Api) -> None:
        shown = api.made(CHAT, ask("/calls\nweather {}\nweather", tools=[WEATHER]))
        [choice] = shown["choices"]
        assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
        calls = choice["message"]["tool_calls"]
        assert [(call["type"], call["function"]["name"]) for call in calls] == [("function", "weather")] * 2
        assert calls[0]["id"] != calls[1]["id"]

    async def test_may_be_calls_in_chunks(self, streams: Streams) -> None:
        _first, call, last = await chunks(streams, ask("/call weather {}", tools=[WEATHER]))
        [shown] = call["choices"][0]["delta"]["tool_calls"]
        assert (shown["index"], shown["type"], shown["function"]) == (
            0,
            "function",
            {"name": "weather", "arguments": "{}"},
        )
        assert last["choices"][0]["finish_reason"] == "tool_calls"

    def test_answers_the_outputs_of_functions(self, api: Api) -> None:
        answer = {"role": "assistant", "content": None, "tool_calls": [CALLED]}
        shown = api.made(CHAT, ask("Weather?", answer, {"role": "tool", "tool_call_id": "call_1", "content": "3C"}))
        assert shown["choices"][0]["message"]["content"] == "weather returned: 3C"

    def test_gives_the_model_all_that_was_said(self, scripted: Provider) -> None:
        picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}}
        system = {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]}
        asked = {"role": "user", "content": [{"type": "text", "text": "What is it?"}, picture]}
        fields = {"temperature": 1, "top_p": 0.5, "max_completion_tokens": 7, "reasoning_effort": "low", "seed": 7}
        body = ask(system, asked, tools=[WEATHER], tool_choice="required", parallel_tool_calls=False, **fields)
        request = model_request(
            read_as(Answerable, body | {"response_format": {"type": "json_object"}}),
            model=Model(provider=scripted, name="small", upstream_name="tiny"),
        )
        assert [turn.role for turn in request.turns] == ["system", "user"]
        assert "data:image/png;base64,AA==" in repr(request.turns[1])
        assert (request.model, request.temperature, request.top_p, request.max_tokens) == ("tiny", 1, 0.5, 7)
        assert (request.reasoning_effort, request.response_format) == ("low", {"type": "json_object"})
        assert [function.name for function in request.functions] == ["weather"]
        assert (request.tool_choice, request.parallel_tool_calls) == ("required", False)

    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize(
        ("failure", "status"), [("rate_limit", 429), ("key", 502), ("context", 400), ("busy", 503)]
    )
    def test_is_refused_before_its_first_word(self, api: Api, failure: str, status: int, stream: bool) -> None:
        assert told(api.post(CHAT, ask(f"/fail {failure}", stream=stream)))[0] == status

    async def test_ends_with_an_error_after_it(self, streams: Streams) -> None:
        shown = await wire(await streams.start(CHAT, ask("/fail unreachable 2")))
        assert json.loads(shown.removesuffix("\n\n").rpartition("data: ")[2])["error"]["type"] == "server_error"

    @pytest.mark.parametrize(
        ("wrong", "param"),
        [
            ({"messages": []}, "messages"),
            ({"messages": [{"role": "robot", "content": ""}]}, "messages[0].role"),
            ({"messages": [{"role": "user", "content": [{"type": "file"}]}]}, "messages[0].content[0].type"),
            ({"messages": [{"role": "tool", "content": ""}]}, "messages[0].tool_call_id"),
            ({"n": 2}, "n"),
            ({"logprobs": True}, "logprobs"),
            ({"modalities": ["audio"]}, "modalities[0]"),
            ({"functions": []}, "functions"),
            ({"temperature": 3}, "temperature"),
        ],
    )
    def test_is_refused_for_what_it_cannot_have(self, api: Api, wrong: Body, param: str) -> None:
        status, body = told(api.post(CHAT, ask("Hello") | wrong))
        assert (status, body["error"]["param"]) == (400, param)

    @pytest.mark.parametrize("missing", ["model", "messages"])
    def test_names_its_model_and_its_messages(self, api: Api, missing: str) -> None:
        body = {name: value for name, value in ask("Hello").items() if name != missing}
        status, said = told(api.post(CHAT, body))
        assert (status, said["error"]["param"], said["error"]["code"]) == (400, missing, "missing_required_parameter")

    async def test_is_not_repeated_for_an_idempotency_key_as_a_stream(self, streams: Streams) -> None:
        shown = [await wire(await streams.start(CHAT, ask("/say Hi"), Idempotency_Key="a")) for _time in range(2)]
        assert all("Hi" in each for each in shown)


class TestAnAddressOfAzure:
    def test_has_the_model_too(self, api: Api) -> None:
        address = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
        reply = api.client.post(address, ask("/say Hi"), content_type="application/json")
        assert reply.json()["choices"][0]["message"]["content"] == "Hi"


class TestAnEmbedding:
    def test_is_a_vector_of_length_1(self, api: Api) -> None:
        shown = api.made(EMBEDDINGS, {"model": "text-embedding-3-small", "input": [CAT, CAT * 200]})
        assert (shown["object"], shown["model"]) == ("list", "text-embedding-3-small")
        assert [row["index"] for row in shown["data"]] == [0, 1]
        vectors = np.array([row["embedding"] for row in shown["data"]])
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
        assert vectors[0] @ vectors[1] > 0.5  # the long one is cut into windows, not off
        assert shown["usage"]["total_tokens"] == shown["usage"]["prompt_tokens"] > 0

    def test_may_be_base64(self, api: Api) -> None:
        plain, packed = (
            api.made(EMBEDDINGS, {"model": "m", "input": "A cat.", "encoding_format": form})["data"][0]["embedding"]
            for form in ("float", "base64")
        )
        assert np.frombuffer(base64.b64decode(packed), dtype="<f4").tolist() == pytest.approx(plain)

    @pytest.mark.parametrize(
        ("wrong", "param"),
        [
            ({"input": [[1, 2]]}, "input[0]"),
            ({"input": ""}, "input"),
            ({"input": []}, "input"),
            ({"dimensions": 7}, "dimensions"),
            ({"input": "word " * 400_000}, "input"),
        ],
    )
    def test_is_refused(self, api: Api, wrong: Body, param: str) -> None:
        status, body = told(api.post(EMBEDDINGS, {"model": "m", "input": "A cat."} | wrong))
        assert (status, body["error"]["param"]) == (400, param)


class TestAnAddressOfAnotherApi:
    @pytest.mark.parametrize("path", ["/responses", "/audio/speech", "/images/generations", "/completions"])
    def test_says_what_is_served(self, api: Api, path: str) -> None:
        status, body = told(api.post(path, {"model": "m"}))
        assert status == 404
        assert body["error"]["message"].startswith(f"Invalid URL (POST /v1{path}). Everthread does not serve")
        assert "chat/completions" in body["error"]["message"]


class TestAModelThatIsSwitchedOff:
    @pytest.mark.parametrize("path", [CHAT, EMBEDDINGS])
    def test_answers_nothing(self, api: Api, scripted: Provider, path: str) -> None:
        Provider.objects.update(accepts_any_name=False)
        Model.objects.create(provider=scripted, name="gpt-4o", enabled=False)
        status, body = told(api.post(path, ask("Hello", input="Hello")))
        assert (status, body["error"]["code"]) == (404, "model_not_found")
