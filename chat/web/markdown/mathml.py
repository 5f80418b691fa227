"""TeX → MathML, by latex2mathml, rebuilt element by element from an allow-list.

The library's own text output is not used: it leaves ``<`` and ``&`` of the source unescaped. Its tree is: we copy what
we know of it and write it with a serializer that escapes.
"""

from __future__ import annotations

import re
from html import escape
from xml.etree.ElementTree import Element, SubElement, tostring

from latex2mathml import commands
from latex2mathml.converter import convert_to_element

MAX_TEX = 4_000  # characters; a long derivation has 1,500

_ELEMENTS = """
    math mrow mi mn mo mtext mspace msub msup msubsup munder mover munderover mfrac msqrt mroot mtable mtr mtd mstyle
    mpadded mphantom mmultiscripts mprescripts none
"""
_WORDS = """
    display displaystyle scriptlevel stretchy fence separator form movablelimits largeop symmetric accent accentunder
    mathvariant
"""
_LENGTHS = "width height depth lspace rspace voffset minsize maxsize linethickness"
_WORD = re.compile(r"[a-z0-9-]{1,24}")
# A formula must not be able to push itself over other parts of the page.
_LENGTH = re.compile(r"(?:\d{1,2}(?:\.\d{1,4})?|[+-]?0?\.\d{1,4})(?:em|ex|px|pt)?")
_COLOR = re.compile(r"#[0-9A-Fa-f]{3,8}|[A-Za-z]{3,24}")
TAGS = frozenset(_ELEMENTS.split())
ATTRIBUTES = {
    **dict.fromkeys(_WORDS.split(), _WORD),
    **dict.fromkeys(_LENGTHS.split(), _LENGTH),
    "mathcolor": _COLOR,
}
# Browsers have dropped these attributes; a class and our style sheet stand for them.
_CLASSES = {("columnalign", "left"): "tex-left", ("columnalign", "right"): "tex-right", ("notation", "box"): "tex-box"}
CLASSES = frozenset(_CLASSES.values())

_DEFINES = re.compile(
    r"\\(?:def|newcommand|newenvironment|DeclareMathOperator)(?![A-Za-z])"
)  # macros may grow without bound
_NUMBERING = re.compile(
    r"\\(?:nonumber|notag)(?![A-Za-z])|\\label\s*\{[^{}]*\}|\\(?:begin|end)\s*\{(?:equation|math|displaymath)\*?\}"
)
_ENVIRONMENT = re.compile(r"(\\(?:begin|end)\s*\{)([A-Za-z]+\*?)(?=\})")
_SAME_AS = {
    **dict.fromkeys(("align", "aligned", "eqnarray", "eqnarray*", "flalign", "flalign*"), "align*"),
    **dict.fromkeys(("gather", "gather*", "gathered", "multline", "multline*"), "matrix"),
    "dcases": "cases",
}
_KNOWN_ENVIRONMENTS = frozenset(name.removeprefix("\\") for name in commands.MATRICES)
_OPERATORS = re.compile(r"\\arg(?![A-Za-z])")  # of which the library does not know that it is a word
_PARTS = {**dict.fromkeys(("msub", "msup", "munder", "mover", "mfrac", "mroot"), 2), "msubsup": 3, "munderover": 3}
_WITH_LIMITS = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
_TAKES_LIMITS = {"lim", "max", "min", "sup", "inf", "gcd", "det", "Pr", *"⋃⋂⨁⨂⨀∐⋁⋀⨆⨄"}
_CODE_POINT = re.compile(r"&#x([0-9A-Fa-f]{1,6});")


def to_mathml(tex: str, *, display: bool) -> str:
    """Return a ``<math>`` element, or the source as code where the TeX is wrong, too long or unknown to us."""
    if len(tex) > MAX_TEX or _DEFINES.search(tex):
        return as_code(tex)
    prepared = _prepare(tex)
    if any(match[2] not in _KNOWN_ENVIRONMENTS for match in _ENVIRONMENT.finditer(prepared)):
        return as_code(tex)
    try:
        tree = convert_to_element(prepared, display="block" if display else "inline")
        math = Element("math", {"display": tree.attrib["display"], "alttext": tex})
        _copy_children(tree, math, display=display)
    except Exception:  # the library raises whatever it stumbles over: IndexError, StopIteration, RecursionError …
        return as_code(tex)
    return tostring(math, encoding="unicode", short_empty_elements=False)


def as_code(tex: str) -> str:
    """Return the source of a formula that is not drawn."""
    return f'<code class="tex">{escape(tex)}</code>'


def _prepare(tex: str) -> str:
    """Return the same formula in words that the library knows."""
    tex = _OPERATORS.sub(r"\\operatorname{arg}", _NUMBERING.sub("", tex))
    return _ENVIRONMENT.sub(lambda match: match[1] + _SAME_AS.get(match[2], match[2]), tex)


def _copy_children(source: Element, target: Element, *, display: bool) -> None:
    target.text = _unescape(source.text)
    for child in source:
        copy = SubElement(target, _tag(child, display=display), _attributes(child))
        copy.tail = _unescape(child.tail)
        _copy_children(child, copy, display=display)
    if target.tag in _PARTS:
        _group_base(target, parts=_PARTS[target.tag])


def _tag(element: Element, *, display: bool) -> str:
    """Return the element's tag; on display, the one for scripts above and below the base where that is usual."""
    tag = element.tag if element.tag in TAGS else "mrow"
    if display and tag in _WITH_LIMITS and len(element):
        base = element[0]
        if base.get("movablelimits") == "true" or _unescape(base.text) in _TAKES_LIMITS:
            return _WITH_LIMITS[tag]
    return tag


def _group_base(element: Element, *, parts: int) -> None:
    """Put the base of a script into one element: the library leaves a matrix and its brackets side by side."""
    children = list(element)
    if len(children) > parts:
        base = Element("mrow")
        base.extend(children[: len(children) - parts + 1])
        element[:] = [base, *children[len(children) - parts + 1 :]]


def _attributes(element: Element) -> dict[str, str]:
    allowed = {
        name: value
        for name, value in element.attrib.items()
        if name in ATTRIBUTES and ATTRIBUTES[name].fullmatch(value)
    }
    classes = [_CLASSES[pair] for pair in element.attrib.items() if pair in _CLASSES]
    return {**allowed, "class": classes[0]} if classes else allowed


def _unescape(text: str | None) -> str | None:
    """Return a text of the library, which writes characters as ``&#x…;``, with the characters themselves."""
    return _CODE_POINT.sub(lambda match: chr(int(match[1], 16)), text) if text else text
