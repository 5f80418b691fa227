"""The refusals of ``chat/errors.py``."""

from __future__ import annotations

import ast
import errno
import inspect
import re
import sqlite3
from pathlib import Path

import pytest

import chat
from chat import errors
from chat.errors import Refusal

REFUSALS = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Refusal)}


def classes_outside() -> list[tuple[str, str]]:
    """Return the module and name of each class of ``chat`` that derives from a refusal but stands elsewhere."""
    root = Path(chat.__file__).parent
    return [
        (str(path.relative_to(root)), node.name)
        for path in root.rglob("*.py")
        if path != Path(errors.__file__)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        and REFUSALS.keys() & {ast.unparse(base).split(".")[-1] for base in node.bases}
    ]


class TestRefusals:
    def test_stand_in_one_module(self) -> None:
        assert classes_outside() == []

    def test_are_drawn_with_their_status(self) -> None:
        drawn = re.findall(r"[├└]── (\w+) +(\d{3}) ", inspect.getdoc(errors) or "")
        statuses = {name: kind.status for name, kind in REFUSALS.items() if kind is not Refusal}
        assert {name: int(status) for name, status in drawn} == statuses


class TestADatabaseError:
    @pytest.mark.parametrize(
        ("cause", "words"),
        [
            ({"sqlite_errorcode": sqlite3.SQLITE_FULL}, "disk is full"),
            ({"sqlstate": "53100"}, "disk is full"),
            ({"errno": errno.ENOSPC}, "disk is full"),
            ({"sqlite_errorcode": sqlite3.SQLITE_BUSY}, "busy for a moment"),
            ({}, "busy for a moment"),
        ],
    )
    def test_names_the_disk_when_that_is_full(self, cause: dict[str, object], words: str) -> None:
        error, reason = Exception("raised by Django"), Exception("raised by the driver")
        error.__cause__ = reason
        vars(reason).update(cause)
        assert words in errors.database_refusal(error).message
