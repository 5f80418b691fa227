"""Listening to a thread."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import pytest

from chat.actions.conversation import runs, threads
from chat.actions.conversation.runs import NewRun
from chat.engine import follow as follow_module
from chat.engine.follow import ThreadSnapshot, follow
from chat.events import bus as bus_module
from chat.events.bus import bus
from chat.events.types import MESSAGE_DELTA, RUN_CREATED, RUN_ENDED, THREAD_CHANGED, Event
from chat.models import Message, Run, Thread
from chat.providers.scripted.provider import Pause, ScriptedProvider
from chat.providers.scripted.replies import Reply
from tests.engine.elsewhere import worker_elsewhere
from tests.engine.stage import PATIENCE, Stage, answer, in_thread, status, text_of

pytestmark = pytest.mark.django_db(transaction=True)
Item = ThreadSnapshot | list[Event]


class Reader:
    """Puts together what a follower of a thread with one run is told, as any client would."""

    def __init__(self) -> None:
        self.text = ""
        self.names: list[str] = []
        self.snapshots = 0
        self.is_over = False

    def advance(self, item: Item) -> None:
        if isinstance(item, ThreadSnapshot):
            self.snapshots += 1
            parts = [part for message in item.messages for part in message["content"]]
            self.text = "".join(part["text"]["value"] for part in parts)
            self.is_over = item.run is not None and not item.live
        else:
            self.text += text_of(item)
            self.names += [event.name for event in item]
            self.is_over = self.is_over or any(event.name in RUN_ENDED for event in item)

    async def read(self, items: AsyncGenerator[Item, None]) -> None:
        """Until the run is over."""
        async with asyncio.timeout(PATIENCE):
            while not self.is_over:
                self.advance(await anext(items))


async def read_all(thread: Thread) -> Reader:
    reader = Reader()
    async with aclosing(follow(thread.id)) as items:
        await reader.read(items)
    return reader


@pytest.fixture
def short_log(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, the bus keeps almost nothing."""
    return lambda: monkeypatch.setattr(bus_module, "KEPT", 4)


