"""A feed of a run without tools: the rows that it reads, and those that it need not read."""

from __future__ import annotations

import re

import pytest

from chat.actions.conversation import threads
from chat.engine.follow import read_snapshot
from chat.events import types
from chat.events.types import Event
from chat.models import Assistant, Message, Run, RunStatus, Thread, User
from chat.models.api_objects.objects import message_object, run_object
from chat.models.threads import text_part
from chat.web.live.feed import Feed, PageState
from tests.cited import answer, finished_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return threads.create(ada, assistant=assistant)


@pytest.fixture
def run(thread: Thread, assistant: Assistant) -> Run:
    return finished_run(thread, assistant=assistant, status=RunStatus.IN_PROGRESS, tools=[])


@pytest.fixture
def feed(ada: User, thread: Thread, run: Run) -> Feed:
    feed = Feed(ada, thread.id, PageState())
    feed.apply(read_snapshot(thread.id))
    return feed


@pytest.fixture
def message(thread: Thread, run: Run) -> Message:
    return answer(thread, run, status="in_progress")


def event(run: Run, name: str, data: object) -> Event:
    return Event(run.id, 5, name, data)


class TestAFeed:
    def test_reads_only_the_run_when_an_answer_begins(
        self, feed: Feed, run: Run, message: Message, django_assert_num_queries
    ) -> None:
        with django_assert_num_queries(1):
            html = feed.apply([event(run, types.MESSAGE_CREATED, message_object(message))])
        assert re.search(rf'<article class="message answer open"\s+id="{message.id}" aria-label="Helper">', html)

    def test_reads_nothing_while_the_run_goes_on(self, feed: Feed, run: Run, django_assert_num_queries) -> None:
        with django_assert_num_queries(0):
            html = feed.apply([event(run, types.RUN_CANCELLING, {**run_object(run), "status": "cancelling"})])
        assert "Stopping" in html

    def test_shows_the_usage_of_the_run_under_its_last_answer(
        self, feed: Feed, run: Run, message: Message, django_assert_max_num_queries
    ) -> None:
        feed.apply([event(run, types.MESSAGE_CREATED, message_object(message))])
        usage = {"prompt_tokens": 20, "completion_tokens": 22, "total_tokens": 42}
        Run.objects.filter(id=run.id).update(status=RunStatus.COMPLETED, usage=usage)
        Message.objects.filter(id=message.id).update(status="completed", content=[text_part("Fine.")])
        run.refresh_from_db()
        message.refresh_from_db()
        closed = event(run, types.MESSAGE_COMPLETED, message_object(message))
        with django_assert_max_num_queries(4):  # the run, the answer, new messages and new endings
            html = feed.apply([closed, event(run, types.RUN_COMPLETED, run_object(run))])
        assert "42 tokens" in html
