"""The code interpreter: the model writes Python, a sandbox runs it (reference, section 8)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, cast

from django.conf import settings
from django.db.models import Q

from chat.models import Assistant, File, Run, SandboxFile
from chat.models.ids import new_id
from chat.providers.base import Function
from chat.providers.storable import storable_text
from chat.providers.tool_names import CODE_INTERPRETER
from chat.sandbox.libraries import LIBRARIES, LibrarySet, sentence

MOST_LOGS = 100_000  # characters of a cell's output that its step keeps
MOST_TOLD = 16_000  # of them that the model is told
MOST_BEFORE_CODE = 2000  # characters of arguments in which the code must have begun to be shown as it is written
MOST_LISTED = 40  # files that the model is told of
LONGEST_STEM, LONGEST_SUFFIX = 200, 40  # bytes of a file's name in the folder, which can hold 255

# The beginning of the value of the first key that means code; models do not always keep to the declared one.
_BEGINNING = re.compile(r'\s*\{(?:\s*"[^"\\]*"\s*:\s*"[^"\\]*"\s*,)*\s*"(?:code|input|python|source)"\s*:\s*"')
# Characters and whole escapes; the first half of a surrogate pair waits for what follows it.
_HALF = r"\\u[dD][89abAB][0-9a-fA-F]{2}"
_NO_CODE = r"\\u[0-9a-fA-F]{0,3}(?![0-9a-fA-F])(?=[\s\S])"  # as in C:\users
_WHOLE = re.compile(
    rf'(?:[^"\\]|\\[^u]|{_NO_CODE}|{_HALF}\\u[0-9a-fA-F]{{4}}|{_HALF}(?=[^\\]|\\[^u]|{_NO_CODE})'
    r"|\\u(?![dD][89abAB])[0-9a-fA-F]{4})*"
)
_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|.)', re.DOTALL)
_KEYS = ("code", "input", "python", "source")

Call = dict[str, Any]

_ABOUT = """\
Runs Python code and returns what it prints, the value of its last expression, and its errors. Use it to calculate, to \
solve equations, to work with data and files, to convert formats, and to draw charts.
The session lives on through this conversation: variables and imports stay. {here} Nothing can be installed; there is \
no network and no subprocess.
{hints}
Figures of matplotlib are shown to the user by plt.show(). Files are read and written in /mnt/data, the \
current folder. To hand a file to the user, write it there and put a Markdown link into the answer, as in \
[report.csv](sandbox:/mnt/data/report.csv).
If the code fails, read the traceback, mend the code and try again."""

_HINTS = {
    "pandas": "pandas is version 3: pd.concat() for append(), freq='ME' for 'M', .ffill() for fillna(method='ffill').",
    "matplotlib": "matplotlib has letters of all scripts and joins them: set no font, reshape no text.",
    "PIL": "For ImageFont.truetype() there are NotoSansCJK-Regular.ttc, NotoSansArabic.ttf and the like.",
    "reportlab": "reportlab: TTFont('CJK', 'wqy-microhei.ttc'), TTFont('Hindi', 'NotoSansDevanagari.ttf') with "
    "Paragraph style shaping=1; it cannot order Arabic or Hebrew.",
    "plotly": "plotly: fig.write_html() only, no images and no show().",
    "nltk": "nltk has no data.",
}
"""Module → what models do by habit and cannot here. Short: each request has it."""


def declare(files: Iterable[str]) -> Function:
    """Return the declaration of the tool for a model; ``files`` are the names of what lies in ``/mnt/data``."""
    names = sorted(files)
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    listed = f"\nIn /mnt/data now: {', '.join(map(repr, names[:MOST_LISTED]))}{more}." if names else ""
    modules = LIBRARIES[cast("LibrarySet", settings.EVERTHREAD_SANDBOX_LIBRARIES)].values()
    hints = " ".join(hint for module, hint in _HINTS.items() if module in modules)
    return Function(
        name=CODE_INTERPRETER,
        description=_ABOUT.format(here=sentence(modules), hints=hints) + listed,
        parameters={
            "type": "object",
            "properties": {"code": {"type": "string", "description": "The Python code to run."}},
            "required": ["code"],
        },
    )


# --- the code in a call ------------------------------------------------------------------------------------------


class CodeReader:
    """Takes the arguments in pieces. Those that are no JSON object are the code themselves."""

    def __init__(self) -> None:
        self._unread: list[str] = []  # of the arguments, from where the code goes on
        self._code: list[str] = []
        self._has_begun = self._is_far = False

    @property
    def code(self) -> str:
        """The code so far."""
        return "".join(self._code)

    def feed(self, piece: str) -> str:
        """Return the code that is certain now that ``piece`` has come, besides what was before."""
        self._unread.append(piece)
        if self._is_far:
            return ""
        arguments = "".join(self._unread)
        if not self._has_begun:
            match = _BEGINNING.match(arguments)
            if match is None:
                self._is_far = len(arguments) > MOST_BEFORE_CODE
                return ""
            self._has_begun, arguments = True, arguments[match.end() :]
        whole = _WHOLE.match(arguments)
        assert whole is not None  # it may be empty
        self._unread = [arguments[whole.end() :]]
        return self._add(_decoded(whole[0]))

    def rest(self) -> str:
        """Return the rest of the code: the arguments have ended. What was no object is the code itself."""
        if self._has_begun:
            return ""
        self._has_begun, arguments = True, "".join(self._unread)
        return self._add(_meant(arguments))

    def _add(self, code: str) -> str:
        self._code.append(storable_text(code))
        return self._code[-1]


def read_code(arguments: str) -> str:
    """The code in whole ``arguments``: what a ``CodeReader`` reads of them."""
    reader = CodeReader()
    reader.feed(arguments)
    reader.rest()
    return reader.code


def _decoded(escaped: str) -> str:
    # An escape that JSON does not know, such as \d, is one whose backslash the model forgot to double.
    mended = _ESCAPE.sub(lambda match: match[0] if match[1] else f"\\{match[0]}", escaped)
    return str(json.loads(f'"{mended}"', strict=False))


def _meant(arguments: str) -> str:
    try:
        value = json.loads(arguments, strict=False)
    except (ValueError, RecursionError):
        return arguments
    if isinstance(value, dict):
        texts = {key: text for key, text in value.items() if isinstance(text, str)}
        value = next((texts[key] for key in (*_KEYS, *texts) if key in texts), "")
    return value if isinstance(value, str) else arguments


# --- files -------------------------------------------------------------------------------------------------------


def mounted_files(run: Run) -> dict[str, File]:
    """Return the files in ``/mnt/data`` by name: those that were given to the tool, and those that cells left there.

    The former belong to the thread's owner or to the assistant's.
    """
    sandbox_files = SandboxFile.objects.filter(thread_id=run.thread_id).select_related("file")
    return given_files(run) | {each.name: each.file for each in sandbox_files}


def given_files(run: Run) -> dict[str, File]:
    """Return the files that were given to the tool by their own names, as far as a folder can hold them; a second one
    of a name gets a part of its id.
    """
    ids: list[str] = run.tool_resources.get(CODE_INTERPRETER, {}).get("file_ids", [])
    if not ids:
        return {}
    owners = Q(owner=run.thread.owner_id) | Q(owner__in=Assistant.objects.filter(id=run.assistant_id).values("owner"))
    present = File.objects.there().filter(owners).in_bulk(ids, field_name="id")
    by_name: dict[str, File] = {}
    for file in (present[id] for id in ids if id in present):
        name = _safe(file.filename)
        path = PurePosixPath(name)
        by_name[name if name not in by_name else f"{path.stem}-{file.id[-6:]}{path.suffix}"] = file
    return by_name


def _safe(name: str) -> str:
    """Return a client's file name as one that a folder can hold."""
    plain = re.sub(r"[/\\\x00-\x1f\x7f]+", "_", name).strip()
    path = PurePosixPath(plain)
    shortened = _cut_name(path.stem, LONGEST_STEM) + _cut_name(path.suffix, LONGEST_SUFFIX)
    return shortened if shortened.strip(".") else "file"


