"""Compiles the text of a cell: keeps the value of a last expression, and handles lines that only notebooks know."""

from __future__ import annotations

import ast
import inspect
import linecache
import re
import textwrap
from dataclasses import dataclass
from types import CodeType

from chat.sandbox.libraries import installed

LAST_VALUE = "__last_value__"
"""The variable that has the value of a last expression until the cell is over."""

_IGNORED = re.compile(r"^([ \t]*)(%(?:matplotlib|config|load_ext|autoreload)\b|```)", re.MULTILINE)
_PIP = re.compile(r"^[ \t]*[!%]+[ \t]*(python3?[ \t]+-m[ \t]+)?(pip3?|conda|mamba|uv|apt|apt-get)\b.*$", re.MULTILINE)
_SHELL = re.compile(r"^[ \t]*(\w+[ \t]*=[ \t]*)?!.*$", re.MULTILINE)
_MAGIC = re.compile(r"^[ \t]*(\w+[ \t]*=[ \t]*)?%{1,2}\w.*$", re.MULTILINE)

_REFUSALS = (
    (_PIP, f"There is no network and nothing can be installed. {installed()}"),
    (_SHELL, "Lines that begin with ! are for a shell, and no other programs can be run here. Use Python instead."),
    (_MAGIC, "Lines that begin with % are commands of notebooks, which do not work here. Use Python instead."),
)


@dataclass(frozen=True, slots=True)
class CompiledCell:
    """A cell that can be run with ``eval``. If ``is_async``, its result is to be awaited.

    The value of a last expression is in the variable ``LAST_VALUE`` afterwards, unless a semicolon follows it.
    """

    code: CodeType
    is_async: bool


def compile_cell(text: str, *, name: str) -> CompiledCell:
    """Compile ``text`` under a ``name`` for tracebacks. Raise what ``compile`` raises."""
    text, tree = _parse(text, name)
    _keep_last_value(tree, text)
    code = compile(tree, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    return CompiledCell(code, is_async=bool(code.co_flags & inspect.CO_COROUTINE))


def _parse(text: str, name: str) -> tuple[str, ast.Module]:
    try:
        return text, _tree(text, name)
    except SyntaxError as error:
        amended = textwrap.dedent(_IGNORED.sub(r"\1#\2", text))
        for pattern, refusal in _REFUSALS:
            if match := pattern.search(amended):
                raise SyntaxError(refusal, (name, _line_of(amended, match.start()), 1, match[0])) from None
        if amended == text:
            raise error
        return amended, _tree(amended, name)


def _tree(text: str, name: str) -> ast.Module:
    lines = [f"{line}\n" for line in text.split("\n")]
    linecache.cache[name] = (len(text), None, lines, name)  # for tracebacks
    tree = compile(text, name, "exec", flags=ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def _line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _keep_last_value(tree: ast.Module, text: str) -> None:
    if not tree.body or not isinstance(last := tree.body[-1], ast.Expr) or _ends_in_semicolon(last, text):
        return
    assignment = ast.Assign([ast.Name(LAST_VALUE, ast.Store())], last.value)
    tree.body[-1] = ast.fix_missing_locations(ast.copy_location(assignment, last))


def _ends_in_semicolon(last: ast.Expr, text: str) -> bool:
    lines = text.encode().splitlines()
    rest = lines[(last.end_lineno or 1) - 1][last.end_col_offset :]
    return rest.lstrip().startswith(b";")
