"""HTML as a browser's parser reads it, for assertions."""

from __future__ import annotations

from html.parser import HTMLParser

_TEXT = (
    "p br hr h3 h4 h5 h6 strong em s code pre blockquote ul ol li table thead tbody tr th td a div span input button"
)
_MATH = """
    math mrow mi mn mo mtext mspace msub msup msubsup munder mover munderover mfrac msqrt mroot mtable mtr mtd mstyle
    mpadded mphantom
"""
_ON_MATH = """
    class displaystyle scriptlevel stretchy fence form movablelimits largeop accent accentunder mathvariant width height
    depth lspace rspace voffset minsize maxsize linethickness mathcolor
"""
_ATTRIBUTES = {
    **{tag: {"class"} for tag in _TEXT.split()},
    **{tag: set(_ON_MATH.split()) for tag in _MATH.split()},
    "a": {"href", "target", "rel"},
    "button": {"type", "class"},
    "span": {"class", "title"},
    "input": {"type", "checked", "disabled", "aria-label"},
    "ol": {"start", "class"},
    "math": {"display", "alttext"},
}


class Elements(HTMLParser):
    """The elements of some HTML, in order: ``(tag, attributes)``; and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.all if name == tag]


def check_harmless(html: str) -> None:
    """Raise AssertionError for an element, attribute, target or button that no text may bring about."""
    elements = Elements(html)
    for tag, attributes in elements.all:
        assert tag in _ATTRIBUTES, tag
        assert set(attributes) <= _ATTRIBUTES[tag], (tag, attributes)
    for span in elements.named("span"):
        assert "title" not in span or span["class"] == "lost", span
    for link in elements.named("a"):
        assert (link.get("href") or "https://").lower().startswith(("http://", "https://", "mailto:")), link
        assert link["target"] == "_blank"
        assert set((link["rel"] or "").split()) == {"noopener", "noreferrer", "nofollow"}
    for field in elements.named("input"):
        assert field["type"] == "checkbox"
        assert "disabled" in field
    blocks = [each for each in elements.named("div") if each["class"] == "code"]
    assert elements.named("button") == [{"type": "button", "class": "copy"}] * len(blocks)
