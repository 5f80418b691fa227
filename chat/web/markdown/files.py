"""Addresses of generated files, ``sandbox:/mnt/data/plot.png``: links and pictures where the file is known.

The sanitizer lets neither such a scheme nor a path of this server pass. The parser therefore leaves placeholders, as
for citations, in whose place the HTML for the files is put after the sanitizer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from types import MappingProxyType
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from chat.web.markdown.sanitize import LOST, link_placeholder, picture_placeholder

SCHEME = "sandbox:"
NO_LINKS: Mapping[str, str] = MappingProxyType({})
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")


def extend(markdown: MarkdownIt) -> None:
    """Add the rule for pictures of the code interpreter to a renderer."""
    markdown.add_render_rule("generated_picture", _render)


def add_links(files: Mapping[str, str], *, env: EnvType) -> None:
    """Add the URLs of ``files`` on this server, by the addresses that the text has for them."""
    env["files"].update(files)
    env["files"].update({unquote(name): address for name, address in files.items()})


def is_generated_file(url: object) -> bool:
    """Return whether an address is one of the code interpreter, also if there is no such file."""
    return str(url).lower().startswith(SCHEME)


def url_of(url: str, *, env: EnvType) -> str:
    """Return the URL of the file at an address of the text, or an empty text."""
    return str(env["files"].get(url) or env["files"].get(unquote(url), ""))


def open_token(link: Token, *, env: EnvType) -> Token:
    """Return the token in place of one that opens a link to a file. Without such a file only the link's words stay."""
    if address := url_of(str(link.attrs["href"]), env=env):
        place = _keep_html(f'<a class="made" href="{escape(address)}" download>', env=env)
        return Token("link_open", "a", 1, attrs={"href": link_placeholder(place)})
    return Token("lost_open", "span", 1, attrs={"class": LOST})


def close_token(link: Token, *, env: EnvType) -> Token:
    """Return the token in place of the one that closes ``link``."""
    if url_of(str(link.attrs["href"]), env=env):
        return Token("link_close", "a", -1)
    return Token("lost_close", "span", -1)


def image_tokens(url: str, words: str, *, env: EnvType) -> Iterator[Token]:
    """Yield a picture of a file, or a link to it if it is none, or only the words."""
    words = words or _name(url)
    address = url_of(url, env=env)
    if address and _name(url).lower().endswith(_PICTURES):
        html = (
            f'<a class="picture" href="{escape(address)}" target="_blank" aria-haspopup="dialog">'
            f'<img src="{escape(address)}" alt="{escape(words)}" loading="lazy"></a>'
        )
        yield Token("generated_picture", "", 0, meta={"place": _keep_html(html, env=env)})
        return
    link = Token("link_open", "a", 1, attrs={"href": url})
    yield from (open_token(link, env=env), Token("text", "", 0, content=words), close_token(link, env=env))


def split_at_links(text: str, *, env: EnvType) -> Sequence[str]:
    """Return a text in pieces: every other one is the address of a known file."""
    if SCHEME not in text:
        return [text]
    known = sorted(env["files"], key=len, reverse=True)
    return re.split(f"({'|'.join(map(re.escape, known))})", text)


def link_tokens(url: str, *, env: EnvType) -> Iterator[Token]:
    """Yield a link for an address that stands in the text by itself. Its words are the name of the file."""
    link = Token("link_open", "a", 1, attrs={"href": url})
    yield from (open_token(link, env=env), Token("text", "", 0, content=_name(url)), close_token(link, env=env))


def html_at(place: int, *, env: EnvType) -> str:
    """Return the HTML for the placeholder of ``place``."""
    return str(env["file_html"][place])


def _keep_html(html: str, *, env: EnvType) -> int:
    env["file_html"].append(html)
    return len(env["file_html"]) - 1


def _name(url: str) -> str:
    return unquote(url).rpartition("/")[2]


def _render(_self: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType) -> str:
    return picture_placeholder(tokens[index].meta["place"])
