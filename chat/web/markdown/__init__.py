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

Of Django only ``SafeString`` is known here. The classes in the HTML are listed in :mod:`chat.web.markdown.sanitize`.
"""

from chat.web.markdown.citations import CitationMark, with_numbers
from chat.web.markdown.code import highlight
from chat.web.markdown.files import NO_LINKS
from chat.web.markdown.parser import render
from chat.web.markdown.stream import BlockStream

__all__ = ["NO_LINKS", "BlockStream", "CitationMark", "highlight", "render", "with_numbers"]
