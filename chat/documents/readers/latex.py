"""LaTeX: its source, cut at its sectioning commands, with the letters and marks that its commands print."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from chat.documents import encoding
from chat.documents.readers.text import Marked, split_by_heading
from chat.documents.sections import Notice, Section

_HEADING = re.compile(
    r"[ \t]*\\(?:part|chapter|(?:sub){0,2}section|(?:sub)?paragraph)\*?"
    r"[ \t]*(?:\[[^\]]*\])?[ \t]*\{(?P<title>(?:[^{}]|\{[^{}]*\})*)\}"
)
_COMMAND = re.compile(r"\\[a-zA-Z]+\*?|[{}]")

_VERBATIM = re.compile(r"\\(begin|end)\{(verbatim\*?|Verbatim|lstlisting|minted|comment)\}")
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")

_ACCENTS = {
    **{"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307"},
    **{'"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c"},
    **{"d": "\u0323", "c": "\u0327", "k": "\u0328", "b": "\u0331"},
}
"""The combining mark of each command that puts one on the next letter."""

_ACCENTED = re.compile(
    r"""(?<!\\)\\(?:(?P<mark>["'`^~=.])[ ]*|(?P<named>[urHvdckb])(?:[ ]+(?=[A-Za-z\\])|(?=\{)))"""
    r"(?:\{[ ]*\\?(?P<in_braces>[A-Za-z])[ ]*\}|\\(?P<dotless>[ij])(?![A-Za-z])(?:\{\}|[ ]+)?|(?P<letter>[A-Za-z]))"
)
_LETTERS = {
    **{"ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ"},
    **{"aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ"},
    **{"S": "§", "P": "¶", "copyright": "©", "textcopyright": "©", "textregistered": "®", "texttrademark": "™"},
    **{"pounds": "£", "textsterling": "£", "euro": "€", "texteuro": "€", "EUR": "€", "textdegree": "°"},
    **{"ldots": "…", "dots": "…", "textellipsis": "…", "textendash": "–", "textemdash": "—", "textbullet": "•"},
    **{"glqq": "„", "grqq": "“", "flqq": "«", "frqq": "»", "guillemotleft": "«", "guillemotright": "»"},
    **{"quotedblbase": "„", "textquotedblleft": "“", "textquotedblright": "”", "textquoteright": "’"},
    **{"textbackslash": "\\", "textunderscore": "_", "textasciitilde": "~"},
}
_LETTER = re.compile(rf"\{{\\({'|'.join(_LETTERS)})[ ]*\}}|\\({'|'.join(_LETTERS)})(?![A-Za-z])(?:\{{\}}|[ ]+)?")
_IN_BRACES = re.compile(r"\{([^\x00-\x7f])\}")
_MARKS = re.compile(r"---|(?<=\w)--(?=\w)|``|''|(?<!\\)(?:~|\\[-@,%&$#_{}])")
_PRINTED = {"---": "—", "--": "–", "``": "“", "''": "”", "\\-": "", "\\@": "", "~": " ", "\\,": " "}


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the sections of the file at ``path``. Raise ``Unreadable`` if it is binary."""
    detected = encoding.detect(path)
    yield from split_by_heading(_printed(detected.lines(path)))
    yield from detected.notices()


def _printed(lines: Iterable[str]) -> Iterator[Marked]:
    """Yield lines as they are printed, without comments, and the headings that they are; verbatim ones untouched."""
    verbatim = ""
    for line in lines:
        if match := _VERBATIM.search(line):
            verbatim = match[2] if match[1] == "begin" else ""
        if verbatim == "comment" or line.lstrip().startswith("%"):
            continue
        if verbatim or match:
            yield line, None
        else:
            text = _print(_COMMENT.sub(r"\1", line) if "%" in line else line)
            yield text, _heading_of(text)


def _print(line: str) -> str:
    if "\\" in line:
        line = _IN_BRACES.sub(r"\1", _LETTER.sub(_letter, _ACCENTED.sub(_accented, line)))
    return _MARKS.sub(lambda mark: _PRINTED.get(mark[0], mark[0][1:]), line)


def _accented(match: re.Match[str]) -> str:
    letter = match["in_braces"] or match["dotless"] or match["letter"]
    return unicodedata.normalize("NFC", letter + _ACCENTS[match["mark"] or match["named"]])


def _letter(match: re.Match[str]) -> str:
    printed = _LETTERS[match[1] or match[2]]
    return f"{printed} " if match[0].endswith(" ") and not printed.isalpha() else printed  # TeX's letters eat the space


def _heading_of(line: str) -> str | None:
    match = _HEADING.match(line)
    return " ".join(_COMMAND.sub("", match["title"]).split()) if match else None
