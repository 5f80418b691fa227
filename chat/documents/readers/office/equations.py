"""Equations of Office files (OMML) as a line of text: ``F=(ρ v A)/(2)``."""

from __future__ import annotations

from typing import Any

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
EQUATION = f"{_M}oMath"
# How the named parts of an element are put together.
_FORMS = {
    f"{_M}f": "({num})/({den})",
    f"{_M}sSup": "{e}^({sup})",
    f"{_M}sSub": "{e}_({sub})",
    f"{_M}sSubSup": "{e}_({sub})^({sup})",
    f"{_M}rad": "{deg}√({e})",
    f"{_M}limLow": "{e}_({lim})",
    f"{_M}limUpp": "{e}^({lim})",
    f"{_M}func": "{fName}({e})",
}
_SIGNS = f"{_M}naryPr/{_M}chr"


def equation_text(element: Any) -> str:
    """Return the text of an equation or a part of one."""
    if element.tag == f"{_M}t":
        return element.text or ""
    if element.tag == f"{_M}nary":
        sign = element.find(_SIGNS)
        sum_or_integral = "∫" if sign is None else sign.get(f"{_M}val", "∑")
        return "{sign}_({sub})^({sup}) {e}".format(sign=sum_or_integral, **_parts(element, "sub", "sup", "e"))
    if element.tag == f"{_M}d":
        return f"({', '.join(map(equation_text, element.findall(f'{_M}e')))})"
    if element.tag == f"{_M}m":
        rows = (", ".join(map(equation_text, row.findall(f"{_M}e"))) for row in element.findall(f"{_M}mr"))
        return f"[{'; '.join(rows)}]"
    if form := _FORMS.get(element.tag):
        return form.format(**_parts(element, "num", "den", "e", "sup", "sub", "deg", "lim", "fName"))
    return "".join(map(equation_text, element))


def _parts(element: Any, *names: str) -> dict[str, str]:
    found = {name: element.find(f"{_M}{name}") for name in names}
    return {name: "" if part is None else equation_text(part) for name, part in found.items()}
