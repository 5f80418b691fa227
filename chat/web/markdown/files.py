"""Addresses of files that code has made, ``sandbox:/mnt/data/plot.png``: links and pictures where the file is known.

A page can be led to neither by a text: the sanitizer knows no such scheme and no path of this server. The parser
therefore leaves marks, as for citations, and what the ``files`` of the text stand for is put in after the sanitizer.
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

from chat.web.markdown.sanitize import LOST, file_address, file_mark

SCHEME = "sandbox:"
NO_LINKS: Mapping[str, str] = MappingProxyType({})
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")


def extend(markdown: MarkdownIt) -> None:
    """Teach a renderer to draw pictures of the code interpreter."""
    markdown.add_render_rule("made_picture", _draw)


def add(files: Mapping[str, str], *, env: EnvType) -> None:
    """Make known where on the page's server the ``files`` are that the text names: addresses by those in the text."""
    env["files"].update(files)
    env["files"].update({unquote(name): address for name, address in files.items()})


def is_ours(url: object) -> bool:
    """Whether an address is of the code interpreter, be there such a file or not."""
    return str(url).lower().startswith(SCHEME)


def address_of(url: str, *, env: EnvType) -> str:
    """Where the page finds the file of a link, or an empty text."""
    return str(env["files"].get(url) or env["files"].get(unquote(url), ""))


def opened(link: Token, *, env: EnvType) -> Token:
    """In place of the token that begins a link of ours. Without such a file only its words stay."""
    if address := address_of(str(link.attrs["href"]), env=env):
        mark = _placed(f'<a class="made" href="{escape(address)}" download>', env=env)
        return Token("link_open", "a", 1, attrs={"href": file_address(mark)})
    return Token("lost_open", "span", 1, attrs={"class": LOST})


def closed(link: Token, *, env: EnvType) -> Token:
    """In place of the token that ends ``link``."""
    if address_of(str(link.attrs["href"]), env=env):
        return Token("link_close", "a", -1)
    return Token("lost_close", "span", -1)


def image(url: str, words: str, *, env: EnvType) -> Iterator[Token]:
    """A picture of ours, or a link to it if it is none, or only its words."""
    words = words or _name(url)
    address = address_of(url, env=env)
    if address and _name(url).lower().endswith(_PICTURES):
        shown = (
            f'<a class="picture" href="{escape(address)}" target="_blank" aria-haspopup="dialog">'
            f'<img src="{escape(address)}" alt="{escape(words)}" loading="lazy"></a>'
        )
        yield Token("made_picture", "", 0, meta={"place": _placed(shown, env=env)})
        return
    link = Token("link_open", "a", 1, attrs={"href": url})
    yield from (opened(link, env=env), Token("text", "", 0, content=words), closed(link, env=env))


def linked(text: str, *, env: EnvType) -> Sequence[str]:
    """A text in pieces: every other one is the address of a known file."""
    if SCHEME not in text or not env["files"]:
        return [text]
    known = sorted(env["files"], key=len, reverse=True)
    return re.split(f"({'|'.join(map(re.escape, known))})", text)


def bare(url: str, *, env: EnvType) -> Iterator[Token]:
    """A link for an address that stands in the text by itself: it is called as the file is."""
    link = Token("link_open", "a", 1, attrs={"href": url})
    yield from (opened(link, env=env), Token("text", "", 0, content=_name(url)), closed(link, env=env))


def made(place: int, *, env: EnvType) -> str:
    """The HTML that a mark stands for."""
    return str(env["made"][place])


def _placed(html: str, *, env: EnvType) -> int:
    env["made"].append(html)
    return len(env["made"]) - 1


def _name(url: str) -> str:
    return unquote(url).rpartition("/")[2]


def _draw(_self: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType) -> str:
    return file_mark(tokens[index].meta["place"])
