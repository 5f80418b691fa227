"""Parts of the documents that are drawn from code. ``python -m tests.drawn`` draws them anew; a test compares.

A drawn part stands between ``<!-- drawn: NAME -->`` and ``<!-- /drawn -->``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def first_sentence(doc: str) -> str:
    """Of a docstring, as Markdown on one line."""
    line = " ".join(doc.split()).replace("``", "`")
    sentence, stop, _more = line.partition(". ")
    return sentence + stop.strip()


def run_states() -> str:
    """The life of a run, from the table that decides it."""
    from chat.models.runs import ENDED, TRANSITIONS, RunStatus

    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> queued"]
    lines += [
        f"    {source.value} --> {to.value}"
        for to in RunStatus
        for source in sorted(TRANSITIONS[to], key=list(RunStatus).index)
    ]
    lines += [f"    {status.value} --> [*]" for status in ENDED]
    return "\n".join([*lines, "```"])


def rooms() -> str:
    """The rooms of the app with the first sentence of each one's docstring."""
    import importlib
    import pkgutil

    import chat

    rows = ["| room | what it is |", "|---|---|"]
    for module in sorted(pkgutil.iter_modules(chat.__path__), key=lambda module: module.name):
        if module.name in ("migrations", "apps"):
            continue
        doc = first_sentence(importlib.import_module(f"chat.{module.name}").__doc__ or "")
        rows.append(f"| `chat/{module.name}` | {doc.removesuffix('.')} |")
    return "\n".join(rows)


def routes() -> str:
    """What the API serves, by resource, with the first sentence that its documentation says of it."""
    from chat.api.openapi import TAGS
    from chat.api.urls import api

    found: dict[str, list[str]] = {tag: [] for tag in TAGS}
    for path, operations in api.get_openapi_schema(path_prefix="")["paths"].items():
        for method, operation in operations.items():
            (tag,) = operation["tags"]
            said = f"{operation['summary']}. {first_sentence(operation.get('description', ''))}".strip()
            found[tag].append(f"| `{method.upper()} {path}` | {said} |")
    rows = ["| request | what it does |", "|---|---|"]
    for tag, lines in found.items():
        rows += [f"| **{tag}** | |", *lines]
    return "\n".join(rows)


def formats() -> str:
    """The files that are read for the search, from the table that decides it."""
    from chat.documents.formats import SOURCE_CODE, SUPPORTED

    rows = {"documents": SUPPORTED.keys() - set(SOURCE_CODE), "source code": SOURCE_CODE}
    lines = (f"| {name} | {' '.join(f'`{each}`' for each in sorted(suffixes))} |" for name, suffixes in rows.items())
    return "\n".join(["| what is read | |", "|---|---|", *lines])


DRAWN: dict[str, tuple[str, Callable[[], str]]] = {
    "run states": ("docs/runs.md", run_states),
    "formats": ("docs/api.md", formats),
    "rooms": ("CONTRIBUTING.md", rooms),
    "routes": ("docs/api.md", routes),
}


def placed(text: str, *, name: str, drawing: str) -> str:
    """``text`` with the part ``name`` replaced. Raises ``ValueError`` when it has none."""
    pattern = re.compile(rf"(<!-- drawn: {re.escape(name)} -->\n).*?(<!-- /drawn -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"there is no part {name!r}")
    return pattern.sub(lambda found: found[1] + drawing + "\n" + found[2], text)


def main() -> None:
    import django

    django.setup()
    for name, (path, draw) in DRAWN.items():
        file = ROOT / path
        file.write_text(placed(file.read_text(), name=name, drawing=draw()))


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
