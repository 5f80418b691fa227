"""Renders the blocks of a text that are closed while it still grows.

A block is closed when nothing that follows can change it: a paragraph, quote or table by the empty line after it, a
fence or formula by its last line, a heading or rule by its end, a list by the first line that is not of it. Closed
blocks are drawn once; the rest is the *tail*, which the page shows as it is.

The parser itself says where blocks end. It is asked only when a line came that could end one, and for no more than four
characters for each one fed: the cost is linear, whatever the text and the pieces it comes in.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from django.utils.safestring import SafeString

from chat.web.markdown import citations, files, parser
from chat.web.markdown.citations import CitationMark
from chat.web.markdown.limits import TextSize, new_env, normalize
from chat.web.markdown.parser import Block

MayEnd = Callable[[str, bool], bool]  # (line, whether the line before is empty)

PARSED_PER_CHARACTER = 4
PARSED_AT_FIRST = 4_096  # characters; below that a second look costs nothing

_ENDED_BY_EMPTY_LINE = frozenset({"paragraph_open", "blockquote_open", "table_open", parser.DEFINITION})
_ENDED_BY_THEMSELVES = frozenset({"heading_open", "hr", "formula_block"})

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LIST = re.compile(r" {0,3}(?:\d{1,9}([.)])|([-+*]))(?:[ \t]|$)")
_QUOTE = re.compile(r" {0,3}>")
_CODE = re.compile(r" {4}| {0,3}\t")
_START = re.compile(r" {0,3}(?:[#>]|`{3}|~{3}|\$\$|\\\[|[-+*][ \t]|\d{1,9}[.)][ \t]|[-_*=|: \t]+$)")
_BEGUN = re.compile(r"[^\s\d*+-]|\*\*\S")  # after an empty line: it cannot belong to a list above


class BlockStream:
    """A Markdown text that comes in pieces.

    The closed blocks and those of ``finish`` are together the HTML of ``render`` for the whole text, with two
    exceptions: a link whose definition comes in a later block is not known yet, and of a text that is too large (see
    ``limits``) what was closed before stays closed. The nth block is the same whatever the pieces.
    """

    def __init__(self) -> None:
        self.blocks: list[SafeString] = []  # all closed ones
        self.last_piece = ""  # the text that was fed last, with numbers in brackets for citations
        self.parsed = 0  # characters given to the parser so far, those of ``finish`` aside
        self._env = new_env()
        self._fed: list[str] = []
        self._length_fed = 0
        self._size = TextSize()
        self._carriage_return = ""  # perhaps half of a line end
        self._lines: list[str] = []  # of the tail
        self._length = 0  # of these lines
        self._open_line: list[str] = []  # pieces of the tail's last line
        self._begin = ""  # its first three characters
        self._may_end: MayEnd | None = None
        self._is_due = False  # a line came that may end a block
        self._looked_ahead = False  # the parser has seen the begin of the open line

    @property
    def text(self) -> str:
        """Return all that was fed, as it was fed."""
        self._fed = ["".join(self._fed)]
        return self._fed[0]

    @property
    def tail(self) -> str:
        """Return the text of what is not closed yet; numbers in brackets stand for citations."""
        return citations.show_numbers(self._tail(), env=self._env) if self._env["hidden"] else self._tail()

    def _tail(self) -> str:
        self._open_line = ["".join(self._open_line)]
        return "\n".join([*self._lines, *self._open_line])

    def feed(
        self, more: str, marks: Sequence[CitationMark] = (), links: Mapping[str, str] = files.NO_LINKS
    ) -> list[SafeString]:
        """Add more text. Return the HTML of each block that it closed, safe to append to the page.

        ``marks`` are those in ``more``; they count from the begin of the whole text. ``links`` as for ``render``.
        """
        if links:
            files.add_links(links, env=self._env)
        self._fed.append(more)
        begin, self._length_fed = self._length_fed, self._length_fed + len(more)
        more = citations.hide_markers(more, marks, env=self._env, begin=begin)
        self.last_piece = citations.show_numbers(more, env=self._env) if self._env["hidden"] else more
        self._size.add(more)
        more = self._carriage_return + more
        self._carriage_return = "\r" if more.endswith("\r") else ""
        for number, piece in enumerate(normalize(more.removesuffix("\r")).split("\n")):
            if number:
                self._end_line()
            self._open_line.append(piece)
            if len(self._begin) < 3:
                self._begin = (self._begin + piece)[:3]
        return self._close() if self._must_look() else []

    def finish(self) -> list[SafeString]:
        """End the text. Return the HTML of the blocks that were still open."""
        source = self._tail() + normalize(self._carriage_return)
        self._carriage_return, self._lines, self._open_line = "", [], []
        if self._size.fits:
            blocks = parser.split_blocks(source, env=self._env)
            html = [parser.render_block(block, env=self._env) for block in blocks if block.kind != parser.DEFINITION]
        else:
            html = [citations.preformatted(source, env=self._env)]
        self.blocks += html
        return html

    # --- lines -----------------------------------------------------------------------------------------------------

    def _end_line(self) -> None:
        line = "".join(self._open_line)
        self._open_line, self._begin, self._looked_ahead = [], "", False
        if not self._lines and is_empty(line):
            return
        if self._may_end is None:
            self._may_end = end_test(line)
        after_empty = bool(self._lines) and is_empty(self._lines[-1])
        self._is_due = self._is_due or self._may_end(line, after_empty)
        self._lines.append(line)
        self._length += len(line) + 1

    def _has_begun_another(self) -> bool:
        """Return whether the open line, not yet whole, is sure to be of another block than the lines before it."""
        return bool(self._lines) and is_empty(self._lines[-1]) and _BEGUN.match(self._begin) is not None

    # --- closing ---------------------------------------------------------------------------------------------------

    def _must_look(self) -> bool:
        if not self._looked_ahead and self._has_begun_another() and not _FENCE.match(self._lines[0]):
            self._is_due = True
        allowed = PARSED_PER_CHARACTER * self._size.characters + PARSED_AT_FIRST
        return self._is_due and self.parsed + self._length <= allowed and self._size.fits

    def _close(self) -> list[SafeString]:
        ahead = "".join(self._open_line) if self._has_begun_another() else ""
        source = "\n".join([*self._lines, ahead])
        self.parsed += len(source)
        self._is_due, self._looked_ahead = False, True
        env = {**self._env, "references": ChainMap({}, self._env["references"])}
        blocks = parser.split_blocks(source, env=env)
        closed = self._ended(blocks)
        if not closed:
            return []
        cut = blocks[len(closed)].start if len(closed) < len(blocks) else closed[-1].end
        self._drop(cut, references=env["references"])
        html = [parser.render_block(block, env=env) for block in closed if block.kind != parser.DEFINITION]
        self.blocks += html
        return html

    def _ended(self, blocks: list[Block]) -> list[Block]:
        ended = blocks if blocks and self._has_ended(blocks[-1]) else blocks[:-1]
        last = next((at for at in reversed(range(len(self._lines))) if is_empty(self._lines[at])), -1)
        # Up to an empty line, what comes after a definition may yet be its title.
        return list(takewhile(lambda block: block.kind != parser.DEFINITION or block.end <= last, ended))

    def _has_ended(self, block: Block) -> bool:
        """Return whether the last block so far cannot go on."""
        if block.end > len(self._lines):
            return False
        is_followed = block.end < len(self._lines)
        last = self._lines[block.end - 1]
        if block.kind in _ENDED_BY_EMPTY_LINE:
            return is_followed and is_empty(self._lines[block.end])
        if block.kind in _ENDED_BY_THEMSELVES:
            return is_followed or "|" not in last  # "# a | b" may yet be the head of a table
        return block.kind == "fence" and block.end - block.start > 1 and closes_fence(last, block.tokens[0].markup)

    def _drop(self, cut: int, *, references: ChainMap[str, dict[str, Any]]) -> None:
        """Forget the lines before ``cut``, but keep the definitions in them, and empty lines after it."""
        definitions = references.maps[0].items()
        self._env["references"].update({label: each for label, each in definitions if each["map"][0] < cut})
        while cut < len(self._lines) and is_empty(self._lines[cut]):
            cut += 1
        self._lines = self._lines[cut:]
        self._length = sum(map(len, self._lines)) + len(self._lines)
        self._may_end = end_test(self._lines[0]) if self._lines else None


# --- lines that could end the block that they follow ------------------------------------------------------------------
#
# Guesses, from the first line of the block and without parsing. A guess decides when the parser is asked, never what
# that answers: a wrong one costs time or shows a block a little later.


def is_empty(line: str) -> bool:
    """Return whether a line is what Markdown calls empty."""
    return not line.strip(" \t")


def end_test(first: str) -> MayEnd:
    """Return the guess for a block with this first line; it holds for that line too."""
    for pattern, kind in _KINDS:
        if match := pattern.match(first):
            return kind(match)
    return _paragraph


def closes_fence(line: str, opening: str) -> bool:
    """Return whether the line ends a block of code that ``opening``, for example three backticks, began."""
    marks = line.strip(" \t")
    return not _CODE.match(line) and len(marks) >= len(opening) and not marks.strip(opening[0])


def _fence(opening: re.Match[str]) -> MayEnd:
    return lambda line, _after_empty: closes_fence(line, opening[1])


def _list(item: re.Match[str]) -> MayEnd:
    def may_end(line: str, after_empty: bool) -> bool:
        if is_empty(line) or line.startswith(("  ", "\t")):
            return False
        other = _LIST.match(line)
        if other and other.groups() == item.groups():
            return False
        return after_empty or _START.match(line) is not None

    return may_end


def _quote(_: re.Match[str]) -> MayEnd:
    return lambda line, after_empty: not _QUOTE.match(line) and _paragraph(line, after_empty)


def _code(_: re.Match[str]) -> MayEnd:
    return lambda line, _after_empty: not is_empty(line) and not _CODE.match(line)


def _paragraph(line: str, _after_empty: bool) -> bool:
    # Also for headings, rules, tables and formulas.
    return is_empty(line) or _START.match(line) is not None or line.rstrip(" \t").endswith(("$$", "\\]"))


_KINDS: list[tuple[re.Pattern[str], Callable[[re.Match[str]], MayEnd]]] = [
    (_FENCE, _fence),
    (_LIST, _list),
    (_QUOTE, _quote),
    (_CODE, _code),
]
