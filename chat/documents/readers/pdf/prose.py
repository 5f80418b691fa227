"""Lines as running text: words that were parted at line ends are joined, and lines of scripts without spaces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from chat.documents.readers.pdf.boxes import Piece

_HYPHENS = "-\u2010\u00ad"
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_NO_SPACES = re.compile("[\u2e80-\u30ff\u31f0-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
"""Chinese and Japanese letters and their punctuation. Korean has spaces."""

_FULL_LINE = 1.6
"""How far from the block's right edge a line may end that goes on, in heights of the line."""


def join(lines: Sequence[Piece], *, between: str = "\n") -> str:
    """Return the text of the lines of one block, with ``between`` where nothing is joined."""
    if not lines:
        return ""
    edge = max(line.box.right for line in lines)
    text = "\n".join(line.text for line in lines)
    parts = [""]
    for line, after in pairwise([*lines, None]):
        assert line
        word = line.text
        if after is None:
            parts += [word, "-" if line.hyphen else ""]
        elif line.hyphen or word[-1:] in _HYPHENS:
            parts.append(_hyphenated(word if line.hyphen else word[:-1], after.text, text, between))
        else:
            is_joined = (
                _NO_SPACES.match(word[-1])
                and _NO_SPACES.match(after.text)
                and (edge - line.box.right < _FULL_LINE * line.box.height)
            )
            parts += [word, "" if is_joined else between]
    return "".join(parts)


def _hyphenated(line: str, after: str, text: str, between: str) -> str:
    """Return ``line``, which ended in a hyphen, as it goes before ``after``.

    The hyphen only split a word if letters go before it and a small letter follows, unless the rest of the text has the
    word with a hyphen and not without. Before capitals and beside digits it stays, as in Anglo-Saxon or 1990-1995.
    Beside anything else it is a dash.
    """
    if not (line[-1:].isalnum() and after[:1].isalnum()):
        return f"{line}-{between}"
    first, last = _FIRST_WORD.match(after), _LAST_WORD.search(line)
    if first is None or last is None or first[0][0].isupper():
        return f"{line}-"
    whole, compound = last[0] + first[0], f"{last[0]}-{first[0]}"
    return f"{line}-" if compound in text and whole not in text else line
