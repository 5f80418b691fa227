"""Python in colours, for templates: nothing here is markup, so that the template escapes it all."""

from __future__ import annotations

import time

from pygments.lexers import PythonLexer
from pygments.token import STANDARD_TYPES

MAX_COLOURED = 100_000  # characters
MAX_LINE = 1_000  # characters
SECONDS = 0.5  # of CPU

Span = tuple[str, str]  # a class of static/css/highlight.css, and text


def coloured(code: str) -> list[Span]:
    """The parts of ``code``, in order; in one part without a class where telling them apart would take too long."""
    if len(code) > MAX_COLOURED or any(len(line) > MAX_LINE for line in code.split("\n")):
        return [("", code)]
    spans: list[Span] = []
    until = time.thread_time() + SECONDS
    for kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(code):
        if time.thread_time() > until:
            return [("", code)]
        name = STANDARD_TYPES.get(kind, "")
        if spans and spans[-1][0] == name:
            spans[-1] = (name, spans[-1][1] + text)
        else:
            spans.append((name, text))
    return spans
