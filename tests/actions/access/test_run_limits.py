"""Nobody takes all runs that the server works on at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chat.actions.conversation import new_threads, runs, sending, threads
from chat.errors import TooManyRuns
from chat.models import Assistant, Run, RunStatus, Thread, User
from chat.models.runs import live_run
from tests.models.racing import race, raised

pytestmark = pytest.mark.django_db
KEY = "a-key-of-the-page"


@pytest.fixture(autouse=True)
def _small_limits(settings) -> None:
    settings.EVERTHREAD_PAGE_RUNS, settings.EVERTHREAD_API_RUNS = 2, 3


def say(user: User, assistant: Assistant) -> Thread:
    thread = threads.create(user, assistant=assistant)
    sending.send(user, thread.id, text="Hello", client_key=KEY)
    return thread


def run(user: User, assistant: Assistant) -> Run:
    return new_threads.create_and_run(user, assistant_id=assistant.id, instructions="Sing.")


@pytest.mark.parametrize(("start", "limit"), [(say, 2), (run, 3)])
class TestAPerson:
    def test_has_no_more_live_runs_than_the_limit(self, ada, assistant, start: Callable, limit: int) -> None:
        for _each in range(limit):
            start(ada, assistant)
        with pytest.raises(TooManyRuns):
            start(ada, assistant)
        assert Run.objects.live().count() == limit

    @pytest.mark.parametrize("status", [RunStatus.REQUIRES_ACTION, RunStatus.CANCELLING])
    def test_has_room_again_only_when_one_has_ended(self, ada, assistant, start, limit, status) -> None:
        for _each in range(limit):
            start(ada, assistant)
        first = Run.objects.order_by("number").first()
        Run.objects.filter(pk=first.pk).update(status=status)
        with pytest.raises(TooManyRuns):
            start(ada, assistant)
        Run.objects.filter(pk=first.pk).update(status=RunStatus.COMPLETED)
        start(ada, assistant)

    def test_is_in_nobody_elses_way(self, ada, bob, assistant, start, limit) -> None:
        for _each in range(limit):
            start(ada, assistant)
        start(bob, assistant)

    def test_has_no_limit_where_it_is_zero(self, settings, ada, assistant, start, limit) -> None:
        settings.EVERTHREAD_PAGE_RUNS = settings.EVERTHREAD_API_RUNS = 0
        for _each in range(limit + 1):
            start(ada, assistant)


class TestPagesAndPrograms:
    def test_are_not_in_each_others_way(self, ada, assistant) -> None:
        for _each in range(3):
            run(ada, assistant)
        say(ada, assistant)
        say(ada, assistant)
        assert [each.by_program for each in Run.objects.order_by("number")] == [True] * 3 + [False] * 2

    def test_are_refused_in_words_of_their_own(self, ada, assistant) -> None:
        for _each in range(2):
            say(ada, assistant)
        with pytest.raises(TooManyRuns, match="You have 2 answers under way already"):
            say(ada, assistant)
        for _each in range(3):
            run(ada, assistant)
        with pytest.raises(TooManyRuns, match="Rate limit reached for runs at once: limit 3, used 3"):
            run(ada, assistant)


class TestAMessageThatWaits:
    def test_keeps_the_place_of_its_thread_between_two_answers(self, ada, assistant) -> None:
        first, _second = say(ada, assistant), say(ada, assistant)
        sending.send(ada, first.id, text="And then?", client_key="another-key")
        first.runs.update(status=RunStatus.COMPLETED)
        with pytest.raises(TooManyRuns):
            say(ada, assistant)
        sending.post_next(first.id)
        assert live_run(first) is not None

    def test_is_answered_even_behind_a_programs_run(self, ada, assistant) -> None:
        thread = threads.create(ada, assistant=assistant)
        program = runs.create(ada, thread.id, assistant_id=assistant.id)
        sending.send(ada, thread.id, text="Hello", client_key=KEY)
        say(ada, assistant)
        Run.objects.filter(pk=program.pk).update(status=RunStatus.COMPLETED)
        other = threads.create(ada, assistant=assistant)
        Run.objects.create(thread=other, assistant=assistant, model="scripted")  # as when the limit was higher
        sending.post_next(thread.id)
        assert live_run(thread) is not None


@pytest.mark.django_db(transaction=True)
class TestStartsAtOnce:
    def test_do_not_pass_the_limit_together(self, ada, assistant) -> None:
        say(ada, assistant)
        results = race(*[lambda: say(ada, assistant)] * 4)
        assert [type(each) for each in raised(results)] == [TooManyRuns] * 3
