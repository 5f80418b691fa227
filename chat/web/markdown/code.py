"""Code blocks: a head with the language and a copy button, and the code highlighted with classes.

Colours come from ``static/css/highlight.css``; the content security policy forbids inline styles. The page wires
``.copy`` by event delegation: it copies the text of the ``pre`` in the same ``.code``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape

import pygments
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_all_lexers, get_lexer_by_name

from chat.web.markdown.limits import Budget
from chat.web.markdown.sanitize import COPY_MARK

MAX_HIGHLIGHTED = 100_000  # characters
MAX_LINE = 1_000  # characters; on long lines some lexers spend seconds inside one expression, where no clock is read
_TOKENS_BETWEEN_CLOCK_READINGS = 16
_LONGEST_LABEL = 30

# A closed list: each was tried with text made to be slow. (matlab was not bounded; octave is.)
_LANGUAGES = """
    python pycon javascript typescript jsx tsx json yaml toml ini properties html xml css scss less bash console
    powershell batch sql postgresql mysql c cpp csharp java kotlin scala swift go rust ruby php perl lua splus julia
    octave haskell elixir erlang clojure dart groovy ocaml fsharp objective-c vb.net nasm zig nixos diff docker make
    cmake nginx apacheconf http graphql protobuf terraform tex markdown restructuredtext jinja django vue solidity
"""
_ALSO = {
    "r": ("splus", "R"),
    "matlab": ("octave", "MATLAB"),
    "jsonc": ("json", "JSON"),
    "kt": ("kotlin", "Kotlin"),
    "vb": ("vb.net", "Visual Basic"),
}
_LEXERS = frozenset(_LANGUAGES.split())
_NAMES = {  # as written after the fence → the lexer's name, the label
    alias: (aliases[0], name)
    for name, aliases, *_ in get_all_lexers(plugins=False)
    if aliases and aliases[0] in _LEXERS
    for alias in aliases
} | _ALSO
_FORMATTER = HtmlFormatter(nowrap=True)


def highlight(source: str, language: str) -> SafeString:
    """Return code in colours, for the inside of ``pre.highlight``; only escaped where colours would take too long.

    ``language`` is the name of a lexer in the list above.
    """
    source = source.rstrip("\n")
    return SafeString((_highlight(source, language, Budget(highlighting=0.1)) or escape(source)).rstrip("\n"))


def extend(markdown: MarkdownIt) -> None:
    """Add the rules for code blocks to a renderer."""
    markdown.add_render_rule("fence", _render)
    markdown.add_render_rule("code_block", _render)


def _render(_self: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    words = unescapeAll(token.info).split()
    language = words[0] if words else ""
    lexer, label = _NAMES.get(language.lower(), ("", language[:_LONGEST_LABEL]))
    body = (_highlight(token.content, lexer, env["budget"]) if lexer else None) or escape(token.content)
    return (
        f'<div class="code"><div class="code-head"><span class="lang">{escape(label)}</span>{COPY_MARK}</div>'
        f'<pre class="highlight"><code>{body}</code></pre></div>\n'
    )


def _highlight(source: str, lexer: str, budget: Budget) -> str | None:
    """Return the code with its parts in spans, or None where that would take too long."""
    if len(source) > MAX_HIGHLIGHTED or any(len(line) > MAX_LINE for line in source.split("\n")):
        return None
    tokens = []
    reader = get_lexer_by_name(lexer, stripnl=False)  # the first of its kind is built here, off the clock
    started_at = time.thread_time()
    for count, token in enumerate(reader.get_tokens(source)):
        if count % _TOKENS_BETWEEN_CLOCK_READINGS == 0 and time.thread_time() - started_at > budget.highlighting:
            budget.highlighting = 0
            return None
        tokens.append(token)
    html = pygments.format(tokens, _FORMATTER)
    budget.highlighting -= time.thread_time() - started_at
    return html
