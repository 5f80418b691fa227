"""Runs: reference, sections 2, 3, 6 and 7."""

from __future__ import annotations

from functools import partial

from django.http import HttpResponse
from ninja import Query, Router

from chat.actions.conversation import new_threads, runs, steps
from chat.api import schemas
from chat.api.http.pagination import ListQuery, paginate
from chat.api.http.poll_header import set_poll_header
from chat.api.http.request import ApiRequest
from chat.api.resources.threads import NewThread
from chat.api.run_schemas import NewRun, RunSettings, ToolOutputs
from chat.api.streaming.sse import IncludeQuery, RunResponse, stream_run
from chat.models.api_objects.objects import run_object
from chat.models.api_objects.run_shapes import RunObject
from chat.models.api_objects.shapes import ListObject
from chat.models.ids import new_id

router = Router(tags=["Runs"])


class NewThreadAndRun(RunSettings):
    thread: NewThread | None = None
    tool_resources: schemas.NewToolResources | None = None


class RunChanges(schemas.Body):
    metadata: schemas.Metadata | None = None


@router.post("/threads/runs")
def create_thread_and_run(request: ApiRequest, body: NewThreadAndRun) -> RunResponse:
    """A new thread, and a run on it; with ``stream``, as server-sent events."""
    fields = {"assistant_id": body.assistant_id, **body.settings()}
    thread = body.thread.sent_values() if body.thread else {}
    thread_id = new_id("thread_")
    start = partial(new_threads.create_and_run, request.user, thread=thread, id=thread_id, **fields)
    if not body.stream:
        return run_object(start())
    return stream_run(request, thread_id, start, with_thread=True)


@router.post("/threads/{thread_id}/runs")
def create_run(request: ApiRequest, thread_id: str, body: NewRun, query: Query[IncludeQuery]) -> RunResponse:
    """Start a run; with ``stream``, as server-sent events up to its end or its ``requires_action``."""
    start = partial(runs.create, request.user, thread_id, assistant_id=body.assistant_id, **body.settings())
    if not body.stream:
        return run_object(start())
    return stream_run(request, thread_id, start, include=query.include)


@router.get("/threads/{thread_id}/runs")
def list_runs(request: ApiRequest, thread_id: str, query: Query[ListQuery]) -> ListObject[RunObject]:
    return paginate(runs.of_thread(request.user, thread_id), query, serialize=run_object)


@router.get("/threads/{thread_id}/runs/{run_id}")
def retrieve_run(request: ApiRequest, response: HttpResponse, thread_id: str, run_id: str) -> RunObject:
    run = runs.get(request.user, thread_id, run_id)
    if run.is_live:
        set_poll_header(response)
    return run_object(run)


@router.post("/threads/{thread_id}/runs/{run_id}")
def modify_run(request: ApiRequest, thread_id: str, run_id: str, body: RunChanges | None = None) -> RunObject:
    """Only ``metadata`` can be changed; it is replaced as a whole."""
    run = runs.get(request.user, thread_id, run_id)
    changes = (body or RunChanges()).sent_values()
    return run_object(runs.update(run, metadata=changes["metadata"] or {}) if changes else run)


@router.post("/threads/{thread_id}/runs/{run_id}/cancel")
def cancel_run(request: ApiRequest, thread_id: str, run_id: str) -> RunObject:
    return run_object(runs.cancel(runs.get(request.user, thread_id, run_id)))


@router.post("/threads/{thread_id}/runs/{run_id}/submit_tool_outputs")
def submit_tool_outputs(request: ApiRequest, thread_id: str, run_id: str, body: ToolOutputs) -> RunResponse:
    """The outputs of all calls that the run waits for; with ``stream``, what comes then as server-sent events."""
    run = runs.get(request.user, thread_id, run_id)
    outputs = [output.model_dump() for output in body.tool_outputs]
    submit = partial(runs.submit_tool_outputs, run, outputs=outputs)
    if not body.stream:
        return run_object(submit())
    known_steps = dict(steps.of_run(run).values_list("id", "status"))
    return stream_run(request, thread_id, submit, after=run.seq, known_steps=known_steps)
