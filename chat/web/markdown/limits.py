"""Bounds of the work on one text.

The parser is linear but slow (about 1.5 µs a character of prose, 11 µs for each ``[``), so a text made to be slow is
shown as it is instead. Measured on 256,000 characters: prose 0.4 s, the worst text that passes these limits about 1 s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

MAX_CHARACTERS = 1_000_000
MAX_LINES = 20_000  # each line is looked at once for every quote and list around it
MAX_MARKS = 50_000  # of list items, quotes and cells, at about 20 µs
MAX_NESTING = 20  # quotes; a list counts twice
MAX_INLINE = 20_000  # characters of one paragraph, cell or heading

_MARKS = ("- ", "* ", "+ ", ". ", ") ", ">", "|")
_NEWLINE = re.compile(r"\r\n?")
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")  # surrogates have no UTF-8, which the sanitizer needs


@dataclass(slots=True)
class TextSize:
    """The size of a text that may come in pieces."""

    characters: int = 0
    lines: int = 0
    marks: int = 0

    def add(self, source: str) -> None:
        """Count a piece of the text."""
        self.characters += len(source)
        self.lines += source.count("\n")
        self.marks += sum(map(source.count, _MARKS))

    @property
    def fits(self) -> bool:
        """Return whether the text is small enough to be parsed at all."""
        return self.characters <= MAX_CHARACTERS and self.lines <= MAX_LINES and self.marks <= MAX_MARKS


@dataclass(slots=True)
class Budget:
    """The work that the blocks of one text may still cost."""

    block_tokens: int = 50_000  # at about 20 µs; 1,000 lines of prose and code have 2,000
    marks: int = 50_000  # at about 10 µs
    tex: int = 30_000  # characters, at about 10 µs
    highlighting: float = 0.5  # seconds of CPU: some lexers take a second for 5,000 empty lines

    def takes_block(self, tokens: int) -> bool:
        """Take the cost of a block of so many tokens. Return whether it may still be drawn."""
        self.block_tokens -= tokens
        return self.block_tokens >= 0

    def takes_inline(self, source: str) -> bool:
        """Take the cost of a paragraph, cell or heading. Return whether its inline markup may be parsed."""
        self.marks -= sum(map(source.count, "[*_"))
        return self.marks >= 0 and len(source) <= MAX_INLINE

    def takes_tex(self, tex: str) -> bool:
        """Take the cost of a formula. Return whether it may still be drawn."""
        self.tex -= len(tex)
        return self.tex >= 0


def new_env() -> dict[str, Any]:
    """Return the parser's state for one text: its budget, the link definitions in it, the hidden markers, the URLs of
    the files that it may name, and the HTML in place of those that it names.
    """
    return {"budget": Budget(), "references": {}, "hidden": [], "files": {}, "file_html": []}


def normalize(text: str) -> str:
    """Return the text with ``\\n`` as its only line end and without characters that UTF-8 cannot hold."""
    return _NOT_TEXT.sub("\ufffd", _NEWLINE.sub("\n", text))
