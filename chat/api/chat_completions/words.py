"""Words for the citations and steps of a run, for programs that show plain text."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chat.models.api_objects.objects import Object
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH


def cite(text: str, annotations: Iterable[Object], *, start: int) -> tuple[str, list[Object]]:
    """Return ``text`` with the names of files in place of markers, and its annotations.

    ``text`` begins at the character ``start`` of the answer, which is how the annotations count.
    """
    shown, notes = "", list[Object]()
    for note in sorted(annotations, key=lambda note: int(note["start_index"])):
        before, marker, text = text.partition(note["text"])
        kind = note["type"]
        label = f"[{name_in(marker)}]" if kind == "file_citation" else marker
        begin = start + len(shown) + len(before)
        place = {"start_index": begin, "end_index": begin + len(label)}
        notes.append({"type": kind, "text": label, **place, kind: {"file_id": note[kind]["file_id"]}})
        shown += before + label
    return shown + text, notes


def name_in(marker: str) -> str:
    """Return the file's name in a marker such as ``【4:0†foods.txt】``."""
    return marker.strip("【】").rpartition("†")[2]


def describe_step(step: Object) -> str:
    """Return a paragraph on the calls of hosted tools in a step; empty for a step without any."""
    details = step["step_details"]
    calls = details["tool_calls"] if details["type"] == "tool_calls" else ()
    return "".join(
        f"{DESCRIBERS[call['type']](call[call['type']])}\n\n" for call in calls if call["type"] in DESCRIBERS
    )


def _describe_search(search: Object) -> str:
    names = dict.fromkeys(result["file_name"] for result in search["results"])
    return f"Searched the files: {', '.join(names) or 'nothing was found'}."


def _describe_code(code: Object) -> str:
    logs = "\n".join(output["logs"].rstrip() for output in code["outputs"] if output["type"] == "logs")
    parts = [("python", code["input"]), ("", logs)]
    return "\n\n".join(f"```{language}\n{text}\n```" for language, text in parts if text)


DESCRIBERS: dict[str, Callable[[Object], str]] = {FILE_SEARCH: _describe_search, CODE_INTERPRETER: _describe_code}
