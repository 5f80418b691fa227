"""What an attempt is. Its function is never called here: its text is run in a session."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat.sandbox.values import MB, Limits

if TYPE_CHECKING:
    from tests.sandbox.battery.running import Field

Check = Callable[["Field"], str]
DONE = "the attempt has come to its end"
LIMITS = Limits(
    memory=256 * MB,
    disk=64 * MB,
    files=2000,
    scratch=16 * MB,
    threads=32,
    seconds=5.0,
    logs=64 * 1024,
    flood=8 * MB,
    images=3,
)


@dataclass(frozen=True)
class Row:
    """``dies``: the session may end by it, or the attempt not come to its end. ``alone``: it begins with a new session,
    and nothing comes after it in it. ``seconds``: how long it may run; ``stopped``: it is asked to stop after a fifth
    of a second. ``check``: what the host finds wrong afterwards, or nothing. ``tiers``: where it means something.
    """

    name: str
    code: str
    check: Check
    seconds: float
    stopped: bool
    dies: bool
    alone: bool
    tiers: tuple[str, ...]


ROWS: dict[str, Row] = {}


def attempt(
    *,
    check: Check = lambda field: "",
    seconds: float = 5.0,
    stopped: bool = False,
    dies: bool = False,
    alone: bool = False,
    tiers: tuple[str, ...] = ("ns", "landlock"),
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def register(function: Callable[[], None]) -> Callable[[], None]:
        name = function.__name__
        source = inspect.getsource(function)
        code = f"{source[source.index('def ') :]}\n{name}()\nprint({DONE!r})"
        ROWS[name] = Row(name, code, check, seconds, stopped, dies, alone, tiers)
        return function

    return register
