"""The refusals of ``chat/errors.py``."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

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
