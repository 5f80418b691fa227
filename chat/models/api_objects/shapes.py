"""The shapes of the API's objects, in wire order (reference, section 3): lists, assistants, threads, messages, models.

``objects`` and its neighbours make them of rows, and the API's documentation is drawn from them. What may be sent to us
is another matter: see ``chat.api.schemas``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Generic, Literal, NotRequired, TypeVar

from pydantic import Discriminator, Field
from typing_extensions import TypedDict

from chat.models.threads import Message

Shown = TypeVar("Shown")
Seconds = int  # since 1970, in UTC
Metadata = dict[str, str]
ResponseFormat = Literal["auto"] | dict[str, Any]


def one_of(values: Sequence[str]) -> Any:
    """Return what the documentation says of a text with few ``values``."""
    return Field(json_schema_extra={"enum": list(values)})


RoleName = Annotated[str, one_of(Message.Role.values)]
MessageStatusName = Annotated[str, one_of(Message.Status.values)]

# --- lists, and what is gone ------------------------------------------------------------------------------------------


class ListObject(TypedDict, Generic[Shown]):
    object: Literal["list"]
    data: list[Shown]
    first_id: str | None
    last_id: str | None
    has_more: bool


class DeletedObject(TypedDict):
    """``object`` is that of the object with ``.deleted``, such as ``thread.deleted``; of a file, ``file``."""

    id: str
    object: str
    deleted: Literal[True]


# --- assistants -------------------------------------------------------------------------------------------------------


class ShownFunction(TypedDict):
    name: str
    description: NotRequired[str]
    parameters: dict[str, Any]
    strict: bool


class ShownFunctionTool(TypedDict):
    type: Literal["function"]
    function: ShownFunction


class ShownFileSearch(TypedDict):
    max_num_results: NotRequired[int]
    ranking_options: dict[str, Any]


class ShownFileSearchTool(TypedDict):
    type: Literal["file_search"]
    file_search: ShownFileSearch


class ShownCodeInterpreterTool(TypedDict):
    type: Literal["code_interpreter"]


ShownTool = Annotated[ShownCodeInterpreterTool | ShownFileSearchTool | ShownFunctionTool, Discriminator("type")]


class CodeFiles(TypedDict):
    file_ids: list[str]


class SearchedStores(TypedDict):
    vector_store_ids: list[str]


class ShownToolResources(TypedDict):
    code_interpreter: NotRequired[CodeFiles]
    file_search: NotRequired[SearchedStores]


class AssistantObject(TypedDict):
    id: str
    object: Literal["assistant"]
    created_at: Seconds
    name: str | None
    description: str | None
    model: str
    instructions: str | None
    tools: list[ShownTool]
    top_p: float
    temperature: float
    reasoning_effort: str | None
    tool_resources: ShownToolResources
    metadata: Metadata
    response_format: ResponseFormat


# --- threads and messages ---------------------------------------------------------------------------------------------


class ThreadObject(TypedDict):
    id: str
    object: Literal["thread"]
    created_at: Seconds
    metadata: Metadata
    tool_resources: ShownToolResources


class TextValue(TypedDict):
    value: str
    annotations: list[dict[str, Any]]


class ShownText(TypedDict):
    type: Literal["text"]
    text: TextValue


class FileOfImage(TypedDict):
    file_id: str
    detail: NotRequired[str]


class ShownImageFile(TypedDict):
    type: Literal["image_file"]
    image_file: FileOfImage


class AddressOfImage(TypedDict):
    url: str
    detail: NotRequired[str]


class ShownImageUrl(TypedDict):
    type: Literal["image_url"]
    image_url: AddressOfImage


class ShownRefusal(TypedDict):
    type: Literal["refusal"]
    refusal: str


ShownPart = Annotated[ShownText | ShownImageFile | ShownImageUrl | ShownRefusal, Discriminator("type")]


class MessageIncomplete(TypedDict):
    reason: str


class MessageObject(TypedDict):
    """``attachments`` are as they were sent."""

    id: str
    object: Literal["thread.message"]
    created_at: Seconds
    assistant_id: str | None
    thread_id: str
    run_id: str | None
    status: MessageStatusName
    incomplete_details: MessageIncomplete | None
    incomplete_at: Seconds | None
    completed_at: Seconds | None
    role: RoleName
    content: list[ShownPart]
    attachments: list[dict[str, Any]]
    metadata: Metadata


# --- models -----------------------------------------------------------------------------------------------------------


class ModelObject(TypedDict):
    id: str
    object: Literal["model"]
    created: Seconds
    owned_by: str


class ModelList(TypedDict):
    """All of them: this list has no pages."""

    object: Literal["list"]
    data: list[ModelObject]
