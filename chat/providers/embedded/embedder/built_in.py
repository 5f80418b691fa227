"""The built-in embedder, used by ``chat.retrieval.embedders``."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Timer

import numpy as np
from numpy.typing import NDArray

from chat.documents.stop_words import is_english
from chat.errors import Unreachable
from chat.providers.embedded.embedder.frames import ENGLISH, MULTILINGUAL, EmbeddingInput
from chat.providers.embedded.embedder.model_process import ModelProcess, ModelProcessEnded
from chat.providers.embedded.embedder.weights import check_multilingual, find_model
from chat.providers.embedded.embedder.wordpiece import MOST_PIECES, encode, windows
from chat.providers.sign_rows import Rows

IDLE_SECONDS = 600.0
"""Then the child is ended, which gives its memory back; the next text takes some three seconds more."""

logger = logging.getLogger(__name__)


PARTS = (ENGLISH, MULTILINGUAL, 1)
"""The parts of a row: the vector of each model, of length 1; and 1 if the text is English, else 0."""

WIDTH = sum(PARTS)
_IS_ENGLISH = -1
_SHARE = 2 / 3
"""The multilingual model's share of a likeness that is not of English with English.

Measured with words and meaning on manual pages in German and in Japanese (nDCG@10), and on 24 facts among them that
were asked for in other words (found first): 1/2 gave 68, 63 and 13; 2/3 gave 68, 65 and 15; 1 gave 66, 62 and 14.
"""


_SHARES = np.repeat(np.array([1 - _SHARE, _SHARE], np.float32), [ENGLISH, MULTILINGUAL])


class BuiltInEmbedder:
    """all-MiniLM-L6-v2 and the Universal Sentence Encoder, multilingual, in a child process.

    The first is from ``model_path``, else from an installed package, as the second is. The child is started by the
    first text and again when it died, and ended after ``idle_seconds`` without one.
    """

    def __init__(self, model_path: Path | None = None, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._model_path = model_path
        self._idle_seconds = idle_seconds
        self._lock = PriorityLock()
        self._process: ModelProcess | None = None
        self._used_at = 0.0
        self._timer: Timer | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none."""
        return self._process.pid if self._process else None

    windows = staticmethod(windows)

    def embed(self, texts: Sequence[str], *, urgent: bool = False) -> NDArray[np.float32]:
        """See ``chat.providers.base.Embedder``. Return rows of ``WIDTH``; a text longer than a window is cut off.

        Takes 130 ms for a window, 17 ms for a question on a slow core, a fifth more than the English model alone. After
        each text the urgent go first.
        """
        rows = np.empty((len(texts), WIDTH), dtype=np.float32)
        for place, text in enumerate(texts):
            asked = EmbeddingInput(encode(text, most=MOST_PIECES), text)
            with self._lock.acquire(urgent=urgent):
                rows[place, :_IS_ENGLISH] = np.frombuffer(self._ask(asked), dtype="<f4")
            rows[place, _IS_ENGLISH] = is_english(text)
        return rows

    def similarities(self, rows: Rows, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """See ``chat.providers.base.Embedder``.

        English is compared with English by the English model, everything else by both.
        """
        by_english = rows.dot(query[:ENGLISH], part=0)
        english = rows.dot(query[_IS_ENGLISH:], part=2) > 0 if query[_IS_ENGLISH] else np.zeros(len(rows), np.bool_)
        if len(rows) and english.all():
            return by_english
        by_both = (1 - _SHARE) * by_english + _SHARE * rows.dot(query[ENGLISH:_IS_ENGLISH], part=1)
        return np.where(english, by_english, by_both)

    def close(self) -> None:
        """End the child. Another text starts another one."""
        with self._lock.acquire(urgent=True):
            self._end()

    def _ask(self, asked: EmbeddingInput) -> bytes:
        """Return the vectors, from a new child if the one we have does not answer. Raise ``ProviderError``."""
        try:
            return self._ask_once(asked)
        except ModelProcessEnded as ended:
            logger.warning("The process of the embedding model is started anew: %s", ended)
        try:
            return self._ask_once(asked)
        except ModelProcessEnded as ended:
            raise Unreachable(
                f"The embedding model does not run: {ended} Try again; if it stays so, an administrator can look "
                "whether the server has 450 MB of memory to spare and all of Everthread's requirements installed."
            ) from ended

    def _ask_once(self, asked: EmbeddingInput) -> bytes:
        if self._process is None:
            check_multilingual()
            self._process = ModelProcess(find_model(self._model_path))
            self._schedule_check(self._idle_seconds)
        try:
            answer = self._process.ask(asked)
        except BaseException:
            # Ctrl-C too: the next request would get the answer that is still to come.
            self._end()
            raise
        self._used_at = time.monotonic()
        return answer

    def _schedule_check(self, seconds: float) -> None:
        """Check ``seconds`` from now that the child is in use, else end it."""
        if self._timer:
            self._timer.cancel()
        self._timer = Timer(seconds, self._end_if_idle)
        self._timer.daemon = True
        self._timer.start()

    def _end_if_idle(self) -> None:
        with self._lock.acquire(urgent=False):
            remaining = self._used_at + self._idle_seconds - time.monotonic()
            if remaining <= 0:
                self._end()
            elif self._process:
                self._schedule_check(remaining)

    def _end(self) -> None:
        process, self._process = self._process, None
        timer, self._timer = self._timer, None
        if timer:
            timer.cancel()
        if process:
            process.end()


def joined(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows of ``embed`` as vectors of length 1 for those who compare them by themselves: by both models."""
    return np.asarray(rows[:, :_IS_ENGLISH] * np.sqrt(_SHARES), np.float32)


class PriorityLock:
    """One thread has it at a time. While an urgent one waits, no other gets it."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._is_locked = False
        self._urgent = 0

    @contextmanager
    def acquire(self, *, urgent: bool) -> Iterator[None]:
        """Wait for the lock and keep it within the context."""
        with self._changed:
            self._urgent += urgent
            try:
                self._changed.wait_for(lambda: not self._is_locked and (urgent or not self._urgent))
                self._is_locked = True
            finally:
                self._urgent -= urgent
        try:
            yield
        finally:
            with self._changed:
                self._is_locked = False
                self._changed.notify_all()
