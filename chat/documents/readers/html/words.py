"""What a web page shows by other means than text, put in words: pictures, forms, formulas, addresses, tables' spans."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from chat.documents.readers.file_names import is_file_name

_SCHEMES = frozenset(("http", "https", "ftp", "mailto", "tel"))
_NOT_FILLED_IN = frozenset(("hidden", "password", "submit", "button", "reset", "image", "file", "color", "range"))
_LABELS = frozenset(("label", "td", "th", "li", "p", "span", "dt", "dd"))
_BEGINS = frozenset(("p", "div", "span", "b", "strong", "em", "i", "a", "code"))
"""The elements inside which the text of a list's item may begin."""

_RAISED_FROM = "0123456789+-−n"
_RAISED = str.maketrans(_RAISED_FROM, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")

_MOST_COLUMNS, _MOST_ROWS = 50, 1000
_REPEATED = 200
"""The characters of a cell that are told again in the rows and columns over which it goes."""

_MOST_REPEATED = 1 << 20
"""The characters that are told again in all: a page can say that each cell goes over a thousand rows."""


def put_in_words(parser: LexborHTMLParser) -> None:
    """Replace what is shown by other means than text."""
    _describe_pictures(parser)
    for node in reversed(parser.css("rtc,rt")):
        node.replace_with(f"({node.text().strip().replace(')(', '').strip('()')})")
    _fill_in_forms(parser)
    _spell_formulas(parser)
    for node in parser.css("ol"):
        _number(node)
    _add_addresses(parser)
    _repeat_spans(parser)


def _describe_pictures(parser: LexborHTMLParser) -> None:
    for node in reversed(parser.css("svg")):
        node.replace_with(" ".join(text.text() for text in node.css("text,foreignObject")))
    for node in parser.css("img[alt],area[alt],[role=img][aria-label]"):
        words = " ".join((node.attributes.get("alt") or node.attributes.get("aria-label") or "").split())
        node.replace_with(f" [Picture: {words}] " if words and not is_file_name(words) else " ")


def _fill_in_forms(parser: LexborHTMLParser) -> None:
    for node in parser.css("input"):
        kind = (node.attributes.get("type") or "text").lower()
        if kind in ("checkbox", "radio"):
            box = "[x]" if "checked" in node.attributes else "[ ]"
            node.replace_with(f" {box} " if _has_label(node) else " ")  # others work menus
        elif kind not in _NOT_FILLED_IN:
            node.replace_with(f" {node.attributes.get('value') or ''} ")
    for node in parser.css("select"):
        node.replace_with(" ".join([""] + [option.text().strip() for option in node.css("option[selected]")] + [""]))


def _has_label(box: LexborNode) -> bool:
    around, after = box.parent, box.next
    if around is not None and around.tag in _LABELS:
        return True
    return after is not None and (after.tag == "label" or after.is_text_node) and bool(after.text().strip())


def _spell_formulas(parser: LexborHTMLParser) -> None:
    for node in reversed(parser.css("math")):
        source = node.css_first("annotation[encoding='application/x-tex']")
        words = source.text().strip() if source else node.attributes.get("alttext")
        node.replace_with(f" {words or node.text()} ")
    for node in parser.css("sup"):
        words = node.text().strip()
        if words and not words.strip(_RAISED_FROM):
            node.replace_with(words.translate(_RAISED))


def _number(items: LexborNode) -> None:
    start = items.attributes.get("start") or "1"
    number = int(start) if start.isdecimal() and len(start) < 6 else 1
    item = items.first_child
    while item is not None:
        if item.tag == "li":
            if (first := _first_inside(item)) is not None:
                first.insert_before(f"{number}. ")
            number += 1
        item = item.next


def _first_inside(item: LexborNode) -> LexborNode | None:
    """Return the node before which the number of ``item`` is to stand."""
    first = item.first_child
    while first is not None:
        if first.is_text_node and not first.text().strip() and first.next is not None:
            first = first.next
        elif first.tag in _BEGINS and first.first_child is not None:
            first = first.first_child
        else:
            return first
    return None


def _add_addresses(parser: LexborHTMLParser) -> None:
    """Say where links lead that are whole, or that the page makes whole with its ``base``."""
    base = parser.css_first("base[href]")
    before = (base.attributes.get("href") or "") if base else ""
    for node in parser.css("a[href]"):
        href = (node.attributes["href"] or "").strip()
        try:
            address = urljoin(before, href) if before else href
            scheme = urlsplit(address).scheme
        except ValueError:
            continue
        words = node.text().strip()
        shown = address.removeprefix(f"{scheme}:") if scheme in ("mailto", "tel") else address
        if scheme in _SCHEMES and not href.startswith("#") and words and shown.rstrip("/") not in words:
            node.insert_after(f" ({shown})")


def _repeat_spans(parser: LexborHTMLParser) -> None:
    """Say a cell that goes over several rows or columns in each of them."""
    tables = {}
    for cell in parser.css("td[rowspan],th[rowspan],td[colspan],th[colspan]"):
        table = cell.parent
        while table is not None and table.tag != "table":
            table = table.parent
        if table is not None:
            tables[table.mem_id] = table
    left = _MOST_REPEATED
    for table in tables.values():
        left = _fill_table(table, left)


def _fill_table(table: LexborNode, left: int) -> int:
    """Repeat the spanning cells of one table with up to ``left`` characters, and return how many are left."""
    for rows in _parts(table):
        above: dict[int, tuple[int, str]] = {}
        for row in rows:
            left -= _fill_row(row, above)
            if left < 0:
                return 0
    return left


def _parts(table: LexborNode) -> list[list[LexborNode]]:
    """Return the rows of each part of a table, its head, bodies and foot: no cell goes beyond its part."""
    return [_children(part, "tr") for part in (*_children(table, "thead", "tbody", "tfoot"), table)]


def _fill_row(row: LexborNode, above: dict[int, tuple[int, str]]) -> int:
    """Repeat cells in ``row``, and return the characters that this took.

    ``above`` has, by column, for how many more rows a cell from above goes on, and its text; it is brought up to date.
    """
    cells = _children(row, "td", "th")
    begun: dict[int, tuple[int, str]] = {}
    column = size = 0
    for cell in cells:
        while column in above:
            cell.insert_before(f" | {above[column][1]}")
            size += len(above[column][1]) + 3
            column += 1
        rows, columns = _span(cell, "rowspan", _MOST_ROWS), _span(cell, "colspan", _MOST_COLUMNS)
        text = " ".join(cell.text(separator=" ").split())[:_REPEATED]
        if columns > 1 and len(cells) > 1:  # not a line of print through the whole table
            cell.insert_after(f" | {text}" * (columns - 1))
            size += (len(text) + 3) * (columns - 1)
        begun |= dict.fromkeys(range(column, column + columns), (rows, text))
        column += columns
    for place in sorted(place for place in above if place >= column):
        row.insert_child(f" | {above[place][1]}")
        size += len(above[place][1]) + 3
    going_on = {place: (rows - 1, text) for place, (rows, text) in (above | begun).items() if rows > 1}
    above.clear()
    above.update(going_on)
    return size


def _children(node: LexborNode, *tags: str) -> list[LexborNode]:
    return [child for child in node.iter() if child.tag in tags]


def _span(cell: LexborNode, name: str, most: int) -> int:
    value = cell.attributes.get(name) or ""
    return max(1, min(int(value), most)) if value.isdecimal() and len(value) < 6 else 1
