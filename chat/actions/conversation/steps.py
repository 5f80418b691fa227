"""What a run did, as programs find it."""

from __future__ import annotations

from django.db.models import QuerySet

from chat.actions.conversation import runs
from chat.errors import Absent
from chat.models import Run, RunStep, User


def of(run: Run) -> QuerySet[RunStep]:
    return RunStep.objects.filter(run=run)


def get(user: User, thread_id: str, run_id: str, step_id: str) -> RunStep:
    """A step of a run of the user's thread. Raises ``Absent``."""
    step = of(runs.get(user, thread_id, run_id)).select_related("run").filter(id=step_id).first()
    if step is None:
        raise Absent("run step", step_id)
    return step
