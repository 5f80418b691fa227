"""What a program's frames do: each is one call of an action, and what became of it. All of it reads or writes rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from chat.actions.assistants import assistants
from chat.actions.conversation import runs, sending, threads
from chat.api.websocket.frames import AnyFrame, CancelRun, RunSettings, SendMessage, StartRun, SubmitToolOutputs
from chat.models import Assistant, Message, Run, Thread, User
from chat.models.objects import Object, message_object, run_object

Objects = dict[str, Object | None]
NOT_SETTINGS = {"type", "request_id", "assistant_id"}


def obey(user: User, thread_id: str, frame: AnyFrame) -> Objects:
    """Do what ``frame`` asks; the objects of its ``accepted`` frame. Raises ``Refusal``."""
    return COMMANDS[type(frame)](user, thread_id, frame)


def send_message(user: User, thread_id: str, frame: SendMessage) -> Objects:
    thread = threads.get(user, thread_id)
    wanted = RunSettings() if frame.run is True else frame.run
    assistant = answering(thread, wanted) if isinstance(wanted, RunSettings) else None
    posted = sending.post(
        thread,
        content=msgspec.to_builtins(frame.content),
        attachments=msgspec.to_builtins(frame.attachments),
        metadata=frame.metadata,
        client_key=frame.client_key,
        assistant=assistant,
        settings=settings_of(wanted) if isinstance(wanted, RunSettings) and assistant else {},
    )
    return {"message": shown_message(posted.message), "run": shown_run(posted.run)}


def start_run(user: User, thread_id: str, frame: StartRun) -> Objects:
    thread = threads.get(user, thread_id)
    assistant = answering(thread, frame)
    return {"run": run_object(runs.start(thread, assistant=assistant, **settings_of(frame)))}


def cancel_run(user: User, thread_id: str, frame: CancelRun) -> Objects:
    return {"run": run_object(runs.cancel(runs.get(user, thread_id, frame.run_id)))}


def submit_tool_outputs(user: User, thread_id: str, frame: SubmitToolOutputs) -> Objects:
    outputs = msgspec.to_builtins(frame.tool_outputs)
    return {"run": run_object(runs.submit_tool_outputs(runs.get(user, thread_id, frame.run_id), outputs=outputs))}


COMMANDS: dict[type[Any], Callable[[User, str, Any], Objects]] = {
    SendMessage: send_message,
    StartRun: start_run,
    CancelRun: cancel_run,
    SubmitToolOutputs: submit_tool_outputs,
}


def answering(thread: Thread, wanted: RunSettings) -> Assistant:
    """The assistant that the frame names, else the thread's own. Raises ``NotFound``."""
    if wanted.assistant_id:
        return assistants.get(thread.owner, wanted.assistant_id)
    return sending.assistant_of(thread)


def settings_of(wanted: RunSettings) -> dict[str, Any]:
    """What ``runs.start`` takes."""
    settings: dict[str, Any] = msgspec.to_builtins(wanted)
    return {name: value for name, value in settings.items() if name not in NOT_SETTINGS}


def shown_message(message: Message | None) -> Object | None:
    return message_object(message) if message else None


def shown_run(run: Run | None) -> Object | None:
    return run_object(run) if run else None
