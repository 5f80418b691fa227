"""The sanitizer, the last step: from HTML that may hold anything to HTML that a page may show.

nh3 parses the final HTML as a browser would and keeps what is listed here; no ``hx-*``, ``data-*``, ``on*``, ``style``
or ``id`` is. Only then our copy buttons, chips and links to files are put in: the renderer leaves placeholders for them
that hold secrets of this process, so neither a text nor HTML that slipped through could name them.

Classes on the page: ``a.made`` for a link to a file that code has made, ``a.picture`` around one that is a picture,
``span.lost`` for one that is not there; ``div.code`` around ``div.code-head`` (``span.lang`` and ``button.copy``) and
``pre.highlight`` with the short classes of Pygments; ``span.cite`` for a citation; ``div.table`` around a table,
``left``, ``center`` and ``right`` on its cells; ``contains-task-list`` and ``task-list-item``; ``code.tex`` for a
formula that could not be drawn; ``tex-left``, ``tex-right`` and ``tex-box`` inside ``math``; ``pre.as-written`` for a
text that was not parsed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from html import escape

import nh3
from django.utils.safestring import SafeString
from pygments.token import STANDARD_TYPES

from chat.web.markdown import mathml

_SECRET = "copy-" + secrets.token_hex(16)
_CITE = "cite-" + secrets.token_hex(16)
_CITATION = re.compile(f'<span class="{_CITE}">([0-9]+)</span>')
_FILE = "file-" + secrets.token_hex(16)
_FILES = re.compile(f'<a href="https://{_FILE}/([0-9]+)"[^>]*>|<span class="{_FILE}">([0-9]+)</span>')
LOST = "lost-" + secrets.token_hex(16)
_LOST_TAG = '<span class="lost" title="There is no such file.">'
COPY_MARK = f'<span class="{_SECRET}"></span>'
COPY_BUTTON = '<button type="button" class="copy">Copy</button>'

_ELEMENTS = "p br hr h3 h4 h5 h6 strong em s code pre blockquote ul ol li table thead tbody tr th td a div span input"
_CELL = {"left", "center", "right"}
_CLASSES = {
    "div": {"code", "code-head", "table"},
    "span": {"lang", _SECRET, _CITE, _FILE, LOST, *filter(None, STANDARD_TYPES.values())},
    "pre": {"highlight", "as-written"},
    "code": {"tex"},
    "ul": {"contains-task-list"},
    "ol": {"contains-task-list"},
    "li": {"task-list-item"},
    "td": _CELL,
    "th": _CELL,
    "mtd": set(mathml.CLASSES),
    "mrow": set(mathml.CLASSES),
}
_ATTRIBUTES = {
    **{tag: set(mathml.ATTRIBUTES) for tag in mathml.TAGS},
    "math": {"display", "alttext"},
    "a": {"href"},
    "ol": {"start"},
    "input": {"checked"},
}
_CLEANER = nh3.Cleaner(
    tags={*_ELEMENTS.split(), *mathml.TAGS},
    attributes=_ATTRIBUTES,
    allowed_classes=_CLASSES,
    set_tag_attribute_values={
        "a": {"target": "_blank"},
        "input": {"type": "checkbox", "disabled": "", "aria-label": "Task"},
    },
    link_rel="noopener noreferrer nofollow",
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
)


def citation_placeholder(place: int) -> str:
    """Return the placeholder for the chip of the marker at ``place``."""
    return f'<span class="{_CITE}">{place}</span>'


def picture_placeholder(place: int) -> str:
    """Return the placeholder for the picture at ``place``."""
    return f'<span class="{_FILE}">{place}</span>'


def link_placeholder(place: int) -> str:
    """Return the URL of a link whose opening tag will be the HTML at ``place``."""
    return f"https://{_FILE}/{place}"


def no_html(_place: int) -> str:
    return ""


def sanitize_html(
    html: str, *, chip: Callable[[int], str] = no_html, file: Callable[[int], str] = no_html
) -> SafeString:
    """Return the part of ``html`` that a page may show, with our copy buttons, and with safe HTML for each placeholder:
    the ``chip`` of a citation, the link or picture of a ``file``.
    """
    clean = _CLEANER.clean(html).replace(COPY_MARK, COPY_BUTTON).replace(f'<span class="{LOST}">', _LOST_TAG)
    clean = _FILES.sub(lambda match: file(int(match[1] or match[2])), clean)
    return SafeString(_CITATION.sub(lambda match: chip(int(match[1])), clean))


def preformatted(source: str) -> SafeString:
    """Return a text as it was written, escaped."""
    return SafeString(f'<pre class="as-written">{escape(source)}</pre>\n')
