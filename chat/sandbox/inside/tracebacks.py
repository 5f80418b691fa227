"""Formats an exception of a cell for people and models."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

from chat.sandbox.inside import shim
from chat.sandbox.inside.paths import DATA
from chat.sandbox.libraries import installed

LONGEST = 16_000  # characters
LONGEST_WARNING = 400  # characters; matplotlib names each font in which it sought a letter
_OURS = str(Path(__file__).parents[1])
_LIBRARIES = sysconfig.get_path("purelib") + "/"  # left out: it names a folder of the server

_NO_PROGRAMS = "No other programs or processes can be started here."
_NO_NETWORK = "There is no network here. Work with the files in /mnt/data."
_NO_BROWSER = "There is no browser here. Write HTML into /mnt/data, for plotly with fig.write_html(), and link to it."
_NO_PACKAGES = f"Nothing can be installed here. {installed()}"

_RELATIVE = "This library finds files by relative names only, as in 'data.csv': /mnt/data is the current folder."

_ADVICE = {
    "subprocess.py": _NO_PROGRAMS,
    "popen_fork.py": _NO_PROGRAMS,
    "synchronize.py": _NO_PROGRAMS,
    "socket.py": _NO_NETWORK,
    "client.py": _NO_NETWORK,
    "request.py": _NO_NETWORK,
}
"""Module of Python's library that an error of the kernel came through → its explanation."""


def format_error(error: BaseException) -> str:
    """Return the traceback without frames of ours, with an explanation if we have one."""
    try:
        text = "".join(_Report(error).format())
    except BaseException:
        # The exception's own methods may do anything.
        text = f"{type(error).__name__}\n"
    return shorten(text.replace(_LIBRARIES, ""), LONGEST)


def format_warning(message: Warning | str, kind: type[Warning], file: str, line: int, *_: object) -> str:
    """Return the text of a warning, with its place if that is in a cell. For ``warnings.formatwarning``."""
    # Other places are folders of the server.
    place = f"{file}:{line}: " if file.startswith("<") else ""
    return f"{place}{kind.__name__}: {shorten(str(message), LONGEST_WARNING)}\n"


def shorten(text: str, longest: int) -> str:
    """Return ``text`` with its middle left out if it is longer than ``longest``, and without lone surrogates."""
    text = text.encode("utf-8", "backslashreplace").decode()
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"


class _Report(traceback.TracebackException):
    def __init__(self, error: BaseException) -> None:
        if (advice := _advice(error)) and advice not in getattr(error, "__notes__", ()):
            error.add_note(advice)
        super().__init__(type(error), error, error.__traceback__, compact=True)
        _hide_ours(self)


def _hide_ours(report: traceback.TracebackException | None) -> None:
    while report is not None:
        report.stack[:] = [frame for frame in report.stack if not frame.filename.startswith(_OURS)]
        for inner in report.exceptions or ():
            _hide_ours(inner)
        _hide_ours(report.__cause__)
        report = report.__context__


def _advice(error: BaseException) -> str | None:
    if isinstance(error, ModuleNotFoundError):
        return _NO_PACKAGES
    if type(error).__module__ == "webbrowser":
        return _NO_BROWSER
    if isinstance(error, FileNotFoundError):
        # Python's own functions name the file. What opens it in C does not know our folder (``shim``).
        return _RELATIVE if error.filename is None and DATA in str(error) and shim.is_installed() else None
    if not isinstance(error, OSError):
        return None
    files = [Path(frame.f_code.co_filename).name for frame, _ in traceback.walk_tb(error.__traceback__)]
    return next((_ADVICE[file] for file in reversed(files) if file in _ADVICE), None)
