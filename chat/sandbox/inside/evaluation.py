"""Runs the cells of a session, which share their variables."""

from __future__ import annotations

import asyncio
import builtins
import sys
import warnings
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from chat.sandbox.inside.display import Display
from chat.sandbox.inside.interrupts import Interrupts
from chat.sandbox.inside.source import LAST_VALUE, compile_cell
from chat.sandbox.inside.streams import Streams
from chat.sandbox.inside.tracebacks import format_error, format_warning


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``value`` is the text of a last expression. ``traceback`` says why the cell failed."""

    status: Literal["ok", "error", "interrupted"]
    value: str | None = None
    traceback: str | None = None


class Cells:
    """The cells of a session and their variables."""

    def __init__(self, display: Display, interrupts: Interrupts) -> None:
        self._display = display
        self._interrupts = interrupts
        self._streams = Streams()
        # A real module: pickle and dataclasses look their classes up in it.
        self._main = ModuleType("__main__")
        vars(builtins).update(display=display.display)
        vars(warnings).update(formatwarning=format_warning)
        self._count = 0

    def run(self, text: str) -> Evaluation:
        """Run a cell. Raise nothing, whatever it does."""
        self._count += 1
        sys.modules["__main__"] = self._main
        try:
            self._streams.begin()
            self._display.begin()
            with self._interrupts.allowed():
                value = self._evaluate(text, name=f"<cell {self._count}>")
            return Evaluation("ok", value=value)
        except BaseException as error:
            with suppress(Exception):
                # Half drawn; the next try would draw over them.
                self._display.pictures.close_figures()
            return _failed(error)
        finally:
            self._streams.end()

    def _evaluate(self, text: str, *, name: str) -> str | None:
        cell = compile_cell(text, name=name)
        variables = self._main.__dict__
        variables.pop(LAST_VALUE, None)
        try:
            outcome = eval(cell.code, variables)  # noqa: S307  # this is what a sandbox is for
            if cell.is_async:
                asyncio.run(outcome)
        except SystemExit as exit_:
            if exit_.code:
                raise
        value = variables.pop(LAST_VALUE, None)
        if value is not None:
            variables["_"] = value
        value_text = self._display.text_of(value)
        self._display.pictures.show_figures()
        return value_text


def _failed(error: BaseException) -> Evaluation:
    if isinstance(error, KeyboardInterrupt):
        return Evaluation("interrupted", traceback=format_error(error))
    return Evaluation("error", traceback=format_error(error))
