"""The events of runs are kept for some time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.actions import expiry_sweep
from chat.models import Run, RunEvent, Thread, User

pytestmark = pytest.mark.django_db


def old_run(owner: User, *, days: float) -> Run:
    created_at = timezone.now() - timedelta(days=days)
    run = Run.objects.create(
        thread=Thread.objects.create(owner=owner), model="m", status="completed", created_at=created_at
    )
    for seq in range(1, 6):
        RunEvent.objects.create(run=run, seq=seq, name="thread.run.created", created_at=created_at)
    return run


class TestTimelines:
    def test_go_when_they_are_old_and_their_runs_stay(
        self, ada: User, settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(expiry_sweep, "BATCH", 2)
        settings.EVERTHREAD_TIMELINE_DAYS = 7
        runs = [old_run(ada, days=days) for days in (30, 7.1, 6.9, 0)]
        expiry_sweep.prune_timelines()
        assert [run.events.count() for run in runs] == [0, 0, 5, 5]
        assert Run.objects.count() == 4

    def test_stay_where_none_is_old(self, ada: User) -> None:
        run = old_run(ada, days=1)
        expiry_sweep.prune_timelines()
        assert run.events.count() == 5
