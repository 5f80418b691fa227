"""Formats an exception of a cell for people and models."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

from chat.sandbox.libraries import HERE

LONGEST = 16_000  # characters
_OURS = str(Path(__file__).parents[1])
_LIBRARIES = sysconfig.get_path("purelib") + "/"  # left out: it names a folder of the server

_NO_PROGRAMS = "No other programs or processes can be started here."
_NO_NETWORK = "There is no network here. Work with the files in /mnt/data."
_NO_PACKAGES = f"Nothing can be installed here. {HERE}"

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
    if not isinstance(error, OSError) or isinstance(error, FileNotFoundError):
        return None
    files = [Path(frame.f_code.co_filename).name for frame, _ in traceback.walk_tb(error.__traceback__)]
    return next((_ADVICE[file] for file in reversed(files) if file in _ADVICE), None)
