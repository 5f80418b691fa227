"""The socket for programs (docs/websocket.md)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.layers import get_channel_layer

from chat.actions.access import api_keys
from chat.actions.conversation import runs
from chat.actions.conversation.runs import NewRun
from chat.api.websocket.consumer import MAX_MALFORMED, MAX_WAITING, ProgramConsumer
from chat.events.bus import bus
from chat.events.types import MESSAGE_DELTA, Event, coalesce, message_delta
from chat.models import Assistant, File, Message, Run, Thread, User
from chat.providers.scripted.provider import Pause, ScriptedProvider
from chat.providers.scripted.replies import Reply, call
from chat.sockets import thread_socket
from tests.engine.stage import Stage, answer, in_thread, status, until
from tests.sockets.program import PATIENCE, Frame, Program, bearer, program

pytestmark = pytest.mark.django_db(transaction=True)
FOREVER = Pause(float("inf"))
WEATHER = {"type": "function", "function": {"name": "weather"}}


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return Thread.objects.create(owner=ada, assistant=assistant)


@pytest.fixture
def stage(tmp_path) -> Stage:
    return Stage(tmp_path / "workers")


@pytest.fixture
def key(ada: User) -> tuple[bytes, bytes]:
    return bearer(api_keys.create(ada, name="test")[1])


@pytest.fixture
async def one(thread: Thread, key: tuple[bytes, bytes]) -> AsyncIterator[Program]:
    """A program that has heard the first snapshot."""
    async with program(thread.id, key) as one:
        assert (await one.hear())["type"] == "snapshot"
        yield one


def is_event(*names: str) -> Any:
    return lambda frame: frame.get("event") in names


def text_of(frames: list[Frame]) -> str:
    """What a client has that takes a snapshot for the whole text and appends what follows."""
    text = ""
    for frame in frames:
        if frame["type"] == "snapshot":
            text = "".join(part["text"]["value"] for message in frame["messages"] for part in message["content"])
        elif frame.get("event") == MESSAGE_DELTA:
            text += frame["data"]["delta"]["content"][0]["text"]["value"]
    return text


class TestConnecting:
    async def test_tells_how_things_stand(self, stage: Stage, thread: Thread, key) -> None:
        async with stage.working(ScriptedProvider([Reply("All said.")])):
            run = await status(await stage.ask(thread), "completed")
        async with program(thread.id, key) as one:
            snapshot = await one.hear()

        assert snapshot["run"]["id"] == run.id
        assert snapshot["run"]["object"] == "thread.run"
        assert snapshot["messages"][0]["content"] == [
            {"type": "text", "text": {"value": "All said.", "annotations": []}}
        ]
        assert snapshot["steps"][0]["object"] == "thread.run.step"
        assert snapshot["seq"] == run.seq

    async def test_tells_that_a_new_thread_is_empty(self, thread: Thread, key) -> None:
        async with program(thread.id, key) as one:
            assert await one.hear() == {"type": "snapshot", "run": None, "messages": [], "steps": [], "seq": 0}

    async def test_in_mid_answer_misses_nothing_and_repeats_nothing(self, stage: Stage, thread: Thread, key) -> None:
        gate = asyncio.Event()
        async with stage.working(ScriptedProvider([Reply("Half", gate, " and half.")])):
            run = await stage.ask(thread)
            await answer(run, containing="Half")
            async with program(thread.id, key) as one:
                first = await one.hear()
                gate.set()
                rest = await one.hear_until(is_event("thread.run.completed"))

        assert text_of([first]) == "Half"
        assert text_of([first, *rest]) == "Half and half."

    async def test_many_times_leaves_nothing_behind(self, thread: Thread, key) -> None:
        for _ in range(50):
            async with program(thread.id, key) as one:
                await one.hear()
        assert bus.topics == {}
        assert get_channel_layer().groups == {}
        assert len(asyncio.all_tasks()) == 1


class TestSendingAMessage:
    async def test_is_accepted_and_answered(self, one: Program, stage: Stage, thread: Thread) -> None:
        async with stage.working(ScriptedProvider()):
            accepted = await one.reply(type="send_message", content="Hello?")
            heard = await one.hear_until(is_event("thread.run.completed"))

        assert accepted["type"] == "accepted"
        assert accepted["message"]["content"][0]["text"]["value"] == "Hello?"
        assert accepted["run"]["status"] == "queued"
        assert {frame["run_id"] for frame in heard} == {accepted["run"]["id"]}
        assert [frame["seq"] for frame in heard] == sorted({frame["seq"] for frame in heard})
        assert text_of(heard) == "You said: Hello?"
        assert heard[-1]["data"]["usage"]["completion_tokens"] > 0

    async def test_without_a_run_only_posts_it(self, one: Program, thread: Thread) -> None:
        accepted = await one.reply(type="send_message", content="A note.", run=False, metadata={"from": "test"})

        assert (accepted["run"], accepted["message"]["metadata"]) == (None, {"from": "test"})
        assert not await thread.runs.aexists()

    async def test_may_ask_for_another_way_to_run(self, one: Program, thread: Thread, assistant: Assistant) -> None:
        wanted = {
            "model": "gpt-4o",
            "temperature": 0.5,
            "additional_instructions": "Rhyme.",
            "truncation_strategy": {"type": "last_messages", "last_messages": 3},
            "tools": [WEATHER],
            "tool_choice": {"type": "function", "function": {"name": "weather"}},
            "metadata": {"a": "b"},
        }
        run = (await one.reply(type="send_message", content="Hello?", run=wanted))["run"]

        assert run["instructions"] == "Be brief.\n\nRhyme."
        assert (run["model"], run["temperature"], run["assistant_id"]) == ("gpt-4o", 0.5, assistant.id)
        assert run["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {}}
        assert run["tool_choice"]["function"]["name"] == "weather"
        assert run["truncation_strategy"] == {"type": "last_messages", "last_messages": 3}
        assert run["metadata"] == {"a": "b"}

    async def test_takes_parts_and_attachments(self, one: Program, ada: User) -> None:
        picture = await File.objects.acreate(owner=ada, filename="a.png", content_type="image/png", bytes=1)
        parts = [
            {"type": "text", "text": "What are these?"},
            {"type": "image_file", "image_file": {"file_id": picture.id, "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "https://example.org/b.png"}},
        ]
        attachments = [{"file_id": picture.id, "tools": [{"type": "code_interpreter"}]}]
        accepted = await one.reply(type="send_message", content=parts, attachments=attachments, run=False)

        message = accepted["message"]
        assert message["content"][0] == {"type": "text", "text": {"value": "What are these?", "annotations": []}}
        assert message["content"][1] == parts[1]
        assert message["content"][2]["image_url"] == {"url": "https://example.org/b.png", "detail": "auto"}
        assert message["attachments"] == attachments

    @pytest.mark.parametrize("place", ["content", "attachments"])
    async def test_never_takes_a_file_of_someone_else(self, one: Program, bob: User, place: str) -> None:
        file = await File.objects.acreate(owner=bob, filename="a.png", content_type="image/png", bytes=1)
        frame: Frame = {"content": "Look", "attachments": [{"file_id": file.id, "tools": []}]}
        if place == "content":
            frame = {"content": [{"type": "image_file", "image_file": {"file_id": file.id}}]}
        refused = await one.reply(type="send_message", **frame)

        assert refused["error"]["message"] == f"No such File object: {file.id}"
        assert not await Message.objects.aexists()

    async def test_twice_with_one_key_does_it_once(self, one: Program) -> None:
        first = await one.reply(type="send_message", content="Hello?", client_key="a")
        second = await one.reply(type="send_message", content="Hello?", client_key="a")

        assert second["message"]["id"] == first["message"]["id"]
        assert second["run"]["id"] == first["run"]["id"]

    async def test_is_refused_while_a_run_is_live(self, one: Program, thread: Thread) -> None:
        """Section 6.3: clients look for these very words."""
        run = (await one.reply(type="send_message", content="Hello?"))["run"]
        refused = await one.reply(type="send_message", content="And?")

        assert refused["type"] == "error"
        assert refused["error"] == {
            "message": f"Can't add messages to {thread.id} while a run {run['id']} is active.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
        assert await thread.messages.acount() == 1

    @pytest.mark.parametrize(
        "content", ["", "  ", [], [{"type": "text", "text": ""}], "x" * 256_001], ids=lambda content: repr(content)[:20]
    )
    async def test_is_refused_when_empty_or_too_long(self, one: Program, content: Any) -> None:
        refused = await one.reply(type="send_message", content=content)
        assert (refused["type"], refused["error"]["param"]) == ("error", "content")

    async def test_is_refused_when_it_names_an_assistant_of_someone_else(self, one: Program, bob: User) -> None:
        foreign = await Assistant.objects.acreate(owner=bob, name="Bob's")
        refused = await one.reply(type="send_message", content="Hello?", run={"assistant_id": foreign.id})

        assert refused["error"]["message"] == f"No assistant found with id '{foreign.id}'."
        assert not await Message.objects.aexists()


class TestRuns:
    async def test_are_started_on_what_was_said(self, one: Program, stage: Stage, thread: Thread) -> None:
        await one.reply(type="send_message", content="Hello?", run=False)
        async with stage.working(ScriptedProvider()):
            accepted = await one.reply(type="start_run", max_completion_tokens=300)
            heard = await one.hear_until(is_event("thread.run.completed"))

        assert accepted["run"]["max_completion_tokens"] == 300
        assert text_of(heard) == "You said: Hello?"

    async def test_are_refused_while_one_is_live(self, one: Program, thread: Thread) -> None:
        run = (await one.reply(type="start_run"))["run"]
        refused = await one.reply(type="start_run")
        assert re.fullmatch(rf"Thread {thread.id} already has an active run {run['id']}\.", refused["error"]["message"])

    async def test_are_cancelled_with_the_partial_answer_kept(self, one: Program, stage: Stage) -> None:
        async with stage.working(ScriptedProvider([Reply("As far as this", FOREVER)])):
            run = (await one.reply(type="send_message", content="Hello?"))["run"]
            await one.hear_until(is_event(MESSAGE_DELTA))
            accepted = await one.reply(type="cancel_run", run_id=run["id"])
            heard = await one.hear_until(is_event("thread.run.cancelled"))

        assert accepted["run"]["status"] == "cancelling"
        [incomplete] = [frame for frame in heard if frame["event"] == "thread.message.incomplete"]
        assert incomplete["data"]["content"][0]["text"]["value"] == "As far as this"

    async def test_go_on_with_the_outputs_of_functions(self, one: Program, stage: Stage) -> None:
        replies = [Reply(call("weather", city="Oslo")), Reply("Rain.", after_tools=True)]
        async with stage.working(ScriptedProvider(replies)):
            await one.send(type="send_message", content="Weather?", run={"tools": [WEATHER]})
            paused = (await one.hear_until(is_event("thread.run.requires_action")))[-1]["data"]
            [made] = paused["required_action"]["submit_tool_outputs"]["tool_calls"]
            outputs = [{"tool_call_id": made["id"], "output": "rain"}]
            command = {"type": "submit_tool_outputs", "run_id": paused["id"], "tool_outputs": outputs}
            await one.send(request_id="outputs", **command)
            heard = await one.hear_until(is_event("thread.run.completed"))  # it may begin before it is accepted

        [accepted] = [frame for frame in heard if frame.get("request_id") == "outputs"]
        assert accepted["run"]["status"] == "queued"
        assert text_of(heard) == "Rain."

    @pytest.mark.parametrize("type", ["cancel_run", "submit_tool_outputs"])
    async def test_of_other_threads_are_not_found(
        self, one: Program, ada: User, assistant: Assistant, type: str
    ) -> None:
        other = await Thread.objects.acreate(owner=ada)
        run = await in_thread(runs.start)(other, NewRun(assistant))
        more = {"tool_outputs": []} if type == "submit_tool_outputs" else {}
        refused = await one.reply(type=type, run_id=run.id, **more)

        assert refused["error"]["message"] == f"No run found with id '{run.id}'."
        assert (await Run.objects.aget(pk=run.pk)).status == "queued"


class TestAMalformedFrame:
    @pytest.mark.parametrize(
        ("text", "param"),
        [
            ("not JSON", None),
            (" ", None),
            ("[]", None),
            ('"text"', None),
            ("[" * 100_000, None),
            ('{"type": "no_such"}', "type"),
            ('{"content": "no type"}', "type"),
            ('{"type": "send_message"}', "content"),
            ('{"type": "send_message", "content": 5}', "content"),
            ('{"type": "send_message", "content": "a", "role": "system"}', "role"),
            ('{"type": "send_message", "content": [{"type": "text", "text": null}]}', "content[0].text"),
            ('{"type": "send_message", "content": "a", "run": {"temperature": 3}}', "run.temperature"),
            ('{"type": "cancel_run", "run_id": "../etc"}', "run_id"),
            ('{"type": "resume", "run_id": "run_a", "seq": -1}', "seq"),
            ('{"type": "resume", "run_id": "run_a", "seq": 1e999}', None),
        ],
        ids=lambda value: str(value)[:50],
    )
    async def test_is_answered_and_the_socket_stays_open(self, one: Program, text: str, param: str | None) -> None:
        await one.socket.send_to(text_data=text)
        error = await one.hear()

        assert error["type"] == "error"
        assert error["error"]["type"] == "invalid_request_error"
        assert error["error"]["param"] == param
        assert (await one.reply(type="start_run"))["type"] == "accepted"

    async def test_is_answered_under_its_own_id(self, one: Program) -> None:
        assert (await one.reply(type="send_message", content=5))["error"]["param"] == "content"

    async def test_of_bytes_is_one_too(self, one: Program) -> None:
        await one.socket.send_to(bytes_data=b'{"type": "start_run"}')
        assert (await one.hear())["type"] == "error"

    async def test_too_often_closes_the_socket(self, one: Program) -> None:
        for _ in range(MAX_MALFORMED + 1):
            await one.socket.send_to(text_data="?")
        assert await one.closed() == 4400


class TestATooLargeFrame:
    @pytest.mark.parametrize("kind", ["text_data", "bytes_data"])
    async def test_closes_the_socket(self, one: Program, kind: str) -> None:
        data = b'"' + "é".encode() * 524_289 + b'"'
        await one.socket.send_to(**{kind: data if kind == "bytes_data" else data.decode()})
        assert await one.closed() == 4413


class TestTooManyFrames:
    async def test_close_the_socket(self, one: Program) -> None:
        for _ in range(3 * MAX_WAITING):
            await one.send(type="cancel_run", run_id="run_absent")
        assert await one.closed() == 4429


class TestResuming:
    async def test_tells_again_what_came_after(self, one: Program, stage: Stage) -> None:
        gate = asyncio.Event()
        async with stage.working(ScriptedProvider([Reply("One", gate)])):
            await one.send(type="send_message", content="Hello?")
            heard = await one.hear_until(is_event(MESSAGE_DELTA))
            run_id = heard[-1]["run_id"]
            third = [frame for frame in heard if frame["type"] == "event"][2]
            accepted = await one.reply(type="resume", run_id=run_id, seq=third["seq"])
            again = await one.hear_until(is_event(MESSAGE_DELTA))
            gate.set()

        assert accepted == {"type": "accepted", "request_id": "this one"}
        events = [frame for frame in heard if frame["type"] == "event"]
        assert again == events[3:]

    async def test_goes_on_with_what_comes(self, one: Program, stage: Stage) -> None:
        gate = asyncio.Event()
        async with stage.working(ScriptedProvider([Reply("One", gate, " two")])):
            await one.send(type="send_message", content="Hello?")
            last = (await one.hear_until(is_event(MESSAGE_DELTA)))[-1]
            await one.reply(type="resume", run_id=last["run_id"], seq=last["seq"])
            gate.set()
            heard = await one.hear_until(is_event("thread.run.completed"))

        assert text_of(heard) == " two"
        assert heard[0]["seq"] == last["seq"] + 1

    @pytest.mark.parametrize("wrong", ["seq", "run"])
    async def test_gets_a_snapshot_where_the_events_are_not_to_be_had(
        self, one: Program, stage: Stage, thread: Thread, wrong: str
    ) -> None:
        async with stage.working(ScriptedProvider([Reply("All said.")])):
            run = await status(await stage.ask(thread), "completed")
            await one.hear_until(is_event("thread.run.completed"))
            place = {"run_id": run.id, "seq": 10**6} if wrong == "seq" else {"run_id": "run_earlier", "seq": 3}
            await one.reply(type="resume", **place)
            assert text_of([await one.hear()]) == "All said."


class TestAnotherSocketOnTheThread:
    async def test_hears_the_same(self, one: Program, stage: Stage, thread: Thread, key) -> None:
        async with stage.working(ScriptedProvider()), program(thread.id, key) as other:
            assert (await other.hear())["type"] == "snapshot"
            await one.send(type="send_message", content="Hello?")
            mine = await one.hear_until(is_event("thread.run.completed"))
            theirs = await other.hear_until(is_event("thread.run.completed"))

        assert text_of(mine) == text_of(theirs) == "You said: Hello?"
        assert not [frame for frame in theirs if frame["type"] == "accepted"]


class Stuck:
    """The server's side of a client that takes only the first ``frames`` frames."""

    def __init__(self, thread: Thread, key: tuple[bytes, bytes], *, frames: int) -> None:
        self.scope = {
            "type": "websocket",
            "path": "/",
            "headers": [key],
            "query_string": b"",
            "url_route": {"kwargs": {"thread_id": thread.id}},
        }
        self.room, self.goes_on = frames, asyncio.Event()
        self.sent: list[Frame] = []
        self.incoming: asyncio.Queue[Frame] = asyncio.Queue()
        self.incoming.put_nowait({"type": "websocket.connect"})

    async def send(self, message: Frame) -> None:
        if message["type"] == "websocket.send":
            if self.room == 0:
                await self.goes_on.wait()
            else:
                self.room -= 1
        self.sent.append(message)

    def run(self) -> asyncio.Task[None]:
        return asyncio.create_task(ProgramConsumer.as_asgi()(self.scope, self.incoming.get, self.send))

    async def until(self, type: str) -> Frame:
        await until(lambda: [message for message in self.sent if message["type"] == type])
        return self.sent[-1]


