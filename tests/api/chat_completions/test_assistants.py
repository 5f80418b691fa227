"""Assistants as models of Chat Completions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from chat.actions.assistants.assistants import model_name
from chat.errors import RateLimited
from chat.models import Assistant, Message, Run, RunStatus, Thread, User
from chat.providers.base import Finish, Text, Usage
from chat.providers.scripted.provider import Pause, Reply, ScriptedProvider, call
from tests.api.calling import Api, Body
from tests.api.streaming.streams import Streams, wire
from tests.engine.stage import Stage, in_thread, until

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/chat/completions"
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


class Program:
    """Asks an assistant, as a chat program does."""

    def __init__(self, streams: Streams, assistant: Assistant, provider: ScriptedProvider) -> None:
        self.streams, self.assistant, self.provider = streams, assistant, provider

    def body(self, *said: str | Body, **fields: Any) -> Body:
        messages = [{"role": "user", "content": each} if isinstance(each, str) else each for each in said]
        return {"model": self.assistant.id, "messages": messages, **fields}

    async def ask(self, *said: str | Body, **fields: Any) -> Body:
        """The choice of a whole answer."""
        reply = await self.streams.ask(PATH, self.body(*said, **fields))
        assert reply.status_code == 200, reply.content
        choice: Body = reply.json()["choices"][0]
        return choice

    async def refused(self, *said: str | Body, **fields: Any) -> tuple[int, str]:
        reply = await self.streams.ask(PATH, self.body(*said, **fields))
        return reply.status_code, reply.json()["error"]["message"]

    async def chunks(self, *said: str | Body, **fields: Any) -> list[Any]:
        shown = await wire(await self.streams.start(PATH, self.body(*said, **fields)))
        blocks = [block.removeprefix("data: ") for block in shown.removesuffix("\n\n").split("\n\n")]
        return [json.loads(block) for block in blocks if block != "[DONE]"]

    def turns(self) -> list[tuple[str, str]]:
        """What the model was asked last."""
        return [(turn.role, turn.text) for turn in self.provider.requests[-1].turns]


def said_in(thread: Thread) -> list[tuple[str, str]]:
    rows = Message.objects.filter(thread=thread).order_by("created_at", "number")
    return [(row.role, row.text) for row in rows]


@pytest.fixture
def provider() -> ScriptedProvider:
    return ScriptedProvider(
        [
            Reply(RateLimited(), when="fail at once"),
            Reply("Well", RateLimited(), when="fail late"),
            Reply("Half", Finish("length"), when="cut"),
            Reply("Bad", Finish("content_filter"), when="filter"),
            Reply("Let me see.", call("weather", city="Oslo"), when="weather"),
            Reply("It is ", "raining.", when="weather", after_tools=True),
            Reply("Once. ", Pause(60), when="wait"),
            Reply(Text("I will not.", is_refusal=True), when="refuse"),
        ],
        seconds=0,
    )


@pytest.fixture
async def program(
    streams: Streams, assistant: Assistant, stage: Stage, provider: ScriptedProvider
) -> AsyncIterator[Program]:
    async with stage.working(provider):
        yield Program(streams, assistant, provider)


class TestAnAssistant:
    async def test_answers_under_the_name_that_the_program_used(self, program: Program) -> None:
        name = model_name(program.assistant)
        reply = await program.streams.ask(PATH, program.body("Hello") | {"model": name})
        shown = reply.json()
        assert (shown["model"], shown["object"]) == (name, "chat.completion")
        assert shown["choices"][0]["message"]["content"] == "You said: Hello"
        assert shown["usage"]["completion_tokens"] > 0

    async def test_answers_as_its_instructions_and_the_program_s_say(self, program: Program) -> None:
        await program.ask({"role": "system", "content": "In verse."}, "Hello", temperature=0.5, max_tokens=9)
        assert program.turns() == [("system", "Be brief.\n\nIn verse."), ("user", "Hello")]
        request = program.provider.requests[-1]
        assert (request.temperature, request.max_tokens) == (0.5, 9)

    async def test_is_given_all_that_was_said_before(self, program: Program) -> None:
        picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
        asked = {"role": "user", "content": [{"type": "text", "text": "And this?"}, picture]}
        await program.ask("One", {"role": "assistant", "content": "1"}, asked)
        assert program.turns()[1:] == [("user", "One"), ("assistant", "1"), ("user", "And this?")]
        assert "data:image/png;base64,AA==" in repr(program.provider.requests[-1].turns[-1])

    async def test_streams_its_words(self, program: Program) -> None:
        first, *rest, last, usage = await program.chunks("Hello there", stream_options={"include_usage": True})
        assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
        assert "".join(each["choices"][0]["delta"]["content"] for each in rest) == "You said: Hello there"
        assert last["choices"][0]["finish_reason"] == "stop"
        assert usage["usage"]["total_tokens"] > 0

    async def test_may_refuse(self, program: Program) -> None:
        message = (await program.ask("refuse"))["message"]
        assert (message["content"], message["refusal"]) == (None, "I will not.")
        deltas = [each["choices"][0]["delta"] for each in await program.chunks("refuse")]
        assert {"refusal": "I will not."} in deltas

    async def test_names_the_message_that_it_cannot_have(self, program: Program) -> None:
        picture = {"type": "image_url", "image_url": {"url": "ftp://host/a.png"}}
        said = [{"role": "system", "content": "Be brief."}, "Hello", {"role": "user", "content": [picture]}]
        reply = await program.streams.ask(PATH, program.body(*said))
        assert (reply.status_code, reply.json()["error"]["param"]) == (400, "messages[2].content[0].image_url.url")

    async def test_that_may_not_be_used_is_no_model(self, program: Program, bob: User) -> None:
        foreign = await in_thread(Assistant.objects.create)(owner=bob, name="Secret")
        for name in (foreign.id, "asst_none"):
            reply = await program.streams.ask(PATH, program.body("Hello") | {"model": name})
            said = reply.json()["error"]
            assert (reply.status_code, said["code"], said["message"]) == (
                404,
                "model_not_found",
                f"The model '{name}' does not exist",
            )


class TestItsEnd:
    @pytest.mark.parametrize(("text", "reason"), [("cut", "length"), ("filter", "content_filter"), ("x", "stop")])
    async def test_has_a_reason(self, program: Program, text: str, reason: str) -> None:
        assert (await program.ask(text))["finish_reason"] == reason

    @pytest.mark.parametrize("stream", [False, True])
    async def test_is_a_status_before_the_first_word(self, program: Program, stream: bool) -> None:
        status, _words = await program.refused("fail at once", stream=stream)
        assert status == 429
        assert not await in_thread(Thread.objects.exists)()

    async def test_is_a_chunk_after_it(self, program: Program) -> None:
        *_others, last = await program.chunks("fail late")
        assert last["error"]["code"] == "rate_limit_exceeded"


class TestAThreadThatIsNotKept:
    async def test_is_deleted_afterwards(self, program: Program) -> None:
        await program.ask("Hello", metadata={"other": "x"}, user="u1")
        await program.chunks("Hello")
        assert not await in_thread(Thread.objects.exists)()

    async def test_is_in_no_list_meanwhile(self, program: Program, api: Api) -> None:
        reply = await program.streams.start(PATH, program.body("wait"))
        async with asyncio.timeout(20), aclosing(aiter(reply)) as chunks:
            await anext(chunks)
            thread = await in_thread(Thread.objects.get)()
            assert thread.temporary
            assert (await in_thread(api.found)("/threads"))["data"] == []

    async def test_is_deleted_when_the_program_goes(self, program: Program) -> None:
        reply = await program.streams.start(PATH, program.body("wait"))
        async with asyncio.timeout(20), aclosing(aiter(reply)) as chunks:
            await anext(chunks)
        await until(lambda: not Thread.objects.exists(), what="its deletion")
        await until(lambda: program.provider.stopped, what="the model's stop")


class TestAStream:
    async def test_ends_with_its_key(self, program: Program, api: Api) -> None:
        reply = await program.streams.start(PATH, program.body("wait"))
        async with asyncio.timeout(20), aclosing(aiter(reply)) as chunks:
            await anext(chunks)
            await in_thread(api.key.revoke)()
            *_others, last = [chunk async for chunk in chunks]
        assert json.loads(last.removeprefix(b"data: "))["error"]["code"] == "invalid_api_key"
        await until(lambda: not Thread.objects.exists(), what="its deletion")


class TestAKeptThread:
    KEPT = {"user": "u1", "metadata": {"thread": "t1"}}

    async def test_goes_on_with_what_is_new(self, program: Program, ada: User) -> None:
        """Whether the program sends all each time or what is new alone."""
        await program.ask("One", **self.KEPT)
        await program.ask("One", {"role": "assistant", "content": "You said: One"}, "Two", **self.KEPT)
        await program.ask("Three", **self.KEPT)
        [thread] = await in_thread(list)(Thread.objects.filter(owner=ada, temporary=False))
        numbers = ("One", "Two", "Three")
        expected = [each for text in numbers for each in (("user", text), ("assistant", f"You said: {text}"))]
        assert await in_thread(said_in)(thread) == expected

    async def test_is_of_one_user_and_name(self, program: Program) -> None:
        for user, name in (("u1", "t1"), ("u2", "t1"), ("u1", "t2"), ("u", "1t1")):
            await program.ask("Hello", user=user, metadata={"thread": name})
        assert await in_thread(Thread.objects.count)() == 4

    async def test_has_a_message_once_that_is_sent_again_after_a_failure(self, program: Program) -> None:
        await program.refused("fail at once", **self.KEPT)
        await program.refused("fail at once", **self.KEPT)
        thread = await in_thread(Thread.objects.get)()
        assert await in_thread(said_in)(thread) == [("user", "fail at once")]

    async def test_has_one_answer_at_a_time(self, program: Program) -> None:
        reply = await program.streams.start(PATH, program.body("wait", **self.KEPT))
        async with asyncio.timeout(20), aclosing(aiter(reply)) as chunks:
            await anext(chunks)
            status, words = await program.refused("Hello", **self.KEPT)
            assert (status, "while a run" in words) == (400, True)
        await until(lambda: Run.objects.filter(status=RunStatus.CANCELLED).exists(), what="its end")


class TestAFunction:
    async def test_comes_back_and_is_answered(self, program: Program) -> None:
        asked = {"tools": [WEATHER]}
        choice = await program.ask("weather?", **asked)
        assert choice["finish_reason"] == "tool_calls"
        assert choice["message"]["content"] == "Let me see."
        [called] = choice["message"]["tool_calls"]
        assert called["function"] == {"name": "weather", "arguments": '{"city": "Oslo"}'}
        assert not await in_thread(Thread.objects.exists)()
        output = {"role": "tool", "tool_call_id": called["id"], "content": "wet"}
        answer = await program.ask("weather?", choice["message"], output, **asked)
        assert answer["message"]["content"] == "It is raining."
        *_before, asking, told = program.provider.requests[-1].turns
        assert ([each.id for each in asking.tool_calls], told.tool_call_id, told.text) == (
            [called["id"]],
            called["id"],
            "wet",
        )

    async def test_streams_as_a_call(self, program: Program) -> None:
        chunks = await program.chunks("weather?", tools=[WEATHER])
        *_text, called, last = [chunk["choices"][0] for chunk in chunks]
        assert called["delta"]["tool_calls"][0]["function"]["name"] == "weather"
        assert last["finish_reason"] == "tool_calls"

    @pytest.mark.parametrize("sends_all", [True, False])
    async def test_lets_the_waiting_run_of_a_kept_thread_go_on(self, program: Program, sends_all: bool) -> None:
        kept = {"metadata": {"thread": "t1"}, "tools": [WEATHER]}
        choice = await program.ask("weather?", **kept)
        output = {"role": "tool", "tool_call_id": choice["message"]["tool_calls"][0]["id"], "content": "wet"}
        before = ["weather?", choice["message"]] if sends_all else []
        assert (await program.ask(*before, output, **kept))["message"]["content"] == "It is raining."
        run = await in_thread(Run.objects.get)()
        assert run.status == RunStatus.COMPLETED

    async def test_is_given_up_when_something_else_is_said(self, program: Program) -> None:
        kept = {"metadata": {"thread": "t1"}, "tools": [WEATHER]}
        choice = await program.ask("weather?", **kept)
        assert (await program.ask("Hello", **kept))["message"]["content"] == "You said: Hello"
        output = {"role": "tool", "tool_call_id": choice["message"]["tool_calls"][0]["id"], "content": "wet"}
        late = await program.ask("weather?", choice["message"], output, **kept)
        assert late["message"]["content"] == "It is raining."

    @pytest.mark.parametrize(
        "said",
        [
            [{"role": "tool", "tool_call_id": "call_none", "content": "wet"}],
            [
                "Hi",
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
                },
            ],
        ],
    )
    async def test_needs_both_call_and_output(self, program: Program, said: list[Any]) -> None:
        status, _words = await program.refused(*said)
        assert status == 400

    async def test_that_was_answered_earlier_is_told_in_words(self, program: Program) -> None:
        called = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        earlier = [{"role": "assistant", "tool_calls": [called]}, {"role": "tool", "tool_call_id": "a", "content": "7"}]
        await program.ask("One", *earlier, {"role": "assistant", "content": "Seven."}, "Two")
        assert ("assistant", "[Called f with {}. It returned: 7]") in program.turns()


class TestUsage:
    async def test_is_that_of_this_answer_alone(self, program: Program, provider: ScriptedProvider) -> None:
        provider._replies[:0] = [
            Reply(Usage(10, 1), call("weather"), when="count"),
            Reply(Usage(20, 2), "Done.", when="count", after_tools=True),
        ]
        kept = {"metadata": {"thread": "t1"}, "tools": [WEATHER]}
        first = (await program.streams.ask(PATH, program.body("count", **kept))).json()
        called = first["choices"][0]["message"]
        output = {"role": "tool", "tool_call_id": called["tool_calls"][0]["id"], "content": "1"}
        second = (await program.streams.ask(PATH, program.body("count", called, output, **kept))).json()
        assert [each["usage"]["prompt_tokens"] for each in (first, second)] == [10, 20]
