r"""TeX in a text: ``$x$``, ``\(x\)``, and on display ``$$x$$``, ``\[x\]``.

A formula on display may stand on lines of its own, also right under a line of prose, and holds no empty line. What
such a line begins is one block up to the closing marker or the empty line, known from its first line on: so a stream
need not look ahead. If it was no formula after all it is a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from chat.web.markdown import mathml

_INLINE = re.compile(
    r"""
      \$\$ (?P<dollars> (?: [^$\\] | \\. )++ ) \$\$
    # What stands between the prices in "$5 and $6" is no formula.
    | (?<! [A-Za-z$] ) \$ (?! [\s$] ) (?P<dollar> (?: [^$\\] | \\. )++ ) (?<! \s ) \$ (?! [0-9$] )
    | \\\[ (?P<square> (?: [^\\] | \\[^][] )++ ) \\\]
    | \\\( (?P<round> (?: [^\\] | \\[^()] )++ ) \\\)
    """,
    re.VERBOSE | re.DOTALL,
)
_ON_DISPLAY = frozenset({"dollars", "square"})
_CLOSERS = {"$$": re.compile(r"\$\$"), "\\[": re.compile(r"(?<!\\)\\\]")}


def extend(markdown: MarkdownIt) -> None:
    """Add the rules that find formulas to a parser, and those that draw them to its renderer."""
    interrupts: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    markdown.block.ruler.before("fence", "formula_block", _block_rule, interrupts)
    markdown.inline.ruler.before("escape", "formula", _inline_rule)
    markdown.add_render_rule("formula", _render)
    markdown.add_render_rule("formula_block", _render_block)


def _inline_rule(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    match = _INLINE.match(state.src, state.pos, state.posMax)
    if match is None or match.lastgroup is None or not match[match.lastgroup].strip():
        return False
    if not silent:
        token = state.push("formula", "math", 0)
        token.content = match[match.lastgroup].strip()
        token.meta = {"display": match.lastgroup in _ON_DISPLAY}
    state.pos = match.end()
    return True


def _block_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    first = _line(state, start)
    closer = _CLOSERS.get(first[:2])
    if closer is None or state.is_code_block(start) or _goes_on(first, closer):
        return False
    if not silent:
        lines = list(_lines(state, start, end, closer))
        state.line = start + len(lines)
        _push(state, "\n".join(lines), closer, [start, state.line])
    return True


def _goes_on(source: str, closer: re.Pattern[str]) -> bool:
    """Return whether prose follows the formula."""
    match = closer.search(source, 2)
    return match is not None and bool(source[match.end() :].strip())


def _lines(state: StateBlock, start: int, end: int, closer: re.Pattern[str]) -> Iterator[str]:
    """Yield the lines up to the closing one, to an empty line, or to the end of the list item around."""
    for number in range(start, end):
        line = _line(state, number)
        if number > start and (not line or state.sCount[number] < state.blkIndent):
            return
        yield line
        if closer.search(line, 2 if number == start else 0):
            return


def _push(state: StateBlock, source: str, closer: re.Pattern[str], lines: list[int]) -> None:
    match = closer.search(source, 2)
    tex = source[2 : match.start()].strip() if match and not _goes_on(source, closer) else ""
    if tex:
        token = state.push("formula_block", "math", 0)
        token.content, token.map, token.meta, token.block = tex, lines, {"display": True}, True
        return
    state.push("paragraph_open", "p", 1).map = lines
    token = state.push("inline", "", 0)
    token.content, token.map, token.children = source.strip(), lines, []
    state.push("paragraph_close", "p", -1)


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _render(_self: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    if not env["budget"].takes_tex(token.content):
        return mathml.as_code(token.content)
    return mathml.to_mathml(token.content, display=token.meta["display"])


def _render_block(
    self: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return f"<p>{_render(self, tokens, index, options, env)}</p>\n"
