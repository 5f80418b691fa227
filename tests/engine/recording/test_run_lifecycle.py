"""Rows of a run are closed once, whoever closes them."""

from __future__ import annotations

import pytest

from chat.engine.recording import run_lifecycle
from chat.models import Message, Run, RunStatus, RunStep, StepStatus, Thread

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(thread: Thread) -> Run:
    return Run.objects.create(thread=thread, assistant=thread.assistant, model="m", status=RunStatus.IN_PROGRESS)


class TestAMessageThatWasClosedBefore:
    def test_is_told_of_once_and_keeps_its_content(self, run: Run) -> None:
        row, _step, _events = run_lifecycle.open_message(run)
        again = Message.objects.get(pk=row.pk)
        row.content = [{"type": "text", "text": {"value": "Yes.", "annotations": []}}]
        [(name, _message)] = run_lifecycle.close_message(row, run=run)

        assert name == "thread.message.completed"
        assert run_lifecycle.close_message(again, run=run, reason="run_cancelled") == []
        again.refresh_from_db()
        assert (again.text, again.status) == ("Yes.", "completed")


class TestAStepThatWasClosedBefore:
    def test_is_told_of_once_and_stays_completed(self, run: Run) -> None:
        _row, step, _events = run_lifecycle.open_message(run)
        again = RunStep.objects.get(pk=step.pk)
        [(name, _step)] = run_lifecycle.close_step(step, run=run, to=StepStatus.COMPLETED)

        assert name == "thread.run.step.completed"
        assert run_lifecycle.close_step(again, run=run, to=StepStatus.CANCELLED) == []
        assert RunStep.objects.get(pk=step.pk).status == StepStatus.COMPLETED


class TestTheEndOfARunThatNobodyHolds:
    def test_closes_what_the_database_knows_to_be_open(self, run: Run) -> None:
        run_lifecycle.open_message(run)
        names = [name for name, _data in run_lifecycle.end(run, RunStatus.FAILED, last_error={"code": "x"})]

        assert names == ["thread.message.incomplete", "thread.run.step.failed", "thread.run.failed"]
