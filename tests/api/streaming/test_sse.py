"""Runs as server-sent events: reference, section 7."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing
from typing import Any

import pytest
from django.db import transaction

from chat.api.streaming import sse
from chat.engine import follow
from chat.engine.recording import run_lifecycle
from chat.errors import RateLimited
from chat.events.bus import bus
from chat.models import Assistant, Run, RunStatus, RunStep, Thread
from chat.models.api_objects.objects import run_object, step_object
from chat.providers.scripted.provider import ScriptedProvider
from chat.providers.scripted.replies import Reply as Said
from chat.providers.scripted.replies import call
from tests.api.calling import Body, absent, told
from tests.api.resources.test_steps import CONTENT, FOUND, RANKING, TEXT
from tests.api.streaming.streams import Streams, events_in, names, pieces, text_in, wire
from tests.engine.stage import Stage, in_thread, status, until

pytestmark = pytest.mark.django_db(transaction=True)
WEATHER = {"type": "function", "function": {"name": "weather"}}
BEGINNING = ["thread.run.created", "thread.run.queued", "thread.run.in_progress"]
TELLING = [
    "thread.run.step.created",
    "thread.run.step.in_progress",
    "thread.message.created",
    "thread.message.in_progress",
    "thread.message.delta",
    "thread.message.completed",
    "thread.run.step.completed",
    "thread.run.completed",
    "done",
]


@pytest.fixture
def path(thread: Thread) -> str:
    return f"/threads/{thread.id}/runs"


@pytest.fixture
def wanted(assistant: Assistant) -> Body:
    return {"assistant_id": assistant.id}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is noticed at once."""
    monkeypatch.setattr(sse, "HEARTBEAT", 0.0)
    monkeypatch.setattr(follow, "SILENCE", 0.05)


class TestAStream:
    async def test_is_framed_as_the_sdks_read_it(self, streams: Streams, stage: Stage, path: str, wanted: Body) -> None:
        """Section 7.1."""
        async with stage.working(ScriptedProvider([Said("Zwei\n\nZeilen\u2028 – \x85")])):
            reply = await streams.start(path, wanted)
            text = await wire(reply)
        assert reply["Content-Type"] == "text/event-stream; charset=utf-8"
        assert reply["x-request-id"].startswith("req_")
        assert (reply["X-Accel-Buffering"], reply["Cache-Control"]) == ("no", "no-cache, no-transform")
        assert text.endswith("event: done\ndata: [DONE]\n\n")
        assert text.count("\n") == 3 * text.count("event: ")  # two lines and an empty one for each
        assert text_in(events_in(text)) == "Zwei\n\nZeilen\u2028 – \x85"

    async def test_tells_a_run_in_order(self, streams: Streams, stage: Stage, path: str, wanted: Body) -> None:
        """Section 7.2, stream 01."""
        async with stage.working(ScriptedProvider([Said("Good ", "morning.")])):
            events = await streams.whole(path, wanted)
        assert names(events) == BEGINNING + TELLING
        assert text_in(events) == "Good morning."
        assert events[-2][1] == run_object(await Run.objects.aget())

    async def test_of_a_new_thread_tells_it_first(self, streams: Streams, stage: Stage, wanted: Body) -> None:
        """Stream 01b."""
        async with stage.working(ScriptedProvider([Said("Good morning.")])):
            events = await streams.whole("/threads/runs", wanted | {"thread": {"metadata": {"a": "b"}}})
        assert names(events) == ["thread.created", *BEGINNING, *TELLING]
        thread, run = events[0][1], events[1][1]
        assert (thread["object"], thread["metadata"], thread["id"]) == ("thread", {"a": "b"}, run["thread_id"])

    async def test_is_sent_in_blocks_of_what_comes_together(
        self, streams: Streams, stage: Stage, path: str, wanted: Body
    ) -> None:
        async with stage.working(ScriptedProvider([Said("Good morning.")])):
            blocks = [events_in(piece) async for piece in pieces(await streams.start(path, wanted))]
        assert names(blocks[-1])[-2:] == ["thread.run.completed", "done"]
        assert len(blocks) < sum(map(len, blocks)) / 2

    async def test_ends_where_outputs_are_needed_and_goes_on_with_them(
        self, streams: Streams, stage: Stage, path: str, wanted: Body
    ) -> None:
        """Streams 02 and 03."""
        forecaster = ScriptedProvider([Said(call("weather", city="Oslo")), Said("Rain.", after_tools=True)])
        async with stage.working(forecaster):
            before = await streams.whole(path, wanted | {"tools": [WEATHER]})
            run = before[-2][1]
            [made] = run["required_action"]["submit_tool_outputs"]["tool_calls"]
            outputs = {"tool_outputs": [{"tool_call_id": made["id"], "output": "wet"}]}
            after = await streams.whole(f"{path}/{run['id']}/submit_tool_outputs", outputs)
        assert names(before)[3:] == [*TELLING[:2], "thread.run.step.delta", "thread.run.requires_action", "done"]
        assert names(after) == ["thread.run.step.completed", *BEGINNING[1:], *TELLING]
        assert after[0][1]["step_details"]["tool_calls"][0]["function"]["output"] == "wet"

    async def test_tells_how_a_run_failed(self, streams: Streams, stage: Stage, path: str, wanted: Body) -> None:
        """Stream 06b: a failure of the run is no error of the stream."""
        async with stage.working(ScriptedProvider([Said(RateLimited())])):
            events = await streams.whole(path, wanted)
        assert names(events) == [*BEGINNING, "thread.run.failed", "done"]
        assert events[-2][1]["last_error"]["code"] == "rate_limit_exceeded"

    async def test_tells_of_a_cancel(
        self, streams: Streams, stage: Stage, path: str, wanted: Body, thread: Thread
    ) -> None:
        """Stream 07."""
        async with stage.working(ScriptedProvider([Said("Good ", asyncio.Event())])):
            text = ""
            async for piece in pieces(await streams.start(path, wanted)):
                if "thread.message.delta" in piece and "Good " not in text:
                    run = await Run.objects.aget()
                    assert (await streams.ask(f"{path}/{run.id}/cancel", {})).status_code == 200
                text += piece
        ending = [
            "thread.run.cancelling",
            "thread.message.incomplete",
            "thread.run.step.cancelled",
            "thread.run.cancelled",
        ]
        assert names(events_in(text))[-5:] == [*ending, "done"]

    async def test_that_is_refused_is_an_ordinary_answer(self, streams: Streams, path: str, wanted: Body) -> None:
        reply = await streams.start(path, {"assistant_id": "asst_x"})
        assert told(reply) == absent("No assistant found with id 'asst_x'.")
        assert reply["Content-Type"].startswith("application/json")

    @pytest.mark.parametrize("wish", [{}, {"stream": False}, {"stream": None}])
    async def test_is_only_for_who_asks_for_it(self, streams: Streams, path: str, wanted: Body, wish: Body) -> None:
        reply = await streams.ask(path, wanted | wish, Accept="text/event-stream")
        assert told(reply)[1]["status"] == "queued"


