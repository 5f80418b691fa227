"""Makes paths in ``/mnt/data`` mean the session's folder, where ``/mnt/data`` cannot be a folder itself.

For the tier without namespaces, unless ``/mnt/data`` is the link that our container image has. A convenience that a
cell can undo, not a part of the isolation. Python's own functions are replaced, so what a library opens in C with a
path that it was given (lxml, for one) is not found; it finds it when the path is relative.
"""

from __future__ import annotations

import builtins
import functools
import glob
import importlib.util
import io
import os
import sqlite3
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from chat.sandbox.inside.paths import CURRENT, TWO_PATHS, Paths

ONE_PATH = (
    *("access", "chdir", "chmod", "chown", "getxattr", "lchown", "listdir", "listxattr", "lstat", "mkdir", "mkfifo"),
    *("open", "pathconf", "readlink", "removexattr", "remove", "rmdir", "scandir", "setxattr", "stat", "statvfs"),
    *("truncate", "unlink", "utime"),
)
_DATABASES = [importlib.import_module(name) for name in ("_dbm", "_gdbm") if importlib.util.find_spec(name)]
"""The modules with the files of ``shelve``."""

_installed = False

_Place = tuple[dict[Any, Any] | type, Any, Any]


def install(folder: str) -> None:
    """Make ``/mnt/data`` mean ``folder`` in this process, for good."""
    global _installed  # noqa: PLW0603  # of the process, for good
    _installed = True
    paths = Paths(folder.rstrip("/"))
    wrapped: dict[int, Any] = {}
    for holder, name, original in _places():
        if id(original) not in wrapped:
            wrapped[id(original)] = paths.wrap(original)
        if isinstance(holder, type):
            setattr(holder, name, staticmethod(wrapped[id(original)]))
        else:
            holder[name] = wrapped[id(original)]
    for supported in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        supported.update(wrapped[id(known)] for known in list(supported) if id(known) in wrapped)


def is_installed() -> bool:
    """True if ``/mnt/data`` is no folder that the kernel knows."""
    return _installed


def mend_times() -> None:
    """Have ``os.utime`` raise for a file that does not exist, where the kernel only pretends to change times."""
    # ``Path.touch`` would believe that the file exists.
    try:
        os.utime("/no such file")
    except OSError:
        return
    change = os.utime

    @functools.wraps(change)
    def utime(path: Any, *args: Any, **kwargs: Any) -> None:
        os.stat(path, follow_symlinks=isinstance(path, int) or kwargs.get("follow_symlinks", True))
        change(path, *args, **kwargs)

    for module in (os, sys.modules["posix"]):
        vars(module)["utime"] = utime


@functools.cache
def _places() -> tuple[_Place, ...]:
    """Return every name of a function that takes a path. Finding them takes 20 ms, so the zygote does it, once."""
    originals = {id(original): original for original in _originals()}
    return tuple(
        (holder, name, function)
        for holder in _holders()
        for name, value in list(vars(holder).items() if isinstance(holder, type) else holder.items())
        if id(function := value.__func__ if isinstance(value, staticmethod) else value) in originals
    )


def _holders() -> Iterator[dict[Any, Any] | type]:
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType) and not module.__name__.startswith("chat.sandbox"):
            yield vars(module)
    # From Python 3.13 on, these classes do the work of pathlib.
    yield from (value for value in vars(glob).values() if isinstance(value, type))
    if numpy := sys.modules.get("numpy.lib._datasource"):
        yield numpy._file_openers._file_openers


def prepare() -> None:
    """Do ahead of ``install`` what takes time: called by the zygote when the libraries have been imported."""
    _places()


def _originals() -> Iterator[Any]:
    yield from (builtins.open, io.open_code, sqlite3.connect)
    yield from (getattr(os, name) for name in (*ONE_PATH, *TWO_PATHS, *CURRENT) if hasattr(os, name))
    yield from (module.open for module in _DATABASES)
