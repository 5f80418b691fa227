"""Markers of citations in a text, and the chips that stand in their place on a page.

A marker is taken out of the text before it is parsed, since a file name in it could be Markdown. In its place stands
``【n】``, the number written in characters that Unicode keeps for use inside a program; brackets, because what is
beside punctuation decides what is bold. No text can hold those characters: its own become U+FFFD. The parser's text
tokens give them back as tokens of their own, which are drawn as placeholders and, after the sanitizer, become chips. In
code, formulas and the like the marker stands as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType

from chat.web.markdown.limits import new_env
from chat.web.markdown.sanitize import citation_placeholder
from chat.web.markdown.sanitize import preformatted as preformatted_text

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
class HiddenMarker:
    """A marker that was taken out of a text."""

    mark: CitationMark
    marker: str

    @property
    def chip(self) -> str:
        label = escape(self.mark.label)
        # Not a ``button``: a line could break between that and the full stop behind it.
        return (
            '<span class="cite" role="button" tabindex="0" aria-haspopup="dialog"'
            f' title="{label}" aria-label="{label}">{self.mark.number}</span>'
        )


def hide_markers(text: str, marks: Sequence[CitationMark], *, env: EnvType, begin: int = 0) -> str:
    """Return ``text`` without its markers, which ``env`` keeps. ``marks`` count from ``begin`` characters before it.

    Marks that overlap, or that are not wholly in the text, are left out.
    """
    pieces, at = [], 0
    for mark in sorted(marks, key=lambda each: each.start):
        start, end = mark.start - begin, mark.end - begin
        if at <= start < end <= len(text):
            pieces += [_OURS.sub("\ufffd", text[at:start]), f"【{str(len(env['hidden'])).translate(_HIDE)}】"]
            env["hidden"].append(HiddenMarker(mark, text[start:end]))
            at = end
    return "".join([*pieces, _OURS.sub("\ufffd", text[at:])])


def show_numbers(text: str, *, env: EnvType) -> str:
    """Return a text with numbers in brackets in place of its hidden markers."""
    return _replace_hidden(text, lambda each: f"[{each.mark.number}]", env=env)


def with_numbers(text: str, marks: Sequence[CitationMark]) -> str:
    """Return the text with numbers in brackets in place of the marks."""
    env = new_env()
    return show_numbers(hide_markers(text, marks, env=env), env=env)


def restore_markers(text: str, *, env: EnvType) -> str:
    """Return a text with its markers put back."""
    return _replace_hidden(text, lambda each: each.marker, env=env)


def preformatted(source: str, *, env: EnvType) -> SafeString:
    """Return a text as it was written, escaped, with its chips."""
    return SafeString(_replace_hidden(preformatted_text(source), lambda each: each.chip, env=env))


def _replace_hidden(text: str, by: Callable[[HiddenMarker], str], *, env: EnvType) -> str:
    return _HIDDEN.sub(lambda match: by(env["hidden"][int(match[1].translate(_SHOW))]), text) if env["hidden"] else text


# --- in the parser ---------------------------------------------------------------------------------------------


def extend(markdown: MarkdownIt) -> None:
    """Add the rules that find hidden markers to a parser, and those that draw them to its renderer."""
    markdown.core.ruler.push("citation", _find_markers)
    markdown.add_render_rule(
        "citation", lambda _self, tokens, index, *_: citation_placeholder(tokens[index].meta["place"])
    )


def remove_hidden(url: str) -> str:
    """Return an address without the markers that were hidden in it, which do not belong to it."""
    return _HIDDEN.sub("", url)


def _find_markers(state: StateCore) -> None:
    if not state.env["hidden"]:
        return
    for token in state.tokens:
        if token.type in _CODE:
            _write_back(token, state.env)
        elif token.children:
            token.children = list(_split_text(token.children, state.env))


def _split_text(tokens: Sequence[Token], env: EnvType) -> Iterator[Token]:
    in_link = False
    chips: list[Token] = []  # of the link: they come after it, because inside it they could not be pressed
    for token in tokens:
        in_link = in_link or token.type == "link_open"
        for piece in _pieces_of(token, env):
            if in_link and piece.type == "citation":
                chips.append(piece)
            else:
                yield piece
        if token.type == "link_close":
            yield from chips
            in_link, chips = False, []


def _pieces_of(token: Token, env: EnvType) -> Iterator[Token]:
    if token.type != "text":
        if token.type in _CODE:
            _write_back(token, env)
        yield token
        return
    done = 0
    for match in _HIDDEN.finditer(token.content):
        yield Token("text", "", 0, content=token.content[done : match.start()])
        yield Token("citation", "", 0, meta={"place": int(match[1].translate(_SHOW))})
        done = match.end()
    yield Token("text", "", 0, content=token.content[done:])


def _write_back(token: Token, env: EnvType) -> None:
    token.content, token.info = restore_markers(token.content, env=env), restore_markers(token.info, env=env)