def _cut_name(name: str, most: int) -> str:
    return name.encode()[:most].decode(errors="ignore")


# --- calls as their steps keep them ------------------------------------------------------------------------------


def code_call(id: str, code: str, *, status: str = "waiting", outputs: Sequence[Call] = (), **private: Any) -> Call:
    """A call as its step keeps it. What is not ``input`` or ``outputs`` is ours alone, as are ``private`` keys:

    ``status`` (waiting, running, ok, error, interrupted, died, refused), ``seconds``, ``files`` (``{"name", "file_id",
    "bytes"}`` of those that it made or changed), and ``note``, what the model is told besides.
    """
    value = {"input": code, "outputs": list(outputs), "status": status, **private}
    return {"id": id or new_id("call_"), "type": CODE_INTERPRETER, CODE_INTERPRETER: value}


def logs(text: str) -> list[Call]:
    """Return the text that a cell printed as the outputs of a call: empty if it printed nothing."""
    return [{"type": "logs", "logs": _cut(text, MOST_LOGS)}] if text else []


def image(file_id: str) -> Call:
    return {"type": "image", "image": {"file_id": file_id}}


def images(calls: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the ids of the pictures that code calls among ``calls`` have shown."""
    outputs = [
        output for call in calls if call["type"] == CODE_INTERPRETER for output in call[CODE_INTERPRETER]["outputs"]
    ]
    return [output["image"]["file_id"] for output in outputs if output["type"] == "image"]


def interrupt_open_calls(details: Mapping[str, Any]) -> dict[str, Any]:
    """``details`` of a step that ends: code that was still to run, or running, was interrupted."""
    calls = details.get("tool_calls")
    if calls is None:
        return dict(details)
    open = [
        call
        for call in calls
        if call["type"] == CODE_INTERPRETER and call[CODE_INTERPRETER].get("status") in ("waiting", "running")
    ]
    closed = [
        {**call, CODE_INTERPRETER: {**call[CODE_INTERPRETER], "status": "interrupted"}} if call in open else call
        for call in calls
    ]
    return {**details, "tool_calls": closed}


def describe_call(value: Mapping[str, Any], *, most: int = MOST_TOLD) -> str:
    """Return the text that tells the model of a finished call; ``most`` characters of what the code printed."""
    printed = "".join(output["logs"] for output in value["outputs"] if output["type"] == "logs")
    pictures = sum(output["type"] == "image" for output in value["outputs"])
    parts = [value.get("note", ""), _cut(printed, most).rstrip("\n")]
    if pictures:
        parts.append(
            "[The picture is shown above.]" if pictures == 1 else f"[The {pictures} pictures are shown above.]"
        )
    if files := value.get("files"):
        parts.append(f"[Written to /mnt/data: {', '.join(file['name'] for file in files)}]")
    return "\n".join(filter(None, parts)) or "[The code ran and printed nothing.]"


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    half = max(1, most // 2)
    return f"{text[:half]}\n… {len(text) - 2 * half} characters are left out …\n{text[-half:]}"
