"""The rules for links, images, headings and tables on a page.

- A link goes to http, https or mailto, or to a generated file (see ``files``); of any other (``javascript:``,
  a path on this server) the words stay.
- An image of another server would tell it who is reading, and the page's policy forbids it: it becomes a link.
- A bare ``https://…`` becomes a link.
- Headings start at ``h3``: the page itself has the two above.
- ``<br>`` is the one HTML tag that means something, because it is the only way to break a line inside a table cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType

from chat.web.markdown import files

_MAY_LEAD_TO = re.compile(r"https?://|mailto:", re.IGNORECASE)
_HEADINGS = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}
_ALIGNMENT = {"text-align:left": "left", "text-align:center": "center", "text-align:right": "right"}
_BREAK = re.compile(r"<br\s{0,3}/?>", re.IGNORECASE)
_URL = re.compile(r"(?<![A-Za-z0-9])https?://[^\s<>\"`\\^{}|，。、；：！？（）「」『』【】《》“”]+", re.IGNORECASE)
_AFTER_URL = ".,:;!?*_~'"
_PAIRS = {")": "(", "]": "["}


def extend(markdown: MarkdownIt) -> None:
    """Add these rules to a parser."""
    markdown.inline.ruler.before("autolink", "line_break", _line_break)
    markdown.core.ruler.push("page", _page)
    markdown.add_render_rule("table_open", _table_open)
    markdown.add_render_rule("table_close", _table_close)


def _line_break(state: StateInline, silent: bool) -> bool:
    match = _BREAK.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = match.end()
    return True


def _page(state: StateCore) -> None:
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = _HEADINGS[token.tag]
        elif token.type in {"th_open", "td_open"} and token.attrs:
            token.attrs = {"class": _ALIGNMENT[str(token.attrs["style"])]}
        elif token.type == "inline":
            token.children = list(_inline(token.children or [], state))


def _inline(tokens: list[Token], state: StateCore) -> Iterator[Token]:
    link: Token | None = None  # links do not nest
    for token in tokens:
        if token.type == "link_open":
            link = token
            yield from _open_link(token, state.env)
        elif token.type == "link_close" and link is not None:
            yield from _close_link(token, link, state.env)
            link = None
        elif token.type == "image":
            yield from _image(token, state.env, inside_link=link is not None)
        elif token.type == "text" and link is None:
            yield from _link_files(token.content, state) if state.env["files"] else _link_urls(token.content, state.md)
        else:
            yield token


def _is_allowed(url: object) -> bool:
    return _MAY_LEAD_TO.match(str(url)) is not None


def _is_word(link: Token, env: EnvType) -> bool:
    """Return whether a link is ``<sandbox:x>`` and there is no such file: then it is no link."""
    return link.markup == "autolink" and not files.url_of(str(link.attrs["href"]), env=env)


def _open_link(link: Token, env: EnvType) -> Iterator[Token]:
    if files.is_generated_file(link.attrs["href"]) and not _is_word(link, env):
        yield files.open_token(link, env=env)
    elif _is_allowed(link.attrs["href"]):
        link.attrs = {"href": link.attrs["href"]}
        yield link
    elif link.markup == "autolink":  # <std::string> is no link
        yield _text("<")


def _close_link(close: Token, link: Token, env: EnvType) -> Iterator[Token]:
    if files.is_generated_file(link.attrs["href"]) and not _is_word(link, env):
        yield files.close_token(link, env=env)
    elif _is_allowed(link.attrs["href"]):
        yield close
    elif link.markup == "autolink":
        yield _text(">")


def _image(image: Token, env: EnvType, *, inside_link: bool) -> Iterator[Token]:
    url = str(image.attrs["src"])
    words = "".join(token.content for token in image.children or [])
    if files.is_generated_file(url) and not inside_link:
        yield from files.image_tokens(url, words, env=env)
    elif inside_link or not _is_allowed(url):
        yield _text(words)
    else:
        yield from _link(url, words or url)


def _link_files(text: str, state: StateCore) -> Iterator[Token]:
    for number, piece in enumerate(files.split_at_links(text, env=state.env)):
        yield from files.link_tokens(piece, env=state.env) if number % 2 else _link_urls(piece, state.md)


def _link_urls(text: str, markdown: MarkdownIt) -> Iterator[Token]:
    done = 0
    for match in _URL.finditer(text):
        url = _trim_url(match[0])
        yield _text(text[done : match.start()])
        yield from _link(markdown.normalizeLink(url), url)
        done = match.start() + len(url)
    yield _text(text[done:])


def _trim_url(url: str) -> str:
    """Return the address without the punctuation of the sentence around it."""
    end = len(url)
    while end:
        last = url[end - 1]
        unpaired = last in _PAIRS and url.count(last, 0, end) > url.count(_PAIRS[last], 0, end)
        if last not in _AFTER_URL and not unpaired:
            break
        end -= 1
    return url[:end]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _link(url: str, words: str) -> Sequence[Token]:
    return Token("link_open", "a", 1, attrs={"href": url}), _text(words), Token("link_close", "a", -1)


def _table_open(*_: object) -> str:
    return '<div class="table"><table>\n'  # wide tables scroll inside it


def _table_close(*_: object) -> str:
    return "</table></div>\n"
