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

from chat.errors import Unreachable
from chat.providers.embedded.minilm.frames import DIMENSIONS
from chat.providers.embedded.minilm.model_process import ModelProcess, ModelProcessEnded
from chat.providers.embedded.minilm.weights import find_model
from chat.providers.embedded.minilm.wordpiece import MOST_PIECES, encode, windows

IDLE_SECONDS = 600.0
"""Then the child is ended, which gives its memory back; the next text takes a second more."""

logger = logging.getLogger(__name__)


class MiniLM:
    """all-MiniLM-L6-v2 from ``model_path``, else from the installed package, in a child process.

    The child is started by the first text and again when it died, and ended after ``idle_seconds`` without one.
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

    def reads(self, text: str) -> bool:
        """See ``chat.providers.base.Embedder``. It has learnt Latin letters; texts in others are all alike to it.

        With its vectors, Japanese questions on Japanese manuals had nDCG@10 51 where words alone had 62.
        """
        letters = [char for char in text if char.isalpha()]
        return 2 * sum(char < "\u0370" or "\u1e00" <= char <= "\u1eff" for char in letters) >= len(letters)

    def embed(self, texts: Sequence[str], *, urgent: bool = False) -> NDArray[np.float32]:
        """See ``chat.providers.base.Embedder``. Return rows of 384 numbers; a text longer than a window is cut off.

        Takes 70 ms for a window, 5 ms for a question; after each text the urgent go first.
        """
        rows = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for place, text in enumerate(texts):
            pieces = encode(text, most=MOST_PIECES)
            with self._lock.acquire(urgent=urgent):
                rows[place] = np.frombuffer(self._ask(pieces), dtype="<f4")
        return rows

    def close(self) -> None:
        """End the child. Another text starts another one."""
        with self._lock.acquire(urgent=True):
            self._end()

    def _ask(self, pieces: Sequence[int]) -> bytes:
        """Return the vector, from a new child if the one we have does not answer. Raise ``ProviderError``."""
        try:
            return self._ask_once(pieces)
        except ModelProcessEnded as ended:
            logger.warning("The process of the embedding model is started anew: %s", ended)
        try:
            return self._ask_once(pieces)
        except ModelProcessEnded as ended:
            raise Unreachable(
                f"The embedding model does not run: {ended} Try again; if it stays so, an administrator can look "
                "whether the server has 300 MB of memory to spare and all of Everthread's requirements installed."
            ) from ended

    def _ask_once(self, pieces: Sequence[int]) -> bytes:
        if self._process is None:
            self._process = ModelProcess(find_model(self._model_path))
            self._schedule_check(self._idle_seconds)
        try:
            answer = self._process.ask(pieces)
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
