"""Embeddings: passed on to the provider that answers the model's name, or made by the built-in model."""

from __future__ import annotations

import base64
from typing import Literal

import numpy as np
from ninja import Router
from numpy.typing import NDArray
from typing_extensions import TypedDict

from chat.api.chat_completions.bodies import Embeddable, EmbeddingBody, read_as
from chat.api.chat_completions.forwarding import forward
from chat.api.chat_completions.responses import JsonReply
from chat.api.http.request import ApiRequest
from chat.errors import InvalidRequest
from chat.models.providers import resolve
from chat.providers import tokens
from chat.providers.embedded.embedder.built_in import joined
from chat.retrieval import embedders

MAX_TOKENS = 300_000  # of one request, as at OpenAI
router = Router(tags=["Embeddings"])


class EmbeddingObject(TypedDict):
    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingUsage(TypedDict):
    prompt_tokens: int
    total_tokens: int


class EmbeddingList(TypedDict):
    """``embedding`` is base64 of little-endian 32-bit numbers where the request asks for it."""

    object: Literal["list"]
    data: list[EmbeddingObject]
    model: str
    usage: EmbeddingUsage


@router.post("/embeddings")
def create_embedding(request: ApiRequest, body: EmbeddingBody) -> EmbeddingList | JsonReply:
    """Vectors of texts, by the provider that answers the model's name, or by the model that is built in."""
    forwarded = forward(request, "/embeddings", model=resolve(body.model), name=body.model)
    if isinstance(forwarded, JsonReply):
        return forwarded
    asked = read_as(Embeddable, request.json_body)
    count = sum(map(tokens.estimate, asked.texts))
    if count > MAX_TOKENS:
        raise InvalidRequest(f"Invalid 'input': about {count} tokens, and at most {MAX_TOKENS} fit.", param="input")
    vectors = np.array([_vector(text) for text in asked.texts])
    if asked.dimensions not in (None, vectors.shape[1]):
        message = f"Invalid 'dimensions': the built-in model's vectors have {vectors.shape[1]} numbers."
        raise InvalidRequest(message, param="dimensions", code="invalid_value")
    as_base64 = asked.encoding_format == "base64"
    data: list[EmbeddingObject] = [
        {"object": "embedding", "index": index, "embedding": _base64(vector) if as_base64 else vector.tolist()}
        for index, vector in enumerate(vectors)
    ]
    usage: EmbeddingUsage = {"prompt_tokens": count, "total_tokens": count}
    return {"object": "list", "data": data, "model": body.model, "usage": usage}


def _vector(text: str) -> NDArray[np.float32]:
    """Return the vector of a text of any length: the mean of those of its windows, of length 1."""
    embedder = embedders.built_in()
    windows = embedder.windows(text) or [(0, len(text))]
    rows = embedder.embed([text[start:end] for start, end in windows], urgent=len(windows) == 1)
    mean: NDArray[np.float32] = joined(rows).mean(axis=0)
    return mean / np.linalg.norm(mean)


def _base64(vector: NDArray[np.float32]) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()
