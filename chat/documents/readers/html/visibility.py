"""What of a web page nobody sees, or is no part of its content: it is removed before the text is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from chat.documents.readers.html.tree import HEADINGS, element_before, is_inside

_NO_CONTENT = (
    "noscript,template,iframe,object,canvas,video,audio,nav,dialog:not([open]),datalist,rp,"
    "[role=navigation],[role=contentinfo],[role=dialog],[role=alertdialog],[role=menu],[popover],.mw-editsection"
)
_HIDING = r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0[a-z%]*\s*(?:[;!}]|$)"
_HIDES = re.compile(_HIDING, re.IGNORECASE)
_HIDDEN = "[hidden]:not([hidden=until-found]),[aria-hidden=true],[style]"
_AROUND = "footer,aside,div.footer,#footer"  # of a page; that of an article belongs to it
_CONTENT = frozenset(("main", "article"))
_PERMALINKS = frozenset(("¶", "#", "§", "🔗"))

_OPENERS = "[aria-controls],[data-target],[data-bs-target],[role=tab][href]"
_BUTTONS = "button,summary,[role=button],[aria-expanded]"
_OPENING = re.compile("accord|faq|question|collaps|expand|aria-|data-bs-t", re.IGNORECASE)
_MENU = re.compile("menu|nav|search|close|cookie", re.IGNORECASE)
_MENU_TAGS = frozenset(("ul", "ol", "menu", "form"))
_QUESTION_MARKS = ("?", "？", "؟")

_CONSENT_NAMES = (
    "[id*=cookie i],[class*=cookie i],[id*=consent i],[class*=consent i],[id*=gdpr i],[class*=gdpr i],"
    "[class^=cc-window],[id^=onetrust],[id^=didomi],[id^=usercentrics],[class^=qc-cmp]"
)
_CONSENT = re.compile(
    r"cookie[-_]?(?:banner|consent|notice|bar|popup|law|overlay|message|dialog)|consent[-_]?(?:banner|popup|manager|sdk)"
    "|cc-window|cybotcookiebot|gdpr|onetrust|didomi|usercentrics|qc-cmp",
    re.IGNORECASE,
)
_BOXES = frozenset(("div", "section", "aside", "form"))
_CHOICES = "button,[role=button],input,a[class*=btn],a[class*=button],a[onclick],a[class*=cc-]"

_SHEET_CHARACTERS = 1 << 19
_HIDING_RULES = 100
_BRACE = re.compile("[{}]")
_SIMPLE = re.compile(r"[\w-]*[.#][\w.#-]+")
"""A selector of classes and ids that looks at one element: others take too long on a hostile page."""

_SHOWS = re.compile(r"display\s*:|visibility\s*:\s*visible", re.IGNORECASE)
_CLASS = re.compile(r"\.[\w-]+")


def remove_unseen(parser: LexborHTMLParser) -> None:
    """Remove what is hidden, lies around the content or asks for consent, except what a button or a tab opens."""
    _mark_hidden_by_sheet(parser)
    # In reverse, so that what lies in another one goes before it.
    for node in reversed(parser.css(f"script,style,{_NO_CONTENT}")):
        node.decompose()
    opened = {name.lstrip("#") for opener in parser.css(_OPENERS) for name in _targets(opener)}
    for node in reversed(parser.css(_HIDDEN)):
        if _is_hidden(node) and not _is_opened(node, opened):
            node.decompose()
    for node in reversed(parser.css(_CONSENT_NAMES)):
        if _asks_for_consent(node):
            node.decompose()
    _remove_around(parser)
    for node in reversed(parser.css("button,a")):
        unwanted = node.text().strip() in _PERMALINKS if node.tag == "a" else not _is_question(node)
        if unwanted:
            node.decompose()


def _mark_hidden_by_sheet(parser: LexborHTMLParser) -> None:
    """Mark as ``hidden`` what a style sheet in the page hides, except what another rule shows: a script opens that."""
    sheet = "".join(node.text() for node in parser.css("style"))[:_SHEET_CHARACTERS]
    hidden: list[str] = []
    shown: set[str] = set()
    before, *comments = sheet.split("/*")
    rules = _rules(before + "".join([comment.partition("*/")[2] for comment in comments]))
    for selectors, declarations, is_conditional in rules:
        names = [selector.strip() for selector in selectors.split(",")]
        if _HIDES.search(declarations):
            hidden += [name for name in names if not is_conditional and _SIMPLE.fullmatch(name)]
        elif _SHOWS.search(declarations):
            shown.update(name for selector in names for name in _classes(selector))
    selectors = ",".join([name for name in hidden if shown.isdisjoint(_classes(name))][:_HIDING_RULES])
    with suppress(SelectolaxError):  # a sheet may say anything
        for node in parser.css(selectors) if selectors else ():
            if node.tag not in ("html", "body"):
                node.attrs["hidden"] = ""


def _rules(sheet: str) -> Iterator[tuple[str, str, bool]]:
    """Yield the selectors and the declarations of each rule, and whether it stands inside another, as of ``@media``."""
    start, depth = 0, 0
    selectors = ""
    for brace in _BRACE.finditer(sheet):
        text = sheet[start : brace.start()]
        start = brace.end()
        if brace[0] == "{":
            depth += 1
            selectors = text
            continue
        if selectors:
            yield selectors, text, depth > 1
        depth = max(0, depth - 1)
        selectors = ""


def _classes(selector: str) -> list[str]:
    """Return the classes of the last part of a selector."""
    return _CLASS.findall(re.split(r"[\s>]", selector.strip())[-1])


def _targets(opener: LexborNode) -> list[str]:
    """Return the ids of what a button or a tab opens; none for a menu."""
    attributes = opener.attributes
    if "aria-haspopup" in attributes or _MENU.search(f"{attributes.get('class')} {attributes.get('aria-label')}"):
        return []
    names = (attributes.get(name) or "" for name in ("aria-controls", "data-target", "data-bs-target", "href"))
    return " ".join(names).split()


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    is_marked = "hidden" in attributes or attributes.get("aria-hidden") == "true"
    return is_marked or _HIDES.search(attributes.get("style") or "") is not None


def _is_opened(node: LexborNode, opened: set[str]) -> bool:
    if node.tag in _MENU_TAGS:
        return False
    if node.attributes.get("role") == "tabpanel" or node.id in opened:
        return True
    before = element_before(node)
    if before is None:
        return False
    button = before.css_first(_BUTTONS) if before.tag in HEADINGS or before.tag == "dt" else before
    return button is not None and button.css_matches(_BUTTONS) and _is_question(button)


def _is_question(button: LexborNode) -> bool:
    """Return whether a button opens an answer, and so is its question."""
    words = button.text().strip()
    if words.endswith(_QUESTION_MARKS) or is_inside(button, HEADINGS):
        return True
    names = " ".join(f"{name}={value}" for name, value in button.attributes.items())
    return _OPENING.search(names) is not None and not _MENU.search(f"{words} {names}")


def _asks_for_consent(node: LexborNode) -> bool:
    if node.tag not in _BOXES or not _CONSENT.search(f"{node.id} {node.attributes.get('class')}"):
        return False
    return node.css_first("h1,main,article") is None and node.css_first(_CHOICES) is not None


def _remove_around(parser: LexborHTMLParser) -> None:
    for node in reversed(parser.css(_AROUND)):
        if not is_inside(node, _CONTENT):
            node.decompose()
    headings = len(parser.css("h1"))
    for node in reversed(parser.css("[role=banner]")):
        if not 0 < len(node.css("h1")) == headings:  # the page's only title may stand there
            node.decompose()