class TestFollowingFromAnEvent:
    async def test_gives_the_rows_when_another_run_begins_meanwhile(
        self, thread: Thread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = await Run.objects.acreate(thread=thread, model="scripted", status="completed", seq=5)
        look = follow_module.newest_position

        def look_and_begin(thread_id: str) -> follow_module.Position:
            monkeypatch.setattr(follow_module, "newest_position", look)
            bus.publish(thread_id, [Event("run_next", 1, RUN_CREATED, {})])
            return look(thread_id)

        monkeypatch.setattr(follow_module, "newest_position", look_and_begin)
        with bus.hold(thread.id):
            bus.publish(thread.id, [Event(run.id, seq, MESSAGE_DELTA, {}) for seq in range(1, 6)])
            async with aclosing(follow(thread.id, after=(run.id, 5))) as items:
                assert isinstance(await anext(items), ThreadSnapshot)


class TestARunWhoseBeginningWasNotHeard:
    async def test_is_found_in_the_rows_although_the_log_has_its_end(self, thread: Thread) -> None:
        """As when Redis was away as it began, and replays the run before it."""
        run = await Run.objects.acreate(thread=thread, model="scripted", status="in_progress", seq=3)
        async with aclosing(follow(thread.id)) as items, asyncio.timeout(PATIENCE):
            await anext(items)
            bus.receive(thread.id, [Event("run_before", seq, name, {}) for seq, name in ((1, RUN_CREATED), (2, "x"))])
            await anext(items)
            await Run.objects.filter(pk=run.pk).aupdate(status="completed", seq=6)
            bus.receive(thread.id, [Event(run.id, seq, "thread.run.completed", {}) for seq in (4, 5, 6)])
            while not isinstance(item := await anext(items), ThreadSnapshot) or item.live:
                pass
        assert (item.run or {})["status"] == "completed"


class TestFollowing:
    async def test_gives_the_whole_text_once_wherever_one_joins(self, stage: Stage, thread: Thread) -> None:
        words = [f"w{number} " for number in range(60)]
        steps = [step for word in words for step in (word, Pause(random.uniform(0, 0.02)))]
        async with stage.working(ScriptedProvider([Reply(*steps)])):
            run = await stage.ask(thread)
            reading = []
            for _ in range(12):
                reading.append(asyncio.create_task(read_all(thread)))
                await asyncio.sleep(random.uniform(0, 0.08))
            readers = await asyncio.gather(*reading)
            await status(run, "completed")

        assert {reader.text for reader in readers} == {"".join(words)}

    async def test_begins_with_the_rows(self, stage: Stage, thread: Thread) -> None:
        async with stage.working(ScriptedProvider([Reply("All said.")])):
            run = await status(await stage.ask(thread), "completed")
        async with aclosing(follow(thread.id)) as items:
            first = await anext(items)

        assert isinstance(first, ThreadSnapshot)
        assert first.run["id"] == run.id
        assert [message["content"][0]["text"]["value"] for message in first.messages] == ["All said."]
        assert [step["status"] for step in first.steps] == ["completed"]
        assert (first.seq, first.live) == (run.seq, False)

    async def test_begins_with_nothing_on_a_new_thread(self, thread: Thread) -> None:
        async with aclosing(follow(thread.id)) as items:
            first = await anext(items)

        assert first == ThreadSnapshot(run=None, messages=(), steps=(), seq=0, live=False)

    async def test_goes_on_with_the_next_run(self, stage: Stage, thread: Thread) -> None:
        async with stage.working(ScriptedProvider()), aclosing(follow(thread.id)) as items:
            await anext(items)
            for question in ("one", "two"):
                reader = Reader()
                await stage.ask(thread, question)
                await reader.read(items)
                assert (reader.text, reader.snapshots) == (f"You said: {question}", 0)
                assert reader.names[0] == "thread.run.created"

    async def test_tells_of_other_changes_of_the_thread(self, thread: Thread) -> None:
        async with aclosing(follow(thread.id)) as items:
            await anext(items)
            await in_thread(threads.rename)(thread.owner, thread.id, title="Another name")
            [event] = await anext(items)

        assert event.name == THREAD_CHANGED

    async def test_leaves_nothing_behind(self, thread: Thread) -> None:
        for _ in range(3):
            async with aclosing(follow(thread.id)) as items:
                await anext(items)

        assert bus.topics == {}


class TestASlowFollower:
    async def test_finds_everything_at_once_when_it_looks_again(self, stage: Stage, thread: Thread) -> None:
        reader = Reader()
        steps = [step for number in range(20) for step in (f"w{number} ", Pause(0.005))]
        async with stage.working(ScriptedProvider([Reply(*steps)])), aclosing(follow(thread.id)) as items:
            reader.advance(await anext(items))
            run = await stage.ask(thread)
            await status(run, "completed")
            await reader.read(items)

        assert reader.text == "".join(f"w{number} " for number in range(20))
        assert reader.snapshots == 1

    async def test_gets_the_rows_again_when_the_log_no_longer_reaches_back(
        self, stage: Stage, thread: Thread, short_log: Callable[[], None]
    ) -> None:
        reader = Reader()
        steps = [step for number in range(20) for step in (f"w{number} ", Pause(0.04))]
        async with stage.working(ScriptedProvider([Reply(*steps)])), aclosing(follow(thread.id)) as items:
            reader.advance(await anext(items))
            short_log()
            run = await stage.ask(thread)
            await answer(run, containing="w9")
            await reader.read(items)

        assert reader.text == "".join(f"w{number} " for number in range(20))
        assert reader.snapshots >= 2

    async def test_gets_the_rows_again_when_the_next_run_has_begun(self, stage: Stage, thread: Thread) -> None:
        async with stage.working(ScriptedProvider()), aclosing(follow(thread.id)) as items:
            await anext(items)
            await status(await stage.ask(thread, "one"), "completed")
            second = await status(await stage.ask(thread, "two"), "completed")
            reader = Reader()
            await reader.read(items)

        assert reader.text == "You said: two"
        assert (await Run.objects.aget(pk=second.pk)).seq >= len(reader.names)


class TestAFollowerThatComesBack:
    """It names the last event that it has heard."""

    def heard(self, thread: Thread, *names: str) -> list[Event]:
        events = [Event("run_1", number, name, {}) for number, name in enumerate(names, start=1)]
        bus.publish(thread.id, events)
        return events

    async def test_gets_the_rest_of_the_log_without_a_look_at_the_rows(self, thread: Thread) -> None:
        with bus.hold(thread.id):
            events = self.heard(thread, RUN_CREATED, "thread.run.queued", "thread.run.in_progress")
            async with aclosing(follow(thread.id, after=("run_1", 1))) as items:
                assert await anext(items) == events[1:]  # the rows know of no such run
                more = Event("run_1", 4, "thread.run.completed", {})
                bus.publish(thread.id, [more])
                assert await anext(items) == [more]

    @pytest.mark.parametrize("after", [("run_1", 3), ("run_0", 7)])
    async def test_reads_the_rows_if_nothing_follows_or_the_log_is_of_another_run(
        self, thread: Thread, after: tuple[str, int]
    ) -> None:
        with bus.hold(thread.id):
            self.heard(thread, RUN_CREATED, "thread.run.queued", "thread.run.in_progress")
            async with aclosing(follow(thread.id, after=after)) as items:
                assert isinstance(await anext(items), ThreadSnapshot)


class TestFollowingFromAnotherProcess:
    async def test_reads_the_rows(self, stage: Stage, thread: Thread) -> None:
        with worker_elsewhere(stage.folder):
            run = await stage.ask(thread, "/stream 40 40")
            reader = await read_all(thread)

        message = await Message.objects.aget(run_id=run.id)
        assert reader.text == message.text
        assert reader.snapshots >= 2


class TestAHoleInTheLog:
    async def test_is_filled_as_soon_as_the_rows_have_it(self, thread: Thread, assistant) -> None:
        await in_thread(thread.messages.create)(role="user", content=[])
        run = await in_thread(runs.start)(thread, NewRun(assistant))
        async with aclosing(follow(thread.id)) as items:
            await anext(items)
            bus.publish(thread.id, [Event(run.id, run.seq + 5, "thread.run.in_progress", {})])
            later = asyncio.create_task(anext(items))
            await asyncio.sleep(0.1)
            assert not later.done()
            await Run.objects.filter(pk=run.pk).aupdate(seq=run.seq + 4)
            item = await later
            assert isinstance(item, ThreadSnapshot)
            assert item.seq == run.seq + 4
            [event] = await anext(items)

        assert event.seq == run.seq + 5
