"""The frames that programs send (docs/websocket.md): the bodies of the API's requests, with a ``type``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter, ValidationError

from chat.api import schemas
from chat.api.http.parser import parse_json
from chat.api.http.validation_errors import refusal_for
from chat.api.message_schemas import NewMessage
from chat.api.run_schemas import NewRun, ToolOutputs
from chat.errors import MalformedFrame

MAX_REQUEST_ID = 200  # characters


class Frame(schemas.Body):
    request_id: Annotated[str, Field(max_length=MAX_REQUEST_ID)] | None = None


class RunOnThread(NewRun):
    """The settings of a run on the socket's thread. Without an assistant, it is the thread's own."""

    assistant_id: schemas.Id = ""


class SendMessage(Frame, NewMessage):
    type: Literal["send_message"]
    role: Literal["user", "assistant"] = "user"
    client_key: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    run: Annotated[
        Annotated[bool, Tag("plain")] | Annotated[RunOnThread, Tag("object")], Discriminator(schemas.plain_or_object)
    ] = True

    def message(self) -> dict[str, Any]:
        """Return what was sent of the message, as plain values: arguments of ``actions.conversation.sending.post``."""
        return self.model_dump(exclude_unset=True, exclude={"type", "request_id", "run"})

    def run_to_start(self) -> RunOnThread | None:
        """Return the run that is to answer. None: the message is only posted."""
        if isinstance(self.run, RunOnThread):
            return self.run
        return RunOnThread() if self.run else None


class StartRun(Frame, RunOnThread):
    type: Literal["start_run"]


class CancelRun(Frame):
    type: Literal["cancel_run"]
    run_id: schemas.Id


class SubmitToolOutputs(Frame, ToolOutputs):
    type: Literal["submit_tool_outputs"]
    run_id: schemas.Id


class Resume(Frame):
    type: Literal["resume"]
    run_id: schemas.Id
    seq: Annotated[int, Field(ge=0, le=2**31 - 1)]


AnyFrame = SendMessage | StartRun | CancelRun | SubmitToolOutputs | Resume
ADAPTER: TypeAdapter[AnyFrame] = TypeAdapter(Annotated[AnyFrame, Discriminator("type")])


def parse_frame(text: str) -> AnyFrame:
    """Return the frame of ``text``, checked. Raise ``MalformedFrame``, in the words of the API where it has some."""
    try:
        body = parse_json(text)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise MalformedFrame("A frame must be one JSON object in a text frame.")
    try:
        return ADAPTER.validate_python(body)
    except ValidationError as invalid:
        # pydantic names the type of the frame first, as it names the argument of an operation of the API.
        invalid_request = refusal_for(invalid.errors(include_url=False)[0], value=body)
        raise MalformedFrame(
            invalid_request.message,
            param=invalid_request.param,
            code=invalid_request.code,
            request_id=request_id_of(body),
        ) from None


def request_id_of(body: dict[str, Any]) -> str | None:
    """Return the ``request_id`` of a malformed frame, if it may be repeated."""
    request_id = body.get("request_id")
    return request_id if isinstance(request_id, str) and len(request_id) <= MAX_REQUEST_ID else None
