"""The shapes that the bodies of several resources share, with the limits of the reference, section 4."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

MAX_TOKENS = 2**31 - 1
MAX_INSTRUCTIONS = 256_000


class Body(BaseModel):
    """An object of a request: unknown parameters are refused, and so are values of a type that is not meant."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, serialize_by_alias=True)

    def given(self) -> dict[str, Any]:
        """What the client sent, as plain values; what it left out is not there."""
        return self.model_dump(exclude_unset=True)


Metadata = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]], Field(max_length=16)
]
Id = Annotated[str, Field(max_length=64)]
Name = Annotated[str, Field(max_length=256)]
Description = Annotated[str, Field(max_length=512)]
ModelName = Annotated[str, Field(min_length=1, max_length=256)]
Instructions = Annotated[str, Field(max_length=MAX_INSTRUCTIONS)]
Temperature = Annotated[float, Field(ge=0.0, le=2.0)]
TopP = Annotated[float, Field(ge=0.0, le=1.0)]
Tokens = Annotated[int, Field(ge=1, le=MAX_TOKENS)]
ReasoningEffort = Annotated[str, Field(max_length=20)]


def plain_or_object(value: Any) -> str:
    """Return the tag of the member that is meant of a union of a plain value and an object."""
    return "object" if isinstance(value, dict | BaseModel) else "plain"


def _sayable(value: dict[str, Any]) -> dict[str, Any]:
    """Raises ``ValueError`` for half of a surrogate pair, which JSON can write but no text can hold."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair, which is no character") from None
    return value


Anything = Annotated[dict[str, Any], AfterValidator(_sayable)]


def scalar(value: Any) -> Any:
    """The value. Raises pydantic's error for one that is no string, number or boolean, instead of one for each."""
    if not isinstance(value, str | int | float):
        raise PydanticCustomError("scalar_type", "no string, number or boolean")
    return value


# Whole numbers stay whole.
AttributeValue = Annotated[Annotated[str, Field(max_length=512)] | bool | int | float, BeforeValidator(scalar)]
Attributes = Annotated[dict[Annotated[str, Field(max_length=64)], AttributeValue], Field(max_length=16)]

# --- tools ----------------------------------------------------------------------------------------------------------


class HybridSearch(Body):
    """How much the meaning of a passage counts, and how much its words."""

    embedding_weight: Annotated[float, Field(ge=0.0)]
    text_weight: Annotated[float, Field(ge=0.0)]

    @model_validator(mode="after")
    def weighs_something(self) -> HybridSearch:
        if not self.embedding_weight + self.text_weight:
            raise ValueError("one of the weights must be greater than 0")
        return self


Threshold = Annotated[float, Field(ge=0.0, le=1.0)]


class RankingOptions(Body):
    ranker: Literal["auto", "default_2024_08_21"] = "auto"
    score_threshold: Threshold
    hybrid_search: HybridSearch | None = None


class FileSearchOptions(Body):
    max_num_results: Annotated[int, Field(ge=1, le=50)] | None = None
    ranking_options: RankingOptions | None = None


class FileSearchTool(Body):
    type: Literal["file_search"]
    file_search: FileSearchOptions | None = None


class CodeInterpreterTool(Body):
    type: Literal["code_interpreter"]


class FunctionSpec(Body):
    name: str
    description: str | None = None
    parameters: Anything | None = None
    strict: bool | None = None


class FunctionTool(Body):
    type: Literal["function"]
    function: FunctionSpec


Tool = Annotated[CodeInterpreterTool | FileSearchTool | FunctionTool, Discriminator("type")]
Tools = Annotated[list[Tool], Field(max_length=128)]


class NamedFunction(Body):
    name: str


class FunctionChoice(Body):
    type: Literal["function"]
    function: NamedFunction


HostedChoice = Annotated[CodeInterpreterTool | FileSearchTool | FunctionChoice, Discriminator("type")]
ToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag("plain")] | Annotated[HostedChoice, Tag("object")],
    Discriminator(plain_or_object),
]

# --- tool resources -------------------------------------------------------------------------------------------------


class CodeInterpreterResources(Body):
    file_ids: Annotated[list[Id], Field(max_length=20)] = []


class AutoChunking(Body):
    type: Literal["auto"]


class StaticChunks(Body):
    max_chunk_size_tokens: Annotated[int, Field(ge=100, le=4096)]
    chunk_overlap_tokens: Annotated[int, Field(ge=0, le=2048)]


class StaticChunking(Body):
    type: Literal["static"]
    static: StaticChunks


Chunking = Annotated[AutoChunking | StaticChunking, Discriminator("type")]


class NewVectorStore(Body):
    file_ids: Annotated[list[Id], Field(max_length=10_000)] = []
    chunking_strategy: Chunking | None = None
    metadata: Metadata | None = None


class FileSearchResources(Body):
    vector_store_ids: Annotated[list[Id], Field(max_length=1)] | None = None


class NewFileSearchResources(FileSearchResources):
    """On creation a store can be made by the way."""

    vector_stores: Annotated[list[NewVectorStore], Field(max_length=1)] | None = None


class ToolResources(Body):
    code_interpreter: CodeInterpreterResources | None = None
    file_search: FileSearchResources | None = None


class NewToolResources(Body):
    code_interpreter: CodeInterpreterResources | None = None
    file_search: NewFileSearchResources | None = None


# --- answers --------------------------------------------------------------------------------------------------------


class TextFormat(Body):
    type: Literal["text"]


class JsonObjectFormat(Body):
    type: Literal["json_object"]


class JsonSchema(Body):
    name: str
    description: str | None = None
    schema_: Annotated[Anything | None, Field(alias="schema")] = None
    strict: bool | None = None


class JsonSchemaFormat(Body):
    type: Literal["json_schema"]
    json_schema: JsonSchema


AnswerFormat = Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Discriminator("type")]
ResponseFormat = Annotated[
    Annotated[Literal["auto"], Tag("plain")] | Annotated[AnswerFormat, Tag("object")], Discriminator(plain_or_object)
]
