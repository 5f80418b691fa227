"""The bodies of Chat Completions and Embeddings, as far as we read them.

Of a request that is passed on, only ``ForwardedBody``. Our own models and assistants read the rest: what would change
the form of the answer is refused, other unknown fields are ignored: programs send all servers what one of them knows.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from chat.api import schemas
from chat.api.http.validation_errors import refusal_for
from chat.api.message_schemas import Detail
from chat.models.assistants import ReasoningEffort
from chat.models.threads import MAX_TEXT

Body = TypeVar("Body", bound=BaseModel)
Text = Annotated[str, Field(max_length=MAX_TEXT)]


class ForwardedBody(BaseModel):
    """Fields besides these are passed on as they are."""

    model_config = ConfigDict(extra="allow", strict=True)

    model: schemas.ModelName


class ChatCompletionBody(ForwardedBody):
    messages: list[dict[str, Any]]
    stream: bool | None = None


class EmbeddingBody(ForwardedBody):
    input: str | list[Any]


class Lenient(BaseModel):
    """An object whose unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


def string_or_array(value: Any) -> str:
    """Return the tag of the member of a union of a string and an array that ``value`` is."""
    return "array" if isinstance(value, list) else "string"


class TextPart(Lenient):
    type: Literal["text"]
    text: Text


class RefusalPart(Lenient):
    type: Literal["refusal"]
    refusal: Text


class ImageAddress(Lenient):
    url: str
    detail: Detail = "auto"


class ImagePart(Lenient):
    type: Literal["image_url"]
    image_url: ImageAddress


PlainText = Annotated[Text, Tag("string")]
Texts = Annotated[PlainText | Annotated[list[TextPart], Tag("array")], Discriminator(string_or_array)]
UserPart = Annotated[TextPart | ImagePart, Discriminator("type")]
UserContent = Annotated[PlainText | Annotated[list[UserPart], Tag("array")], Discriminator(string_or_array)]
AssistantPart = Annotated[TextPart | RefusalPart, Discriminator("type")]
AssistantContent = Annotated[PlainText | Annotated[list[AssistantPart], Tag("array")], Discriminator(string_or_array)]


class FunctionArguments(Lenient):
    name: str
    arguments: Text


class Call(Lenient):
    id: Annotated[str, Field(max_length=256)]
    type: Literal["function"]
    function: FunctionArguments


class SystemMessage(Lenient):
    role: Literal["system", "developer"]
    content: Texts


class UserMessage(Lenient):
    role: Literal["user"]
    content: UserContent


class AssistantMessage(Lenient):
    role: Literal["assistant"]
    content: AssistantContent | None = None
    tool_calls: list[Call] | None = None


class ToolMessage(Lenient):
    role: Literal["tool"]
    tool_call_id: Annotated[str, Field(max_length=256)]
    content: Texts


Message = Annotated[SystemMessage | UserMessage | AssistantMessage | ToolMessage, Discriminator("role")]


class StreamOptions(Lenient):
    include_usage: bool | None = None


ToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag("plain")] | Annotated[schemas.FunctionChoice, Tag("object")],
    Discriminator(schemas.plain_or_object),
]


class Answerable(Lenient):
    """A request that one of our own models, or an assistant, answers."""

    messages: Annotated[list[Message], Field(min_length=1)]
    tools: list[schemas.FunctionTool] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    temperature: schemas.Temperature | None = None
    top_p: schemas.TopP | None = None
    max_tokens: schemas.Tokens | None = None
    max_completion_tokens: schemas.Tokens | None = None
    reasoning_effort: ReasoningEffort | None = None
    response_format: schemas.AnswerFormat | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: Annotated[str, Field(max_length=512)] | None = None
    metadata: schemas.Metadata | None = None
    n: Literal[1] | None = None
    logprobs: Literal[False] | None = None
    modalities: list[Literal["text"]] | None = None
    functions: None = None  # the old spelling of tools
    function_call: None = None

    @property
    def shows_usage(self) -> bool:
        """Return whether the last chunk of a stream has the tokens."""
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def limit(self) -> int | None:
        """Return the limit of tokens under its new or its old name."""
        return self.max_completion_tokens or self.max_tokens


class Embeddable(Lenient):
    """A request that the built-in embedding model answers."""

    input: Annotated[
        Annotated[Annotated[str, Field(min_length=1)], Tag("string")]
        | Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1, max_length=2048), Tag("array")],
        Discriminator(string_or_array),
    ]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = None

    @property
    def texts(self) -> list[str]:
        return [self.input] if isinstance(self.input, str) else self.input


def read_as(kind: type[Body], body: dict[str, Any]) -> Body:
    """Return ``body`` as an object of ``kind``. Raise ``InvalidRequest`` if it is none."""
    try:
        return kind.model_validate(body)
    except ValidationError as invalid:
        error = invalid.errors(include_url=False)[0]
        error["loc"] = ("body", *error["loc"])  # where an argument of an operation has its name
        raise refusal_for(error, value=body) from None


def text_of(content: Any) -> str:
    """Return the text of a message's content: a string, or parts of which pictures are left out."""
    if content is None or isinstance(content, str):
        return content or ""
    texts = (part.refusal if part.type == "refusal" else part.text for part in content if part.type != "image_url")
    return "\n\n".join(texts)
