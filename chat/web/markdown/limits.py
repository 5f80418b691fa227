"""How much of a text we are ready to work on.

The parser is linear but slow (about 1.5 µs a character of prose, 11 µs for each ``[``), so a text made to be slow is
shown as it is instead. Measured on 256,000 characters: prose 0.4 s, the worst text that passes these limits about 1 s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

MAX_CHARACTERS = 1_000_000
MAX_LINES = 20_000  # each line is looked at once for every quote and list around it
MAX_NESTING = 20  # quotes; a list counts twice
MAX_INLINE = 20_000  # characters of one paragraph, cell or heading

_NEWLINE = re.compile(r"\r\n?")
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")  # surrogates have no UTF-8, which the sanitizer needs


@dataclass(slots=True)
class Budget:
    """What one text may still spend, over all of its blocks."""

    brackets: int = 20_000
    tex: int = 30_000  # characters, at about 10 µs
    highlighting: float = 0.5  # seconds of CPU: some lexers take a second for 5,000 empty lines

    def takes_inline(self, source: str) -> bool:
        """Whether the inline markup of this paragraph, cell or heading is worth parsing."""
        self.brackets -= source.count("[")
        return self.brackets >= 0 and len(source) <= MAX_INLINE

    def takes_tex(self, tex: str) -> bool:
        """Whether this formula is still drawn."""
        self.tex -= len(tex)
        return self.tex >= 0


def new_env() -> dict[str, Any]:
    """The parser's memory for one text: its budget, and the link definitions it finds."""
    return {"budget": Budget(), "references": {}}


def normalized(text: str) -> str:
    """The text with ``\\n`` as its only line end and without characters that UTF-8 cannot hold."""
    return _NOT_TEXT.sub("\ufffd", _NEWLINE.sub("\n", text))


def fits(source: str) -> bool:
    """Whether a text is small enough to be parsed at all."""
    return len(source) <= MAX_CHARACTERS and source.count("\n") <= MAX_LINES
