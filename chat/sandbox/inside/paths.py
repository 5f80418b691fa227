"""Functions that take a path, so that ``/mnt/data`` means another folder to them and is told as ``/mnt/data`` again."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

DATA = "/mnt/data"

TWO_PATHS = ("link", "rename", "replace", "symlink")
CURRENT = ("getcwd", "getcwdb")


class Paths:
    """``folder``: what ``/mnt/data`` means."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def wrapped(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``original``, one of Python's functions, for paths of cells."""
        name = original.__name__
        if name in CURRENT:
            return self._telling(original)
        if name == "scandir":
            return self._scanning(self._taking(original, 1))
        return self._taking(original, 2 if name in TWO_PATHS else 1)

    def _taking(self, original: Callable[..., Any], count: int) -> Callable[..., Any]:
        @functools.wraps(original)
        def function(*args: Any, **kwargs: Any) -> Any:
            try:
                return original(
                    *map(self._meant, args[:count]),
                    *args[count:],
                    **{key: self._meant(value) for key, value in kwargs.items()},
                )
            except OSError as error:
                self._rename(error)
                raise

        return function

    def _telling(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def function() -> Any:
            return self._shown(original())

        return function

    def _scanning(self, scandir: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(scandir)
        def function(*args: Any, **kwargs: Any) -> Scan:
            return Scan(scandir(*args, **kwargs), self._shown)

        return function

    def _rename(self, error: OSError) -> None:
        for name in ("filename", "filename2"):
            if (value := getattr(error, name)) is not None:  # None, once set, would be printed
                setattr(error, name, self._shown(value))

    def _meant(self, value: Any) -> Any:
        try:
            path = os.fspath(value)
        except TypeError:
            return value
        if isinstance(path, str) and path.startswith("file:"):  # as databases are called
            moved = _moved(path.removeprefix("file:").removeprefix("//"), DATA, quote(self._folder))
            return value if moved is None else "file:" + moved
        if isinstance(path, bytes):
            moved = _moved(os.fsdecode(path), DATA, self._folder)
            return value if moved is None else os.fsencode(moved)
        return _moved(path, DATA, self._folder) or value

    def _shown(self, value: Any) -> Any:
        if isinstance(value, bytes):
            return os.fsencode(self._shown(os.fsdecode(value)))
        return (isinstance(value, str) and _moved(value, self._folder, DATA)) or value


class Scan:
    """What ``os.scandir`` returns."""

    def __init__(self, entries: Any, shown: Callable[[Any], Any]) -> None:
        self._entries, self._shown = entries, shown
        self.close = entries.close

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        entry = next(self._entries)
        path = self._shown(entry.path)
        return entry if path == entry.path else Entry(entry, path)

    def __enter__(self) -> Scan:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Entry:
    """An ``os.DirEntry``, of which nobody can make one, with another path."""

    def __init__(self, entry: Any, path: str | bytes) -> None:
        self._entry, self.path = entry, path

    def __getattr__(self, name: str) -> Any:
        return getattr(self._entry, name)

    def __fspath__(self) -> str | bytes:
        return self.path

    def __repr__(self) -> str:
        return repr(self._entry)


def _moved(path: str, old: str, new: str) -> str | None:
    """``path`` beneath ``new``, if it is beneath ``old``."""
    if path == old or path.startswith(old + "/"):
        return new + path[len(old) :]
    return None
