"""Markdown as people read it: one renderer and one sanitizer for stream, history, admin and export.

    limits     how much of a text may be parsed, drawn and highlighted
    parser     text → top-level blocks → HTML
    rules      what becomes of links, images, headings and tables
    formulas   where TeX stands in a text
    mathml     TeX → MathML
    code       code blocks: highlighting, language, copy button
    sanitize   the last step: HTML → HTML that a page may show
    stream     blocks that are closed while the text still grows
    endings    which lines could end a block

Of Django only ``SafeString`` is known here. The classes in the HTML are listed in :mod:`chat.web.markdown.sanitize`.
"""

from __future__ import annotations

from django.utils.safestring import SafeString

from chat.web.markdown import parser
from chat.web.markdown.limits import Size, new_env, normalized
from chat.web.markdown.sanitize import plain
from chat.web.markdown.stream import BlockStream

__all__ = ["BlockStream", "render"]


def render(text: str) -> SafeString:
    """HTML of a whole Markdown text, safe to put on a page.

    Never raises for a strange text: what is too large comes back in ``<pre class="as-written">``, escaped.
    """
    source = normalized(text)
    size = Size()
    size.add(source)
    if not size.fits:
        return plain(source)
    env = new_env()
    return SafeString("".join(parser.drawn(block, env=env) for block in parser.split(source, env=env)))
