"""Vectors from any server that speaks OpenAI's Embeddings, through the ``openai`` SDK."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
import numpy as np
import openai
from numpy.typing import NDArray

from chat.errors import ContextOverflow, ModelNotFound, ProviderError, Unreachable
from chat.providers.openai import embedding_batches, retries
from chat.providers.openai.provider import CONNECT_TIMEOUT, LOOPBACK, OPENAI, POOL_TIMEOUT, check_key, rejection
from chat.providers.openai.rejections import Rejection
from chat.providers.openai.streamed_response import BROKEN, broken

_BROKEN = (openai.APIConnectionError, *BROKEN)


_STRANGE = "The model's server sent vectors that cannot be used. An administrator can check its embedding model."


class _Row(msgspec.Struct):
    embedding: list[float]
    index: int = 0


class _Reply(msgspec.Struct):
    data: list[_Row] = []
    error: Any = None


class OpenAIEmbedder:
    """The embedding model ``model`` at ``base_url``, OpenAI's own when None. ``timeout`` is the longest silence in
    seconds. Importing the SDK and loading certificates take more than a second.
    """

    def __init__(
        self, base_url: str | None, api_key: str, *, model: str, timeout: float = 600, max_retries: int = 2
    ) -> None:
        address = base_url or OPENAI
        self._key = api_key.strip()
        self._model = model
        self._timeout = timeout
        self._max_retries = max_retries
        # The reasons for these are those of OpenAIProvider.
        self._client = openai.OpenAI(
            base_url=address,
            api_key=self._key or "none",
            max_retries=0,
            timeout=openai.Timeout(timeout, connect=CONNECT_TIMEOUT, pool=POOL_TIMEOUT),
            http_client=openai.DefaultHttpxClient(trust_env=urlsplit(address).hostname not in LOOPBACK),
        )
        self._client.organization = self._client.project = None

    def windows(self, text: str) -> list[tuple[int, int]]:
        """See ``chat.providers.base.Embedder``: the whole text, unless it is very long."""
        return list(embedding_batches.ranges(text))

    def embed(self, texts: Sequence[str], *, urgent: bool = False) -> NDArray[np.float32]:
        """See ``chat.providers.base.Embedder``. Of a text longer than a window the beginning counts."""
        rows: list[list[float]] = []
        try:
            for batch in embedding_batches.batches(texts):
                rows += self._request(batch)
        except Rejection as refused:
            raise self._as_error(refused) from None
        return _of_length_one(rows)

    def close(self) -> None:
        """See ``chat.providers.base.Embedder``: connections, for good."""
        self._client.close()

    def _request(self, texts: list[str]) -> list[list[float]]:
        """As ``_ask``, again if that may help."""
        for attempt in range(self._max_retries + 1):
            failure: Rejection | Unreachable
            try:
                return self._ask(texts)
            except Rejection as refused:
                if not refused.is_passing:
                    raise
                failure = refused
            except Unreachable as error:
                failure = error
            wait = retries.wait(failure, attempt=attempt)
            if attempt == self._max_retries or wait is None:
                raise failure
            time.sleep(wait)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _ask(self, texts: list[str]) -> list[list[float]]:
        """One request. Raises ``Rejection`` and ``ProviderError``."""
        check_key(self._key)
        try:
            response = self._client.embeddings.with_raw_response.create(
                model=self._model, input=texts, encoding_format="float"
            )
        except openai.APIStatusError as error:
            raise rejection(error) from None
        except _BROKEN as error:
            raise broken(error, timeout=self._timeout) from error
        return _vectors(response.content, count=len(texts))

    def _as_error(self, refused: Rejection) -> ProviderError:
        """The error in words that fit: nobody chats here."""
        if refused.is_overflow:
            return ContextOverflow(
                f"The embedding model {self._model!r} cannot read as much text at once. "
                "An administrator can choose another one under Providers, or a smaller chunk size can be set."
            )
        if refused.is_unknown_model:
            return ModelNotFound(
                f"The model's server has no embedding model {self._model!r}. "
                "An administrator can name another one under Providers."
            )
        return refused.as_error(model=self._model, key=self._key)


def _vectors(body: bytes, *, count: int) -> list[list[float]]:
    """In the order of the texts, whatever the order in the reply."""
    try:
        reply = msgspec.json.decode(body, type=_Reply)
    except msgspec.DecodeError:
        raise Rejection(404, None) from None
    if reply.error:
        raise Rejection(0, {"error": reply.error})
    if len(reply.data) != count:
        raise ProviderError(f"The model's server sent {len(reply.data)} vectors for {count} texts.")
    return [row.embedding for row in sorted(reply.data, key=lambda row: row.index)]


def _of_length_one(rows: list[list[float]]) -> NDArray[np.float32]:
    """Raises ``ProviderError`` if that is not possible."""
    if not rows:
        return np.empty((0, 0), dtype=np.float32)
    try:
        found = np.array(rows, dtype=np.float64)
    except ValueError:  # not all of one length
        raise ProviderError(_STRANGE) from None
    with np.errstate(over="ignore"):
        lengths: NDArray[np.float64] = np.linalg.norm(found, axis=-1, keepdims=True)
    if not (np.isfinite(lengths).all() and lengths.all()):
        raise ProviderError(_STRANGE)
    return (found / lengths).astype(np.float32)
