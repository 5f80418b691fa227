"""The look at the rows that finds what followers missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing

import pytest

from chat.actions.conversation import runs
from chat.actions.conversation.runs import NewRun
from chat.engine import repair_look
from chat.engine.follow import ThreadSnapshot, follow
from chat.engine.repair_look import newest_places
from chat.events.bus import bus
from chat.events.types import Event
from chat.models import Assistant, Run, Thread
from tests.engine.stage import in_thread

pytestmark = pytest.mark.django_db(transaction=True)


def run_on(thread: Thread, assistant: Assistant) -> Run:
    """Return a run that has begun and that nobody works on."""
    thread.messages.create(role="user", content=[])
    return runs.start(thread, NewRun(assistant))


async def next_news(items: AsyncGenerator[ThreadSnapshot | list[Event], None]) -> ThreadSnapshot | list[Event]:
    """Return the next item that tells of something; on a slow machine some before it tell that nothing happened."""
    while (item := await anext(items)) == []:
        pass
    return item


@pytest.fixture
def other(thread: Thread) -> Thread:
    return Thread.objects.create(owner=thread.owner)


class TestTheNewestPlaces:
    def test_are_read_by_one_query(
        self, thread: Thread, other: Thread, assistant: Assistant, django_assert_num_queries
    ) -> None:
        first = run_on(thread, assistant)
        Run.objects.filter(pk=first.pk).update(status="completed")
        second = run_on(thread, assistant)
        with django_assert_num_queries(1):
            places = newest_places([thread.id, other.id, "thread_unknown"])
        assert places == {thread.id: (second.id, second.seq), other.id: ("", 0), "thread_unknown": ("", 0)}


class TestTheLook:
    async def test_gives_the_rows_to_all_who_missed_something(
        self, thread: Thread, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(repair_look, "INTERVAL", 0.05)
        run = await in_thread(run_on)(thread, assistant)
        async with AsyncExitStack() as stack:
            followers = [await stack.enter_async_context(aclosing(follow(thread.id))) for _ in range(3)]
            for items in followers:
                await anext(items)
                assert await anext(items) == []  # what the log had
            await Run.objects.filter(pk=run.pk).aupdate(seq=run.seq + 3)  # as another process would
            found = await asyncio.gather(*(next_news(items) for items in followers))
        assert [item.seq for item in found if isinstance(item, ThreadSnapshot)] == [run.seq + 3] * 3

    async def test_looks_at_once_on_a_hint(
        self, thread: Thread, other: Thread, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(repair_look, "INTERVAL", 3600.0)
        run = await in_thread(run_on)(thread, assistant)
        async with aclosing(follow(thread.id)) as items:
            await anext(items)
            assert await anext(items) == []
            await Run.objects.filter(pk=run.pk).aupdate(seq=run.seq + 1)
            repair_look.hint(other.id)  # which nobody follows
            repair_look.hint(thread.id)
            item = await next_news(items)
        assert isinstance(item, ThreadSnapshot)
        assert item.seq == run.seq + 1

    async def test_does_not_wake_those_who_heard_everything(
        self, thread: Thread, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = await in_thread(run_on)(thread, assistant)
        async with aclosing(follow(thread.id)) as items:
            await anext(items)
            await anext(items)
            [follower] = bus.topics[thread.id].followers
            await repair_look.look_at([thread.id])
            [*_told] = await anext(items)  # the first look tells where the rows are
            await repair_look.look_at([thread.id])
            assert not follower.news.is_set()
            assert bus.topics[thread.id].rows == (run.id, run.seq)

    async def test_ends_with_the_last_follower(self, thread: Thread) -> None:
        async with aclosing(follow(thread.id)) as items:
            await anext(items)
            look = repair_look._looks[asyncio.get_running_loop()]
            assert look.timer is not None
            assert not look.timer.cancelled()
        assert look.timer.cancelled()
        assert repair_look._looks == {}
        assert len(asyncio.all_tasks()) == 1
