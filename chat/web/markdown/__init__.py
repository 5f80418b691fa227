"""Markdown as people read it: one renderer and one sanitizer for stream, history, admin and export.

    limits     bounds of what is parsed, drawn and highlighted
    parser     text → top-level blocks → HTML
    rules      links, images, headings and tables on a page
    formulas   TeX in a text
    mathml     TeX → MathML
    code       code blocks: highlighting, language, copy button
    files      links to generated files
    citations  markers of citations: chips on the page, numbers in a plain text
    sanitize   the last step: HTML → HTML that a page may show
    stream     blocks that are closed while the text still grows
    endings    lines that could end a block

Of Django only ``SafeString`` is known here. The classes in the HTML are listed in :mod:`chat.web.markdown.sanitize`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.safestring import SafeString

from chat.web.markdown import citations, files, parser
from chat.web.markdown.citations import CitationMark
from chat.web.markdown.code import highlight
from chat.web.markdown.files import NO_LINKS
from chat.web.markdown.limits import TextSize, new_env, normalize
from chat.web.markdown.stream import BlockStream

__all__ = ["NO_LINKS", "BlockStream", "CitationMark", "highlight", "render", "with_numbers"]


def render(text: str, marks: Sequence[CitationMark] = (), links: Mapping[str, str] = NO_LINKS) -> SafeString:
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
    return SafeString("".join(parser.render_block(block, env=env) for block in parser.split_blocks(source, env=env)))


def with_numbers(text: str, marks: Sequence[CitationMark]) -> str:
    """Return the text with numbers in brackets in place of the marks."""
    env = new_env()
    return citations.show_numbers(citations.hide_markers(text, marks, env=env), env=env)
