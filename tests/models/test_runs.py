"""The life of a run."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from chat.models import Assistant, Run, RunStatus, Thread, User
from chat.models.runs import ENDED, LIVE, TRANSITIONS
from tests.models.racing import race

S = RunStatus
# Reference, section 6.2, drawn again by hand; failing while queued or waiting is what a dead worker leaves.
ALLOWED = {
    (S.QUEUED, S.IN_PROGRESS),
    (S.QUEUED, S.CANCELLING),
    (S.QUEUED, S.FAILED),
    (S.QUEUED, S.EXPIRED),
    (S.IN_PROGRESS, S.QUEUED),
    (S.IN_PROGRESS, S.REQUIRES_ACTION),
    (S.IN_PROGRESS, S.CANCELLING),
    (S.IN_PROGRESS, S.COMPLETED),
    (S.IN_PROGRESS, S.INCOMPLETE),
    (S.IN_PROGRESS, S.FAILED),
    (S.IN_PROGRESS, S.EXPIRED),
    (S.REQUIRES_ACTION, S.QUEUED),
    (S.REQUIRES_ACTION, S.CANCELLING),
    (S.REQUIRES_ACTION, S.FAILED),
    (S.REQUIRES_ACTION, S.EXPIRED),
    (S.CANCELLING, S.CANCELLED),
    (S.CANCELLING, S.EXPIRED),
}


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return Thread.objects.create(owner=ada, assistant=assistant)


def make(thread: Thread, **fields: object) -> Run:
    return Run.objects.create(thread=thread, assistant=thread.assistant, model="default", **fields)


@pytest.mark.django_db
class TestARun:
    @pytest.mark.parametrize("source", list(S))
    @pytest.mark.parametrize("target", list(S))
    def test_moves_only_along_the_table(self, thread: Thread, source: RunStatus, target: RunStatus) -> None:
        run = make(thread, status=source)
        expected = (source, target) in ALLOWED

        assert run.move(target) is expected
        run.refresh_from_db()
        assert run.status == (target if expected else source)

    def test_can_always_come_to_an_end(self) -> None:
        for status in LIVE:
            assert any(status in TRANSITIONS[end] for end in ENDED)
        for status in ENDED:
            assert not any(status in sources for sources in TRANSITIONS.values())

    def test_decides_by_the_row_and_not_by_what_it_remembers(self, thread: Thread) -> None:
        run = make(thread)
        Run.objects.filter(pk=run.pk).update(status=S.CANCELLED)

        assert run.status == S.QUEUED
        assert not run.move(S.IN_PROGRESS)

    def test_keeps_when_it_entered_its_status(self, thread: Thread) -> None:
        run = make(thread)
        for status, instant in [(S.IN_PROGRESS, "started_at"), (S.INCOMPLETE, "completed_at")]:
            assert run.move(status)
            run.refresh_from_db()
            assert getattr(run, instant) is not None

    def test_lives_for_ten_minutes(self, thread: Thread) -> None:
        run = make(thread)
        assert abs(run.expires_at - run.created_at - timedelta(seconds=600)) < timedelta(seconds=1)

    def test_has_nothing_left_of_its_life_when_it_ended(self, thread: Thread) -> None:
        run = make(thread, status=S.IN_PROGRESS, worker="w", required_action={"type": "submit_tool_outputs"})
        assert run.move(S.COMPLETED)
        run.refresh_from_db()
        assert (run.expires_at, run.required_action, run.worker) == (None, None, "")

    @pytest.mark.parametrize("status", LIVE)
    def test_has_the_thread_for_itself_while_it_lives(self, thread: Thread, status: RunStatus) -> None:
        make(thread, status=status)
        with pytest.raises(IntegrityError), transaction.atomic():
            make(thread)

    @pytest.mark.parametrize("status", ENDED)
    def test_leaves_the_thread_free_when_it_ended(self, thread: Thread, status: RunStatus) -> None:
        make(thread, status=status)
        make(thread)


@pytest.mark.django_db(transaction=True)
class TestRacingMoves:
    def test_let_one_worker_of_many_have_the_run(self, thread: Thread) -> None:
        run = make(thread)
        names = [f"worker-{number}" for number in range(8)]
        won = race(
            *(lambda name=name: Run.objects.get(pk=run.pk).move(RunStatus.IN_PROGRESS, worker=name) for name in names)
        )

        assert sorted(won) == [False] * 7 + [True]
        run.refresh_from_db()
        assert run.worker == names[won.index(True)]

    def test_let_either_the_end_or_the_stop_win(self, thread: Thread) -> None:
        for _ in range(10):
            run = make(thread, status=S.IN_PROGRESS)
            completed, stopped, expired = race(
                lambda run=run: Run.objects.get(pk=run.pk).move(S.COMPLETED),
                lambda run=run: Run.objects.get(pk=run.pk).move(S.CANCELLING),
                lambda run=run: Run.objects.get(pk=run.pk).move(S.FAILED),
            )
            assert [completed, stopped, expired].count(True) == 1
            Run.objects.filter(pk=run.pk).update(status=S.CANCELLED)
