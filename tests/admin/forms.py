"""A form of the admin as a browser would send it: what stands in it, with the line ends that browsers send."""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

NOT_SENT = ("submit", "button", "file", "image", "reset")


def filled_in(page: str) -> dict[str, list[str]]:
    """Return the fields of the form on a row's page, unchanged, with the button "Save"."""
    (form,) = LexborHTMLParser(page).css("#content-main form[id]")
    data: dict[str, list[str]] = {"_save": ["Save"]}
    for field in form.css("input[name], textarea[name], select[name]"):
        data.setdefault(field.attributes["name"], []).extend(values(field))
    return {name: sent for name, sent in data.items() if sent}


def values(field: LexborNode) -> Iterator[str]:
    attributes = field.attributes
    if field.tag == "textarea":
        # The parser drops the line break after the tag, as browsers do.
        yield "\r\n".join(field.text().split("\n"))
    elif field.tag == "select":
        options = field.css("option")
        chosen = [each for each in options if "selected" in each.attributes]
        if not chosen and "multiple" not in attributes:
            chosen = options[:1]
        yield from (each.attributes.get("value") or "" for each in chosen)
    elif attributes.get("type") in ("checkbox", "radio"):
        if "checked" in attributes:
            yield attributes.get("value") or "on"
    elif attributes.get("type") not in NOT_SENT:
        yield attributes.get("value") or ""
