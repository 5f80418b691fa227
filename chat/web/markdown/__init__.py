"""Markdown as people read it: one renderer and one sanitizer for stream, history, admin and export.

    limits     how much of a text may be parsed, drawn and highlighted
    parser     text → top-level blocks → HTML
    rules      what becomes of links, images, headings and tables
    formulas   where TeX stands in a text
    mathml     TeX → MathML
    code       code blocks: highlighting, language, copy button
    files      links to files that code has made
    citations  markers of citations: chips on the page, numbers in a plain text
    sanitize   the last step: HTML → HTML that a page may show
    stream     blocks that are closed while the text still grows
    endings    which lines could end a block

Of Django only ``SafeString`` is known here. The classes in the HTML are listed in :mod:`chat.web.markdown.sanitize`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.safestring import SafeString

from chat.web.markdown import citations, files, parser
from chat.web.markdown.citations import CitationMark
from chat.web.markdown.code import highlighted
from chat.web.markdown.files import NO_LINKS
from chat.web.markdown.limits import Size, new_env, normalized
from chat.web.markdown.stream import BlockStream

__all__ = ["NO_LINKS", "BlockStream", "CitationMark", "highlighted", "render", "with_numbers"]


def render(text: str, marks: Sequence[CitationMark] = (), links: Mapping[str, str] = NO_LINKS) -> SafeString:
    """HTML of a whole Markdown text, safe to put on a page, with chips for its ``marks``.

    ``links`` are where on this server the files are that it names as ``sandbox:/mnt/data/…``.

    Never raises for a strange text: what is too large comes back in ``<pre class="as-written">``, escaped.
    """
    env = new_env()
    files.add(links, env=env)
    source = normalized(citations.hide(text, marks, env=env))
    size = Size()
    size.add(source)
    if not size.fits:
        return citations.plain(source, env=env)
    return SafeString("".join(parser.drawn(block, env=env) for block in parser.split(source, env=env)))


def with_numbers(text: str, marks: Sequence[CitationMark]) -> str:
    """The text as it was written, but for numbers in brackets where the marks are."""
    env = new_env()
    return citations.numbered(citations.hide(text, marks, env=env), env=env)
