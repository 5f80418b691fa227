"""The shapes that the bodies of several resources share, with the limits of the reference, section 4."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

MAX_TOKENS = 2**31 - 1
MAX_INSTRUCTIONS = 256_000


class Body(BaseModel):
    """An object in a request. Unknown parameters and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, serialize_by_alias=True)

    def sent_values(self) -> dict[str, Any]:
        """Return the fields that the client sent, as plain values."""
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


def plain_or_object(value: Any) -> str:
    """Return the tag of the member of a union of a plain value and an object that ``value`` is."""
    return "object" if isinstance(value, dict | BaseModel) else "plain"


def _check_encodable(value: dict[str, Any]) -> dict[str, Any]:
    """Return ``value``. Raise ``ValueError`` for half of a surrogate pair, which JSON can write but no text can."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair, which is no character") from None
    return value


JsonObject = Annotated[dict[str, Any], AfterValidator(_check_encodable)]


def check_scalar(value: Any) -> Any:
    """Return ``value``. Raise pydantic's error if it is no string, number or boolean."""
    # Left to itself, pydantic reports one error for each member of the union.
    if not isinstance(value, str | int | float):
        raise PydanticCustomError("scalar_type", "no string, number or boolean")
    return value


# Whole numbers stay whole.
AttributeValue = Annotated[Annotated[str, Field(max_length=512)] | bool | int | float, BeforeValidator(check_scalar)]
Attributes = Annotated[dict[Annotated[str, Field(max_length=64)], AttributeValue], Field(max_length=16)]

# --- tools ----------------------------------------------------------------------------------------------------------


class HybridSearch(Body):
    """The weights of a passage's meaning and of its words."""

    embedding_weight: Annotated[float, Field(ge=0.0)]
    text_weight: Annotated[float, Field(ge=0.0)]

    @model_validator(mode="after")
    def check_weights(self) -> HybridSearch:
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
    parameters: JsonObject | None = None
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
    """On creation, a new store may be described instead of named."""

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
    schema_: Annotated[JsonObject | None, Field(alias="schema")] = None
    strict: bool | None = None


class JsonSchemaFormat(Body):
    type: Literal["json_schema"]
    json_schema: JsonSchema


AnswerFormat = Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Discriminator("type")]
ResponseFormat = Annotated[
    Annotated[Literal["auto"], Tag("plain")] | Annotated[AnswerFormat, Tag("object")], Discriminator(plain_or_object)
]
