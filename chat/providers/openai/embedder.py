"""Vectors from any server that speaks OpenAI's Embeddings, through the ``openai`` SDK.

Used by ``chat.retrieval.embedders``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import openai
from numpy.typing import NDArray

from chat.errors import ContextOverflow, ModelNotFound, ProviderError, Unreachable
from chat.providers.openai import clients, embedding_batches, retries
from chat.providers.openai.provider import check_key, to_rejection
from chat.providers.openai.rejections import Rejection
from chat.providers.openai.stream.streamed_response import CONNECTION_ERRORS, connection_error
from chat.providers.sign_rows import Rows

_CONNECTION_ERRORS = (openai.APIConnectionError, *CONNECTION_ERRORS)
_UNUSABLE = "The model's server sent vectors that cannot be used. An administrator can check its embedding model."


class _Embedding(msgspec.Struct):
    embedding: list[float]
    index: int = 0


class _Reply(msgspec.Struct):
    data: list[_Embedding] = []
    error: Any = None


class OpenAIEmbedder:
    """The embedding model ``model`` at ``base_url``, OpenAI's own when None. ``timeout`` is the longest silence in
    seconds. Importing the SDK and loading certificates take more than a second.
    """

    def __init__(
        self, base_url: str | None, api_key: str, *, model: str, timeout: float = 600, max_retries: int = 2
    ) -> None:
        address = base_url or clients.OPENAI
        self._key = api_key.strip()
        self._model = model
        self._timeout = timeout
        self._max_retries = max_retries
        self._client = clients.sync_client(address, self._key, timeout=timeout)

    def windows(self, text: str) -> list[tuple[int, int]]:
        """See ``chat.providers.base.Embedder``. One window for the whole text, unless it is very long."""
        return list(embedding_batches.split_ranges(text))

    def embed(self, texts: Sequence[str], *, urgent: bool = False) -> NDArray[np.float32]:
        """See ``chat.providers.base.Embedder``. A text longer than a window is cut off."""
        rows: list[list[float]] = []
        try:
            for batch in embedding_batches.batches(texts):
                rows += self._request(batch)
        except Rejection as rejection:
            raise self._as_error(rejection) from None
        return _normalize(rows)

    def similarities(self, rows: Rows, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """See ``chat.providers.base.Embedder``: the cosines."""
        return rows.dot(query)

    def close(self) -> None:
        """Close the connections for good."""
        self._client.close()

    def _request(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text; try again where that may help. Raise as ``_request_once`` does."""
        for attempt in range(self._max_retries + 1):
            failure: Rejection | Unreachable
            try:
                return self._request_once(texts)
            except Rejection as rejection:
                if not rejection.is_passing:
                    raise
                failure = rejection
            except Unreachable as error:
                failure = error
            delay = retries.retry_delay(failure, attempt=attempt)
            if attempt == self._max_retries or delay is None:
                raise failure
            time.sleep(delay)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _request_once(self, texts: list[str]) -> list[list[float]]:
        """Send one request. Raise ``Rejection`` or ``ProviderError``."""
        check_key(self._key)
        try:
            response = self._client.embeddings.with_raw_response.create(
                model=self._model, input=texts, encoding_format="float"
            )
        except openai.APIStatusError as error:
            raise to_rejection(error) from None
        except _CONNECTION_ERRORS as error:
            raise connection_error(error, timeout=self._timeout) from error
        return _vectors(response.content, count=len(texts))

    def _as_error(self, rejection: Rejection) -> ProviderError:
        # ``Rejection.as_error`` speaks of chats where the text is too long or the model unknown.
        if rejection.is_overflow:
            return ContextOverflow(
                f"The embedding model {self._model!r} cannot read as much text at once. "
                "An administrator can choose another one under Providers, or a smaller chunk size can be set."
            )
        if rejection.is_unknown_model:
            return ModelNotFound(
                f"The model's server has no embedding model {self._model!r}. "
                "An administrator can name another one under Providers."
            )
        return rejection.as_error(model=self._model, key=self._key)


def _vectors(body: bytes, *, count: int) -> list[list[float]]:
    """Return the vectors in the order of the texts. Raise ``Rejection`` or ``ProviderError`` for another body."""
    try:
        reply = msgspec.json.decode(body, type=_Reply)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Rejection(404, None) from None
    if reply.error:
        raise Rejection(0, {"error": reply.error})
    if len(reply.data) != count:
        raise ProviderError(f"The model's server sent {len(reply.data)} vectors for {count} texts.")
    return [row.embedding for row in sorted(reply.data, key=lambda row: row.index)]


def _normalize(rows: list[list[float]]) -> NDArray[np.float32]:
    """Return the rows scaled to length 1. Raise ``ProviderError`` for rows that have none or are of several sizes."""
    if not rows:
        return np.empty((0, 0), dtype=np.float32)
    try:
        vectors = np.array(rows, dtype=np.float64)
    except ValueError:  # not all of one size
        raise ProviderError(_UNUSABLE) from None
    with np.errstate(over="ignore"):
        lengths: NDArray[np.float64] = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if not (np.isfinite(lengths).all() and lengths.all()):
        raise ProviderError(_UNUSABLE)
    return (vectors / lengths).astype(np.float32)
