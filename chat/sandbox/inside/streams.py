"""Standard output and error of a session: one pipe, so that their order is kept."""

from __future__ import annotations

import builtins
import io
import sys
from contextlib import suppress
from typing import NoReturn


class Streams:
    """The standard streams of a session's cells."""

    def __init__(self) -> None:
        self._output = _to_pipe()
        builtins.input = _no_input

    def begin(self) -> None:
        """Prepare for a cell: it prints to the pipe, whatever the last one did to ``sys.stdout``."""
        if self._output.closed:
            self._output = _to_pipe()
        sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = self._output  # type: ignore[misc]  # no TextIO in full

    def end(self) -> None:
        """Write all that a cell printed into the pipe."""
        for stream in (sys.stdout, sys.stderr, self._output):
            with suppress(Exception):
                stream.flush()


def _to_pipe() -> io.TextIOWrapper:
    # One object for both streams keeps their order; a line at a time, so that a session that dies has said most of it.
    raw = io.FileIO(1, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", newline="\n", line_buffering=True
    )


def _no_input(*_: object) -> NoReturn:
    raise RuntimeError("input() does not work here: nobody can type while code runs. Write the value into the code.")
