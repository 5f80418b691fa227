"""Markers of citations in a text, and the chips that stand in their place on a page.

A marker is taken out of the text before it is parsed, since a file name in it could be Markdown. In its place stands
``【n】``, the number written in characters that Unicode keeps for use inside a program; brackets, because what is
beside punctuation decides what is bold. No text can hold those characters: its own become U+FFFD. The parser's text
tokens give them back as tokens of their own, which are drawn as marks and, after the sanitizer, become chips. In
code, formulas and the like the marker stands as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from chat.web.markdown.sanitize import citation_mark
from chat.web.markdown.sanitize import plain as as_it_is

_DIGITS = "".join(map(chr, range(0xFDD0, 0xFDDA)))  # noncharacters
_HIDE = str.maketrans("0123456789", _DIGITS)
_SHOW = str.maketrans(_DIGITS, "0123456789")
_OURS = re.compile(f"[{_DIGITS}]")
_HIDDEN = re.compile(f"【([{_DIGITS}]+)】")
_CODE = frozenset({"code_inline", "fence", "code_block", "formula", "formula_block"})


@dataclass(frozen=True, slots=True)
class CitationMark:
    """``text[start:end]`` refers to the source ``number``, which ``label`` names in words."""

    start: int
    end: int
    number: int
    label: str


@dataclass(frozen=True, slots=True)
class Hidden:
    """A marker that was taken out of a text."""

    mark: CitationMark
    marker: str

    @property
    def chip(self) -> str:
        """Not a ``button``: a line could break between that and the full stop behind it."""
        label = escape(self.mark.label)
        return (
            '<span class="cite" role="button" tabindex="0" aria-haspopup="dialog"'
            f' title="{label}" aria-label="{label}">{self.mark.number}</span>'
        )


def hide(text: str, marks: Sequence[CitationMark], *, env: EnvType, begin: int = 0) -> str:
    """``text`` without its markers, which ``env`` keeps. ``marks`` count from ``begin`` characters before ``text``.

    Marks that overlap, or that are not wholly in the text, are left out.
    """
    pieces, at = [], 0
    for mark in sorted(marks, key=lambda each: each.start):
        start, end = mark.start - begin, mark.end - begin
        if at <= start < end <= len(text):
            pieces += [_OURS.sub("\ufffd", text[at:start]), f"【{str(len(env['hidden'])).translate(_HIDE)}】"]
            env["hidden"].append(Hidden(mark, text[start:end]))
            at = end
    return "".join([*pieces, _OURS.sub("\ufffd", text[at:])])


def numbered(text: str, *, env: EnvType) -> str:
    """A text with hidden markers as plain text: the numbers in brackets."""
    return _replaced(text, lambda each: f"[{each.mark.number}]", env=env)


def as_written(text: str, *, env: EnvType) -> str:
    """A text with its markers put back."""
    return _replaced(text, lambda each: each.marker, env=env)


def chip(place: int, *, env: EnvType) -> str:
    """The HTML that a mark stands for."""
    return str(env["hidden"][place].chip)


def plain(source: str, *, env: EnvType) -> SafeString:
    """A text as it was written, with the chips in place."""
    return SafeString(_replaced(as_it_is(source), lambda each: each.chip, env=env))


def _replaced(text: str, by: Callable[[Hidden], str], *, env: EnvType) -> str:
    return _HIDDEN.sub(lambda found: by(env["hidden"][_place(found)]), text)


def _place(found: re.Match[str]) -> int:
    return int(found[1].translate(_SHOW))


# --- in the parser ---------------------------------------------------------------------------------------------


def extend(markdown: MarkdownIt) -> None:
    """Teach a parser to find hidden markers, and a renderer to draw them."""
    markdown.core.ruler.push("citation", _find)
    markdown.add_render_rule("citation", _draw)


def without(url: str) -> str:
    """An address without the markers that were hidden in it: they are none of it."""
    return _HIDDEN.sub("", url)


def _find(state: StateCore) -> None:
    if not state.env["hidden"]:
        return
    for token in state.tokens:
        if token.type in _CODE:
            _write_back(token, state.env)
        elif token.children:
            token.children = list(_inline(token.children, state.env))


def _inline(tokens: Sequence[Token], env: EnvType) -> Iterator[Token]:
    """What stands inside a link comes after it: a chip in a link could not be pressed."""
    in_link = False
    held: list[Token] = []
    for token in tokens:
        in_link = in_link or token.type == "link_open"
        for piece in _pieces(token, env):
            if in_link and piece.type == "citation":
                held.append(piece)
            else:
                yield piece
        if token.type == "link_close":
            yield from held
            in_link, held = False, []


def _pieces(token: Token, env: EnvType) -> Iterator[Token]:
    if token.type != "text":
        if token.type in _CODE:
            _write_back(token, env)
        yield token
        return
    done = 0
    for found in _HIDDEN.finditer(token.content):
        yield Token("text", "", 0, content=token.content[done : found.start()])
        yield Token("citation", "", 0, meta={"place": _place(found)})
        done = found.end()
    yield Token("text", "", 0, content=token.content[done:])


def _write_back(token: Token, env: EnvType) -> None:
    token.content, token.info = as_written(token.content, env=env), as_written(token.info, env=env)


def _draw(_self: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType) -> str:
    return citation_mark(tokens[index].meta["place"])
