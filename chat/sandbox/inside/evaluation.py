"""Cells of one session: what they define is kept from one to the next."""

from __future__ import annotations

import asyncio
import builtins
import sys
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from chat.sandbox.inside.display import Display
from chat.sandbox.inside.interrupts import Interrupts
from chat.sandbox.inside.source import SHOWN, program
from chat.sandbox.inside.streams import Streams
from chat.sandbox.inside.tracebacks import text_of


@dataclass(frozen=True, slots=True)
class Result:
    """``value`` is what is shown of a last expression. ``traceback`` says why the cell did not end well."""

    status: Literal["ok", "error", "interrupted"]
    value: str | None = None
    traceback: str | None = None


class Cells:
    def __init__(self, display: Display, interrupts: Interrupts) -> None:
        self._display = display
        self._interrupts = interrupts
        self._streams = Streams()
        self._main = ModuleType("__main__")  # a real module: pickle and dataclasses look their classes up in it
        vars(builtins).update(display=display.display)
        self._count = 0

    def run(self, text: str) -> Result:
        """Never raises for what a cell does."""
        self._count += 1
        sys.modules["__main__"] = self._main
        try:
            self._streams.begin()
            self._display.begin()
            with self._interrupts.allowed():
                value = self._evaluated(text, name=f"<cell {self._count}>")
            return Result("ok", value=value)
        except BaseException as error:
            with suppress(Exception):
                self._display.pictures.close_figures()  # half drawn; the next try would draw over them
            return _ended_by(error)
        finally:
            self._streams.end()

    def _evaluated(self, text: str, *, name: str) -> str | None:
        cell = program(text, name=name)
        variables = self._main.__dict__
        variables.pop(SHOWN, None)
        try:
            outcome = eval(cell.code, variables)  # noqa: S307  # this is what a sandbox is for
            if cell.is_async:
                asyncio.run(outcome)
        except SystemExit as exit_:
            if exit_.code:
                raise
        value = variables.pop(SHOWN, None)
        if value is not None:
            variables["_"] = value
        shown = self._display.text_of(value)
        self._display.pictures.show_figures()
        return shown


def _ended_by(error: BaseException) -> Result:
    if isinstance(error, KeyboardInterrupt):
        return Result("interrupted", traceback=text_of(error))
    return Result("error", traceback=text_of(error))
