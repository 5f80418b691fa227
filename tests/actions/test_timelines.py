"""The events of runs are kept for some time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.actions import expiry_sweep
from chat.models import Run, Thread, User

pytestmark = pytest.mark.django_db


def old_run(owner: User, *, days: float) -> Run:
    created_at = timezone.now() - timedelta(days=days)
    return Run.objects.create(
        thread=Thread.objects.create(owner=owner),
        model="m",
        status="completed",
        created_at=created_at,
        timeline=[[1, "thread.run.created", 0, ""]],
    )


def kept(*runs: Run) -> list[bool]:
    return [Run.objects.get(pk=run.pk).timeline is not None for run in runs]


class TestTimelines:
    def test_go_when_they_are_old_and_their_runs_stay(
        self, ada: User, settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(expiry_sweep, "BATCH", 2)
        settings.EVERTHREAD_TIMELINE_DAYS = 7
        runs = [old_run(ada, days=days) for days in (30, 20, 10, 7.1, 6.9, 0)]
        expiry_sweep.prune_timelines()
        assert kept(*runs) == [False, False, False, False, True, True]

    def test_stay_where_none_is_old(self, ada: User) -> None:
        run = old_run(ada, days=1)
        expiry_sweep.prune_timelines()
        assert kept(run) == [True]
