"""The shapes of runs and tool outputs that a program sends, in a request or in a frame of the websocket."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field

from chat.api import schemas
from chat.api.message_schemas import NewMessage
from chat.models.assistants import ReasoningEffort

# Fields of the bodies and frames below that are no settings of the run.
NOT_SETTINGS = {"assistant_id", "stream", "thread", "type", "request_id"}


class WholeThread(schemas.Body):
    type: Literal["auto"]
    last_messages: schemas.Tokens | None = None  # means nothing here; the contract allows it


class LastMessages(schemas.Body):
    type: Literal["last_messages"]
    last_messages: schemas.Tokens


class RunSettings(schemas.Body):
    """The settings of a run, however it is started."""

    assistant_id: schemas.Id
    model: schemas.ModelName | None = None
    instructions: schemas.Instructions | None = None
    tools: schemas.Tools | None = None
    metadata: schemas.Metadata | None = None
    temperature: schemas.Temperature | None = None
    top_p: schemas.TopP | None = None
    stream: bool | None = None
    max_prompt_tokens: schemas.Tokens | None = None
    max_completion_tokens: schemas.Tokens | None = None
    truncation_strategy: Annotated[WholeThread | LastMessages, Discriminator("type")] | None = None
    tool_choice: schemas.ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: ReasoningEffort | None = None
    response_format: schemas.ResponseFormat | None = None

    def settings(self) -> dict[str, Any]:
        """Return what was sent of the settings, as plain values: fields of ``runs.new_run``."""
        return self.model_dump(exclude_unset=True, exclude=NOT_SETTINGS)


class NewRun(RunSettings):
    """A run on a thread that exists."""

    additional_instructions: schemas.Instructions | None = None
    tool_resources: schemas.ToolResources | None = None
    additional_messages: list[NewMessage] | None = None


class ToolOutput(schemas.Body):
    tool_call_id: Annotated[str, Field(max_length=256)] | None = None
    output: str | None = None


class ToolOutputs(schemas.Body):
    tool_outputs: list[ToolOutput]
    stream: bool | None = None
