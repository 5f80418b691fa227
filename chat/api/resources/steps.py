"""Run steps: reference, sections 2 and 3."""

from __future__ import annotations

from collections.abc import Sequence

from ninja import Query, Router

from chat.actions.conversation import runs, steps
from chat.api.http.pagination import ListQuery, paginate
from chat.api.http.request import ApiRequest
from chat.api.streaming.sse import Include, IncludeQuery, hide_passages
from chat.models import Run, RunStep
from chat.models.api_objects.objects import step_object
from chat.models.api_objects.run_shapes import StepObject
from chat.models.api_objects.shapes import ListObject

router = Router(tags=["Run steps"])


class StepListQuery(ListQuery):
    include: list[Include] = []


@router.get("/threads/{thread_id}/runs/{run_id}/steps")
def list_run_steps(
    request: ApiRequest, thread_id: str, run_id: str, query: Query[StepListQuery]
) -> ListObject[StepObject]:
    run = runs.get(request.user, thread_id, run_id)
    return paginate(steps.of_run(run), query, serialize=lambda step: _serialize(step, run=run, include=query.include))


@router.get("/threads/{thread_id}/runs/{run_id}/steps/{step_id}")
def retrieve_run_step(
    request: ApiRequest, thread_id: str, run_id: str, step_id: str, query: Query[IncludeQuery]
) -> StepObject:
    step = steps.get(request.user, thread_id, run_id, step_id)
    return _serialize(step, run=step.run, include=query.include)


def _serialize(step: RunStep, *, run: Run, include: Sequence[Include]) -> StepObject:
    data = step_object(step, run=run)
    return data if include else hide_passages(data)