@pytest.mark.usefixtures("impatient")
class TestSilence:
    async def test_is_filled_with_comments(self, streams: Streams, stage: Stage, path: str, wanted: Body) -> None:
        """SDKs ignore them; proxies see that the connection lives."""
        go_on = asyncio.Event()
        async with stage.working(ScriptedProvider([Said(go_on, "Good morning.")])):
            text = ""
            async for piece in pieces(await streams.start(path, wanted)):
                text += piece
                if text.count(": still here\n\n") == 2:
                    go_on.set()
        assert names(events_in(text)) == BEGINNING + TELLING


class TestADeletedThread:
    @pytest.mark.usefixtures("impatient")
    async def test_ends_its_stream_with_an_error(
        self, streams: Streams, stage: Stage, path: str, wanted: Body, thread: Thread
    ) -> None:
        """Section 7.4: the error is wrapped, and nothing is done."""
        go_on = asyncio.Event()
        async with stage.working(ScriptedProvider([Said("Good ", go_on)])):
            text = ""
            async for piece in pieces(await streams.start(path, wanted)):
                text += piece
                if "Good " in piece:
                    await Thread.objects.filter(id=thread.id).adelete()
            go_on.set()
        name, data = events_in(text)[-1]
        assert (name, data) == ("error", absent("The run was deleted with its thread.")[1])


class TestAClientThatGoesAway:
    async def test_ends_nothing(self, streams: Streams, stage: Stage, path: str, wanted: Body, thread: Thread) -> None:
        """Section 6.2."""
        go_on = asyncio.Event()
        async with stage.working(ScriptedProvider([Said("Good ", go_on, "morning.")])):
            async with aclosing(pieces(await streams.start(path, wanted))) as heard:
                async for piece in heard:
                    if "Good " in piece:
                        break
            go_on.set()
            run = await status(await Run.objects.aget(), "completed")
        assert (await run.messages.aget()).text == "Good morning."
        await until(lambda: thread.id not in bus.topics, what="nobody to listen")

    async def test_before_it_has_heard_a_word_ends_nothing(
        self, streams: Streams, stage: Stage, path: str, wanted: Body, thread: Thread
    ) -> None:
        async with stage.working(ScriptedProvider([Said("Good morning.")])):
            reply = await streams.start(path, wanted)
            reply.close()
            del reply
            await status(await Run.objects.aget(), "completed")

        def forgotten() -> bool:
            gc.collect()
            return thread.id not in bus.topics

        await until(forgotten, what="the end of the stream's hold")


@pytest.mark.usefixtures("impatient")
class TestARunOfAnotherProcess:
    """Its events are not to be heard here; the rows tell them."""

    @staticmethod
    @transaction.atomic
    def work(run: Run, *, fail: bool = False) -> None:
        """What a worker would do to the rows."""
        run.move(RunStatus.IN_PROGRESS)
        search: Any = {
            "id": "call_a",
            "type": "file_search",
            "file_search": {"ranking_options": RANKING, "results": [FOUND | TEXT]},
        }
        details = {"type": "tool_calls", "tool_calls": [search]}
        step = RunStep.objects.create(run=run, type="tool_calls", status="completed", details=details)
        run.move(RunStatus.COMPLETED)
        step_told = ("thread.run.step.completed", step_object(step, run=run))
        run_lifecycle.number_events(run, [("thread.run.in_progress", run_object(run)), step_told])
        run_lifecycle.number_events(run, [("thread.run.completed", run_object(run))])

    @pytest.mark.parametrize(("query", "found"), [("", FOUND), (f"?include[]={CONTENT}", FOUND | TEXT)])
    async def test_is_told_from_the_rows(
        self, streams: Streams, path: str, wanted: Body, query: str, found: Body
    ) -> None:
        """And ``include[]`` says how much of them."""
        reply = await streams.start(path + query, wanted)
        text = ""
        async for piece in pieces(reply):
            if not text:
                await in_thread(self.work)(await Run.objects.aget())
            text += piece
        events = events_in(text)
        assert names(events) == [*BEGINNING, *TELLING[:2], "thread.run.step.delta", *TELLING[-3:]]
        [call] = dict(events)["thread.run.step.completed"]["step_details"]["tool_calls"]
        assert call["file_search"]["results"] == [found]
        [made] = dict(events)["thread.run.step.delta"]["delta"]["step_details"]["tool_calls"]
        assert made["file_search"] == {"ranking_options": RANKING, "results": []}
