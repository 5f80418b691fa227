"""Charts and diagrams of Word and PowerPoint files, which are parts of their own, as text."""

from __future__ import annotations

from typing import Any

from lxml import etree

from chat.documents.readers.file_names import is_file_name

_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_EXTENDED = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
DRAWINGS = (f"{_CHART}chart", f"{_EXTENDED}chart", f"{_DIAGRAM}relIds")


def drawing_text(part: Any, reference: Any) -> str:
    """Return the text of the chart or diagram that ``reference``, one of ``DRAWINGS`` in ``part``, names.

    Empty for one that is broken: it costs nobody the rest of the file.
    """
    is_diagram = reference.tag == DRAWINGS[-1]
    root = related_xml(part, reference.get(f"{_RELATION}{'dm' if is_diagram else 'id'}"))
    if root is None:
        return ""
    return _diagram(root) if is_diagram else _chart(root)


def description(named: Any) -> str:
    """Return the description that an author gave a picture for those who cannot see it; ``named`` has its name, too."""
    words = " ".join((named.get("descr") or "").split())
    return "" if is_file_name(words) else words


def related_xml(part: Any, id: str | None) -> Any:
    """Return the root of the XML part that ``part`` refers to by ``id``; None if it is absent or broken."""
    try:
        return etree.fromstring(part.rels[id].target_part.blob, _PARSER)
    except (KeyError, ValueError, AttributeError, etree.XMLSyntaxError):
        return None


def _diagram(root: Any) -> str:
    """Return the words of a diagram (SmartArt), a line each."""
    points = (_words(point) for point in root.iter(f"{_DIAGRAM}pt"))
    return "\n".join(words for words in points if words)


def _chart(root: Any) -> str:
    """Return the titles of a chart and of its axes, and a line a series: each category or x with its value."""
    titles = [_words(title) for title in root.iter(f"{_CHART}title", f"{_EXTENDED}title")]
    lines = [" · ".join(title for title in titles if title)]
    lines += [_series(series) for series in root.iter(f"{_CHART}ser")]
    lines += [_extended_data(data) for data in root.iter(f"{_EXTENDED}data")]
    return "\n".join(line for line in lines if line)


def _series(series: Any) -> str:
    names = _points(series.find(f"{_CHART}tx"))
    places = _points(_first(series, "cat", "xVal"))
    sizes = _points(series.find(f"{_CHART}bubbleSize"))
    values = _points(_first(series, "val", "yVal"))
    points = (" ".join(filter(None, (places.get(at), value, sizes.get(at)))) for at, value in values.items())
    name = " ".join(names.values())
    return f"{name}: " * bool(name) + ", ".join(points)


def _extended_data(data: Any) -> str:
    columns = [_points(column) for column in data]
    places = dict.fromkeys(at for column in columns for at in column)
    return ", ".join(" ".join(column[at] for column in columns if at in column) for at in places)


def _first(series: Any, *names: str) -> Any:
    return next((found for name in names if (found := series.find(f"{_CHART}{name}")) is not None), None)


def _points(element: Any) -> dict[int, str]:
    """Return the points that are kept below ``element`` by their place; of several levels, the words of all."""
    points: dict[int, str] = {}
    for point in () if element is None else element.iter(f"{_CHART}pt", f"{_EXTENDED}pt"):
        value = point.findtext(f"{_CHART}v") or point.text or ""
        at = int(point.get("idx") or 0)
        points[at] = f"{value.strip()} {points.get(at, '')}".strip()
    if element is not None and not points and (value := element.findtext(f"{_CHART}v")):
        points[0] = value  # a name that is no reference
    return points


def _words(element: Any) -> str:
    return " ".join("".join(text.text or "" for text in element.iter(_TEXT)).split())
