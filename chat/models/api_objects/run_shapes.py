"""The shapes of runs and of their steps (reference, section 3)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Discriminator
from typing_extensions import TypedDict

from chat.models.api_objects.shapes import Metadata, ResponseFormat, Seconds, ShownTool, ShownToolResources, one_of
from chat.models.runs import RunStatus, StepStatus, StepType

ToolChoice = Literal["none", "auto", "required"] | dict[str, Any]
RunStatusName = Annotated[str, one_of(RunStatus.values)]
StepStatusName = Annotated[str, one_of(StepStatus.values)]
StepTypeName = Annotated[str, one_of(StepType.values)]


class CachedTokens(TypedDict):
    cached_tokens: int


class ReasoningTokens(TypedDict):
    reasoning_tokens: int


class UsageObject(TypedDict):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_token_details: CachedTokens
    completion_tokens_details: ReasoningTokens


class LastError(TypedDict):
    code: Literal["server_error", "rate_limit_exceeded", "invalid_prompt"]
    message: str


class CalledFunction(TypedDict):
    """``arguments`` is JSON text."""

    name: str
    arguments: str


class AskedCall(TypedDict):
    id: str
    type: Literal["function"]
    function: CalledFunction


class AskedOutputs(TypedDict):
    tool_calls: list[AskedCall]


class RequiredAction(TypedDict):
    type: Literal["submit_tool_outputs"]
    submit_tool_outputs: AskedOutputs


class RunIncomplete(TypedDict):
    reason: Literal["max_completion_tokens", "max_prompt_tokens"]


class Truncation(TypedDict):
    type: Literal["auto", "last_messages"]
    last_messages: int | None


class RunObject(TypedDict):
    id: str
    object: Literal["thread.run"]
    created_at: Seconds
    assistant_id: str | None
    thread_id: str
    status: RunStatusName
    started_at: Seconds | None
    expires_at: Seconds | None
    cancelled_at: Seconds | None
    failed_at: Seconds | None
    completed_at: Seconds | None
    required_action: RequiredAction | None
    last_error: LastError | None
    model: str
    instructions: str | None
    tools: list[ShownTool]
    tool_resources: ShownToolResources
    metadata: Metadata
    temperature: float
    top_p: float
    reasoning_effort: str | None
    max_completion_tokens: int | None
    max_prompt_tokens: int | None
    truncation_strategy: Truncation
    incomplete_details: RunIncomplete | None
    usage: UsageObject | None
    response_format: ResponseFormat
    tool_choice: ToolChoice
    parallel_tool_calls: bool


class CreatedMessage(TypedDict):
    message_id: str


class MessageCreation(TypedDict):
    type: Literal["message_creation"]
    message_creation: CreatedMessage


class AnsweredFunction(CalledFunction):
    """``output`` is null until it was handed in."""

    output: str | None


class FunctionCall(TypedDict):
    id: str
    type: Literal["function"]
    function: AnsweredFunction


class RunCode(TypedDict):
    input: str
    outputs: list[dict[str, Any]]


class CodeCall(TypedDict):
    id: str
    type: Literal["code_interpreter"]
    code_interpreter: RunCode


class FoundPassage(TypedDict):
    """``content`` only for those who ask with ``include[]``."""

    file_id: str
    file_name: str
    score: float
    attributes: dict[str, Any]
    content: NotRequired[list[dict[str, Any]]]


class Search(TypedDict):
    ranking_options: NotRequired[dict[str, Any]]
    results: list[FoundPassage]


class SearchCall(TypedDict):
    id: str
    type: Literal["file_search"]
    file_search: Search


ToolCallObject = Annotated[FunctionCall | CodeCall | SearchCall, Discriminator("type")]


class ToolCalls(TypedDict):
    type: Literal["tool_calls"]
    tool_calls: list[ToolCallObject]


class StepObject(TypedDict):
    """A run step. ``expired_at`` is what SDKs call ``expires_at`` of a step that expired."""

    id: str
    object: Literal["thread.run.step"]
    created_at: Seconds
    run_id: str
    assistant_id: str | None
    thread_id: str
    type: StepTypeName
    status: StepStatusName
    cancelled_at: Seconds | None
    completed_at: Seconds | None
    expires_at: Seconds | None
    expired_at: Seconds | None
    failed_at: Seconds | None
    last_error: LastError | None
    step_details: Annotated[MessageCreation | ToolCalls, Discriminator("type")]
    usage: UsageObject | None
    metadata: Metadata | None
