"""Syntax highlighting of Python for the page of a run. It returns no markup, so that the template escapes it all."""

from __future__ import annotations

import time

from pygments.lexers import PythonLexer
from pygments.token import STANDARD_TYPES

MAX_HIGHLIGHTED = 100_000  # characters
MAX_LINE = 1_000  # characters
MAX_SECONDS = 0.5  # of CPU

Span = tuple[str, str]  # a class of static/css/highlight.css, and text


def highlight(code: str) -> list[Span]:
    """Return the parts of ``code`` in order; one part without a class where telling them apart would take too long."""
    if len(code) > MAX_HIGHLIGHTED or any(len(line) > MAX_LINE for line in code.split("\n")):
        return [("", code)]
    spans: list[Span] = []
    until = time.thread_time() + MAX_SECONDS
    for kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(code):
        if time.thread_time() > until:
            return [("", code)]
        name = STANDARD_TYPES.get(kind, "")
        if spans and spans[-1][0] == name:
            spans[-1] = (name, spans[-1][1] + text)
        else:
            spans.append((name, text))
    return spans
