"""The frames that programs send, checked as docs/websocket.md describes them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from chat.errors import InvalidRequest

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=256)]
Instructions = Annotated[str, Meta(max_length=256_000)]
Tokens = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Key = Annotated[str, Meta(max_length=64)]
RequestId = Annotated[str, Meta(max_length=200)]
Metadata = Annotated[dict[Key, Annotated[str, Meta(max_length=512)]], Meta(max_length=16)]


class Strict(Struct, forbid_unknown_fields=True, kw_only=True):
    """An object whose unknown fields are refused, and whose fields that were not sent stay unset."""


class ImageFile(Strict, kw_only=True):
    file_id: Id
    detail: Literal["auto", "low", "high"] = "auto"


class ImageUrl(Strict, kw_only=True):
    url: Annotated[str, Meta(min_length=8)]
    detail: Literal["auto", "low", "high"] = "auto"


class TextPart(Strict, tag_field="type", tag="text", kw_only=True):
    text: str


class ImageFilePart(Strict, tag_field="type", tag="image_file", kw_only=True):
    image_file: ImageFile


class ImageUrlPart(Strict, tag_field="type", tag="image_url", kw_only=True):
    image_url: ImageUrl


class Hosted(Strict, kw_only=True):
    type: Literal["file_search", "code_interpreter"]


class Attachment(Strict, kw_only=True):
    file_id: Id
    tools: list[Hosted] = []


class FunctionSpec(Strict, kw_only=True):
    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool = False


class FunctionTool(Strict, tag_field="type", tag="function", kw_only=True):
    function: FunctionSpec


class FunctionName(Strict, kw_only=True):
    name: str


class FunctionChoice(Strict, tag_field="type", tag="function", kw_only=True):
    function: FunctionName


class Whole(Strict, tag_field="type", tag="auto", kw_only=True):
    """As much of the thread as fits."""

    last_messages: None = None


class LastMessages(Strict, tag_field="type", tag="last_messages", kw_only=True):
    last_messages: Tokens


class RunSettings(Strict, kw_only=True):
    """What a run may do otherwise than its assistant (reference, section 6.1)."""

    assistant_id: Id | UnsetType = UNSET
    model: Name | UnsetType = UNSET
    instructions: Instructions | UnsetType = UNSET
    additional_instructions: Instructions | UnsetType = UNSET
    tools: Annotated[list[FunctionTool], Meta(max_length=128)] | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET
    temperature: Annotated[float, Meta(ge=0, le=2)] | UnsetType = UNSET
    top_p: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    reasoning_effort: Annotated[str, Meta(max_length=20)] | UnsetType = UNSET
    max_prompt_tokens: Tokens | UnsetType = UNSET
    max_completion_tokens: Tokens | UnsetType = UNSET
    truncation_strategy: Whole | LastMessages | UnsetType = UNSET
    response_format: Literal["auto"] | dict[str, Any] | UnsetType = UNSET
    tool_choice: Literal["none", "auto", "required"] | FunctionChoice | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET


class ToolOutput(Strict, kw_only=True):
    tool_call_id: Annotated[str, Meta(max_length=256)]
    output: str = ""


class Frame(Strict, tag_field="type", kw_only=True):
    request_id: RequestId | None = None


class SendMessage(Frame, tag="send_message", kw_only=True):
    content: str | list[TextPart | ImageFilePart | ImageUrlPart]
    attachments: list[Attachment] = []
    metadata: Metadata = {}
    client_key: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    run: bool | RunSettings = True


class StartRun(RunSettings, tag_field="type", tag="start_run", kw_only=True):
    request_id: RequestId | None = None


class CancelRun(Frame, tag="cancel_run", kw_only=True):
    run_id: Id


class SubmitToolOutputs(Frame, tag="submit_tool_outputs", kw_only=True):
    run_id: Id
    tool_outputs: list[ToolOutput]


class Resume(Frame, tag="resume", kw_only=True):
    run_id: Id
    seq: Annotated[int, Meta(ge=0, le=2**31 - 1)]


AnyFrame = SendMessage | StartRun | CancelRun | SubmitToolOutputs | Resume


class Malformed(InvalidRequest):
    """The frame is not one of those that this socket takes. ``request_id`` is the frame's, if it could be read."""

    def __init__(self, message: str, *, param: str | None = None, request_id: str | None = None) -> None:
        super().__init__(message, param=param)
        self.request_id = request_id


def read_frame(text: str) -> AnyFrame:
    """Raises ``Malformed``."""
    try:
        raw = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        raise Malformed("A frame must be one JSON object in a text frame.") from None
    given = raw.get("request_id") if isinstance(raw, dict) else None
    try:
        frame: AnyFrame = msgspec.convert(without_nul(raw), AnyFrame)
    except msgspec.ValidationError as error:
        what, _at, path = str(error).partition(" - at `$.")
        request_id = given if isinstance(given, str) and len(given) <= 200 else None
        raise Malformed(f"{what}.", param=path.rstrip("`") or None, request_id=request_id) from None
    return frame


def without_nul(value: Any) -> Any:
    """``value`` without the one character that PostgreSQL cannot keep."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [without_nul(item) for item in value]
    if isinstance(value, dict):
        return {without_nul(key): without_nul(item) for key, item in value.items()}
    return value