class TestAReaderThatDoesNotRead:
    async def test_is_dropped_in_time(self, thread: Thread, key, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(thread_socket, "BLOCKED", 0.05)
        stuck = Stuck(thread, key, frames=0)
        task = stuck.run()
        assert (await stuck.until("websocket.close"))["code"] == 4408
        stuck.incoming.put_nowait({"type": "websocket.disconnect"})
        await asyncio.wait_for(task, PATIENCE)

    async def test_does_not_slow_the_run_nor_another_reader(
        self, one: Program, stage: Stage, thread: Thread, key
    ) -> None:
        stuck = Stuck(thread, key, frames=1)
        task = stuck.run()
        await stuck.until("websocket.send")
        async with stage.working(ScriptedProvider()):
            await one.send(type="send_message", content="Hello?")
            await one.hear_until(is_event("thread.run.completed"))
        assert len(stuck.sent) == 2
        stuck.incoming.put_nowait({"type": "websocket.disconnect"})
        await asyncio.wait_for(task, PATIENCE)

    async def test_can_still_cancel(self, stage: Stage, thread: Thread, key) -> None:
        stuck = Stuck(thread, key, frames=1)
        task = stuck.run()
        await stuck.until("websocket.send")
        async with stage.working(ScriptedProvider([Reply("Half", FOREVER)])):
            run = await stage.ask(thread)
            await answer(run, containing="Half")
            stuck.incoming.put_nowait({"type": "websocket.receive", "text": '{"type": "start_run"}'})
            stuck.incoming.put_nowait(
                {"type": "websocket.receive", "text": f'{{"type": "cancel_run", "run_id": "{run.id}"}}'}
            )
            await status(run, "cancelled")
        stuck.incoming.put_nowait({"type": "websocket.disconnect"})
        await asyncio.wait_for(task, PATIENCE)

    async def test_is_told_how_a_run_ended_before_the_next_one(self, stage: Stage, thread: Thread, key) -> None:
        stuck = Stuck(thread, key, frames=2)
        task = stuck.run()
        await stuck.until("websocket.send")
        async with stage.working(ScriptedProvider()):
            first = await status(await stage.ask(thread, "one"), "completed")
            second = await status(await stage.ask(thread, "two"), "completed")
            stuck.goes_on.set()

            def snapshots() -> list[Frame]:
                frames = [json.loads(message["text"]) for message in stuck.sent if "text" in message]
                return [frame for frame in frames if frame["type"] == "snapshot" and frame["run"]]

            await until(lambda: len(snapshots()) >= 2, what="two snapshots")
        assert [(frame["run"]["id"], text_of([frame])) for frame in snapshots()][:2] == [
            (first.id, "You said: one"),
            (second.id, "You said: two"),
        ]
        stuck.incoming.put_nowait({"type": "websocket.disconnect"})
        await asyncio.wait_for(task, PATIENCE)


def delta(seq: int, text: str, *, message: str = "msg_a", first: bool = False) -> Event:
    return Event("run_a", seq, MESSAGE_DELTA, message_delta(message, index=0, text=text, first=first))


class TestEventsFoundAtOnce:
    def test_are_joined_where_they_go_on_with_one_text(self) -> None:
        other = Event("run_a", 4, "thread.run.step.delta", {"id": "step_a"})
        events = [delta(1, "a", first=True), delta(2, "b"), delta(3, "c"), other, delta(5, "d"), delta(6, "e")]

        assert coalesce(events) == [delta(3, "abc", first=True), other, delta(6, "de")]

    def test_keep_what_each_of_them_cites(self) -> None:
        cites = [{"index": place, "type": "file_citation", "text": "【4:0†a】"} for place in range(2)]
        events = [
            Event(
                "run_a",
                seq,
                MESSAGE_DELTA,
                message_delta("msg_a", index=0, text="【4:0†a】", first=False, annotations=[note]),
            )
            for seq, note in enumerate(cites, start=1)
        ]
        [joined] = coalesce(events)
        assert joined.data["delta"]["content"][0]["text"]["annotations"] == cites

    def test_stay_apart_where_they_are_of_two_messages(self) -> None:
        events = [delta(1, "a"), delta(2, "b", message="msg_b", first=True)]
        assert coalesce(events) == events
