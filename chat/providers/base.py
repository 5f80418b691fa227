"""The protocols that the engine and retrieval speak with models, and the values that pass through them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from chat.providers.known_models import ModelLimits
from chat.providers.sign_rows import Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Image:
    """A picture in a turn: ``url`` is an https address or a ``data:`` URL."""

    url: str
    detail: str = "auto"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asked for. ``arguments`` is JSON text, ``"{}"`` when there are none."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One message that is sent to a model.

    ``content`` is a text, or on user turns texts and images in order. ``tool_calls`` only on assistant turns,
    ``tool_call_id`` only on tool turns.
    """

    role: Role
    content: str | tuple[str | Image, ...] = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """The texts, joined by blank lines."""
        if isinstance(self.content, str):
            return self.content
        return "\n\n".join(part for part in self.content if isinstance(part, str))

    @property
    def images(self) -> tuple[Image, ...]:
        if isinstance(self.content, str):
            return ()
        return tuple(part for part in self.content if isinstance(part, Image))


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the model may call. ``parameters`` is a JSON schema of an object."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request for an answer, in the terms of Chat Completions.

    ``model`` is the name that the provider's server knows. ``tool_choice`` is ``none``, ``auto``, ``required`` or the
    name of one function as ``{"name": …}``. ``response_format`` is the Assistants API's (``"auto"`` or an object).
    None stands for the provider's own default.
    """

    model: str
    turns: Sequence[Turn]
    functions: Sequence[Function] = ()
    tool_choice: str | Mapping[str, str] = "auto"
    parallel_tool_calls: bool = True
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    reasoning_effort: str | None = None
    response_format: str | Mapping[str, Any] = "auto"


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer's text, never empty; or of the words with which the model refuses to answer."""

    value: str
    is_refusal: bool = False


@dataclass(frozen=True, slots=True)
class ToolCallPiece:
    """A piece of a tool call. ``id`` and ``name`` come once per ``index``, first; ``arguments`` pieces concatenate."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request. ``cached`` is part of ``prompt``, ``reasoning`` part of ``completion``."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    reasoning: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt + other.prompt,
            self.completion + other.completion,
            self.cached + other.cached,
            self.reasoning + other.reasoning,
        )

    def __sub__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt - other.prompt,
            self.completion - other.completion,
            self.cached - other.cached,
            self.reasoning - other.reasoning,
        )


@dataclass(frozen=True, slots=True)
class Finish:
    """Why the model stopped: Chat Completions' ``finish_reason``."""

    reason: Literal["stop", "length", "tool_calls", "content_filter"]


Piece = Text | ToolCallPiece | Usage | Finish


class ChatProvider(Protocol):
    """A server or process that serves chat models."""

    def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Yield the pieces of an answer: exactly one ``Finish`` when it is whole, and at most one ``Usage``.

        Closing the iterator (``aclose``) or cancelling the task that awaits it stops the model at once. A provider may
        try again before the first piece, not after it. Raise ``ProviderError``.
        """
        ...

    async def models(self) -> list[str]:
        """Return the names of the models served, in the server's order; maybe none. Raise ``ProviderError``."""
        ...

    async def limits(self, model: str) -> ModelLimits | None:
        """Return the limits that the server itself tells of ``model``; None where it tells none. Raise nothing."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


class UpstreamReply(Protocol):
    """A server's reply to a request that was passed on."""

    @property
    def is_stream(self) -> bool:
        """Return whether it is a stream of events."""
        ...

    def events(self) -> AsyncGenerator[bytes, None]:
        """Yield the data of each event of a stream, ``[DONE]`` too. Raise ``Refusal``."""
        ...

    async def body(self) -> bytes:
        """Return the JSON of a reply that is no stream. Raise ``Refusal``."""
        ...

    async def aclose(self) -> None:
        """Close the connection unless all has been read."""
        ...


@runtime_checkable
class Forwarder(Protocol):
    """A provider whose server speaks OpenAI's API itself, so that requests of programs can be passed on to it."""

    async def forward(self, path: str, body: bytes, *, model: str, served_as: str) -> UpstreamReply:
        """Send a JSON object to ``path``, such as ``/embeddings``, once. Return the reply, whose head has come.

        All goes over as it is but for the model: its name is ``served_as`` there, ``model`` in the reply. No secret of
        the provider's stands in a reply or an error. Raise ``Refusal``: in the server's own words where they are about
        the request.
        """
        ...


class Embedder(Protocol):
    """A model that turns texts into vectors. Its methods block; any thread may call them."""

    def windows(self, text: str) -> list[tuple[int, int]]:
        """Return ranges ``(from, to)`` of characters of ``text``, each short enough to be embedded whole.

        They come in order and cover all its words; none when it has no words.
        """
        ...

    def embed(self, texts: Sequence[str], *, urgent: bool = False) -> NDArray[np.float32]:
        """Return an array of shape (texts, numbers), whose rows ``similarities`` compares. Raise ``ProviderError``.

        ``urgent``: somebody waits for it, so it goes before the others.
        """
        ...

    def similarities(self, rows: Rows, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how alike the texts of ``rows`` are to that of the row ``query``: (rows,), -1..1, the cosine mostly.

        One thread, in which 10,000 rows take a millisecond, and an estimate by ``SignRows`` a tenth of that.
        """
        ...

    def close(self) -> None:
        """Free connections and processes."""
        ...
