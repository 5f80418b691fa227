"""The commands of the frames that programs send, each one call of an action. The consumer calls ``execute``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chat.actions.conversation import runs, sending
from chat.actions.vanished_rows import act
from chat.api.websocket.frames import AnyFrame, CancelRun, RunOnThread, SendMessage, StartRun, SubmitToolOutputs
from chat.models import User
from chat.models.api_objects.objects import Object, message_object, run_object

Objects = dict[str, Object | None]


def execute(user: User, thread_id: str, frame: AnyFrame) -> Objects:
    """Carry out ``frame`` and return the objects of its ``accepted`` frame. Raise ``Refusal``."""
    return act(user, lambda: COMMANDS[type(frame)](user, thread_id, frame))


def send_message(user: User, thread_id: str, frame: SendMessage) -> Objects:
    run = frame.run_to_start()
    posted = sending.post(user, thread_id, run=fields_of(run) if run else None, **frame.message())
    return {
        "message": message_object(posted.message) if posted.message else None,
        "run": run_object(posted.run) if posted.run else None,
    }


def start_run(user: User, thread_id: str, frame: StartRun) -> Objects:
    return {"run": run_object(runs.create(user, thread_id, **fields_of(frame)))}


def cancel_run(user: User, thread_id: str, frame: CancelRun) -> Objects:
    return {"run": run_object(runs.cancel(runs.get(user, thread_id, frame.run_id)))}


def submit_tool_outputs(user: User, thread_id: str, frame: SubmitToolOutputs) -> Objects:
    outputs = [output.model_dump() for output in frame.tool_outputs]
    return {"run": run_object(runs.submit_tool_outputs(runs.get(user, thread_id, frame.run_id), outputs=outputs))}


COMMANDS: dict[type[Any], Callable[[User, str, Any], Objects]] = {
    SendMessage: send_message,
    StartRun: start_run,
    CancelRun: cancel_run,
    SubmitToolOutputs: submit_tool_outputs,
}


def fields_of(run: RunOnThread) -> dict[str, Any]:
    """Return the fields of ``runs.new_run``. A run without an assistant is answered by the thread's own."""
    return {"assistant_id": run.assistant_id or None, **run.settings()}
