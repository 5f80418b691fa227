"""The pieces of a number format's code."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    "(?P<quoted>[^"]*)"? | \\(?P<escaped>.) | _(?P<space>.) | \*(?P<fill>.) | (?P<section>;)
  | \[(?P<elapsed>h+|m+|s+)\](?:\.0+)? | \[(?P<condition>[<>=]+-?[0-9]+(?:\.[0-9]+)?)\]
  | \[\$(?P<currency>[^\]-]*)[^\]]*\] | (?P<ignored>\[[^\]]*\]|g+(?!eneral))
  | (?P<general>General) | (?P<half>AM/PM|A/P) | (?P<exponent>E[+-]) | (?P<date>y+|m+|d+|h+|s+(?:\.0+)?|e+|a{3,4})
  | (?P<digit>[0#?]) | (?P<sign>[.,%/]) | (?P<text>@) | (?P<other>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_SHOWN_AS_THEY_ARE = ("quoted", "escaped", "currency", "other")

_LONGEST = 255
"""Characters of a code; what comes after them is none of it."""


class FormatToken(NamedTuple):
    """A piece of a code: a ``literal``, which is shown as it is, or of the kind that its group of ``_TOKEN`` names."""

    kind: str
    text: str


def split_code(code: str) -> list[list[FormatToken]]:
    """Return the tokens of each section of ``code``; there is at least one. Colours and languages are left out."""
    sections: list[list[FormatToken]] = [[]]
    for match in _TOKEN.finditer(code[:_LONGEST]):
        kind = str(match.lastgroup)
        if kind == "section":
            sections.append([])
        elif kind == "space":
            sections[-1].append(FormatToken("literal", " "))
        elif kind in _SHOWN_AS_THEY_ARE:
            sections[-1].append(FormatToken("literal", match[kind]))
        elif kind not in ("fill", "ignored"):
            sections[-1].append(FormatToken(kind, match[kind]))
    return sections
