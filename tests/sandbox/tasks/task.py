"""A cell, and what it must say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent


@dataclass(frozen=True, slots=True)
class Task:
    """``files`` are in ``/mnt/data`` before; ``pictures`` is how many are shown."""

    name: str
    code: str
    says: str
    pictures: int = 0
    files: Mapping[str, bytes] = field(default_factory=dict)


def task(name: str, code: str, says: str, *, pictures: int = 0, **files: bytes) -> Task:
    """A file's name has ``_csv`` for ``.csv``."""
    named = {name.replace("_csv", ".csv"): data for name, data in files.items()}
    return Task(name, dedent(code).strip(), dedent(says).strip(), pictures, named)
