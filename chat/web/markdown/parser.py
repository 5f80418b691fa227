"""Text → top-level blocks → HTML, with markdown-it.

A block is parsed in two steps, so that a stream can find the ends of blocks without paying for what is inside them.
HTML leaves this module through the sanitizer only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from chat.web.markdown import citations, code, files, formulas, rules
from chat.web.markdown.limits import MAX_NESTING, TextSize, new_env, normalize
from chat.web.markdown.sanitize import sanitize_html

Env = MutableMapping[str, Any]
BlockRule = Callable[[StateBlock, int, int, bool], bool]

DEFINITION = "definition"  # the kind of a block that only says where links lead
_OPTIONS = {"html": False, "tasklists": True, "inline_definitions": True, "maxNesting": MAX_NESTING}
_ENDED_BY_QUOTE: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
_ENDED_BY_LIST: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote"]}
_BLOCK_STEPS = frozenset({"normalize", "block"})


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level block: its tokens, the lines ``[start, end)`` it covers, and its own text.

    ``kind`` is the type of its first token: ``paragraph_open``, ``fence``, ``bullet_list_open`` …
    """

    kind: str
    tokens: list[Token]
    start: int
    end: int
    source: str


def render(
    text: str, marks: Sequence[citations.CitationMark] = (), links: Mapping[str, str] = files.NO_LINKS
) -> SafeString:
    """Return a whole Markdown text as HTML that is safe to put on a page, with chips for its ``marks``.

    ``links`` are the URLs of the files that it names as ``sandbox:/mnt/data/…``. A text that is too large comes back in
    ``<pre class="as-written">``, escaped; no text raises an error.
    """
    env = new_env()
    if links:
        files.add_links(links, env=env)
    source = normalize(citations.hide_markers(text, marks, env=env))
    size = TextSize()
    size.add(source)
    if not size.fits:
        return citations.preformatted(source, env=env)
    return SafeString("".join(render_block(block, env=env) for block in split_blocks(source, env=env)))


def split_blocks(source: str, *, env: Env) -> list[Block]:
    """Return the top-level blocks of a normalized text. Link definitions are put into ``env["references"]``."""
    tokens: list[Token] = []
    _MARKDOWN.block.parse(source, _MARKDOWN, env, tokens)
    return list(_blocks(tokens, source.split("\n")))


def render_block(block: Block, *, env: Env) -> SafeString:
    """Return a block as HTML that is safe to put on a page. Call once a block and in order: they share a budget."""
    if not env["budget"].takes_block(len(block.tokens)):
        return citations.preformatted(block.source, env=env)
    state = StateCore("", _MARKDOWN, env, block.tokens)
    for step in _INLINE_STEPS:
        step(state)
    html = str(_MARKDOWN.renderer.render(state.tokens, _MARKDOWN.options, env))
    return sanitize_html(html, chip=lambda place: str(env["hidden"][place].chip), file=partial(files.html_at, env=env))


def _blocks(tokens: list[Token], lines: list[str]) -> Iterator[Block]:
    first = 0
    for index, token in enumerate(tokens):
        if token.level == 0 and token.nesting <= 0:
            start, end = tokens[first].map or (0, 0)
            yield Block(tokens[first].type, tokens[first : index + 1], start, end, "\n".join(lines[start:end]))
            first = index + 1


def _parse_inline(state: StateCore) -> None:
    budget = state.env["budget"]
    for token in state.tokens:
        if token.type != "inline":
            continue
        token.children = []
        if budget.takes_inline(token.content):
            state.md.inline.parse(token.content, state.md, state.env, token.children)
        else:
            token.children.append(Token("text", "", 0, content=token.content))


def _bounded(rule: BlockRule) -> BlockRule:
    """Return the rule of a quote or list for which a marker that is nested too deep is text."""

    def bounded(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        # The library alone would drop all that follows.
        return (silent or state.level < MAX_NESTING - 2) and rule(state, start, end, silent)

    return bounded


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802
        # ``rules`` judges links, and keeps the words of those that lead nowhere.
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        return super().normalizeLink(citations.remove_hidden(url))


def _markdown() -> MarkdownIt:
    markdown = _Markdown("commonmark", _OPTIONS)
    markdown.enable(["table", "strikethrough"])
    markdown.core.ruler.at("inline", _parse_inline)
    markdown.block.ruler.at("blockquote", _bounded(blockquote), _ENDED_BY_QUOTE)
    markdown.block.ruler.at("list", _bounded(list_block), _ENDED_BY_LIST)
    markdown.add_render_rule(DEFINITION, lambda *_: "")
    for extend in (formulas.extend, rules.extend, files.extend, code.extend, citations.extend):
        extend(markdown)
    return markdown


_MARKDOWN = _markdown()
_INLINE_STEPS = [
    step
    for name, step in zip(_MARKDOWN.core.ruler.get_active_rules(), _MARKDOWN.core.ruler.getRules(""), strict=True)
    if name not in _BLOCK_STEPS
]
