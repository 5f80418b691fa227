"""The steps of a run, as the API shows them."""

from __future__ import annotations

from django.db.models import QuerySet

from chat.actions.conversation import runs
from chat.errors import Absent
from chat.models import Run, RunStep, User


def of_run(run: Run) -> QuerySet[RunStep]:
    return RunStep.objects.filter(run=run)


def get(user: User, thread_id: str, run_id: str, step_id: str) -> RunStep:
    """Return a step of a run of the user's thread. Raise ``Absent``."""
    step = of_run(runs.get(user, thread_id, run_id)).select_related("run").filter(id=step_id).first()
    if step is None:
        raise Absent("run step", step_id)
    return step
