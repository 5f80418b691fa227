"""Wraps Python's functions of paths, so that ``/mnt/data`` means another folder to them, under its own name."""

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
    """Translates paths between ``/mnt/data``, as cells name it, and ``folder``."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``original``, one of Python's functions, for the paths of cells."""
        name = original.__name__
        if name in CURRENT:
            return self._translating_result(original)
        if name == "scandir":
            return self._translating_entries(self._translating_arguments(original, 1))
        return self._translating_arguments(original, 2 if name in TWO_PATHS else 1)

    def _translating_arguments(self, original: Callable[..., Any], count: int) -> Callable[..., Any]:
        @functools.wraps(original)
        def function(*args: Any, **kwargs: Any) -> Any:
            try:
                return original(
                    *map(self._to_real, args[:count]),
                    *args[count:],
                    **{key: self._to_real(value) for key, value in kwargs.items()},
                )
            except OSError as error:
                self._translate_error(error)
                raise

        return function

    def _translating_result(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def function() -> Any:
            return self._to_visible(original())

        return function

    def _translating_entries(self, scandir: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(scandir)
        def function(*args: Any, **kwargs: Any) -> RenamedScan:
            return RenamedScan(scandir(*args, **kwargs), self._to_visible)

        return function

    def _translate_error(self, error: OSError) -> None:
        for name in ("filename", "filename2"):
            # Python would print a None that was set.
            if (value := getattr(error, name)) is not None:
                setattr(error, name, self._to_visible(value))

    def _to_real(self, value: Any) -> Any:
        try:
            path = os.fspath(value)
        except TypeError:
            return value
        if isinstance(path, str) and path.startswith("file:"):  # as databases are called
            real = _replace_folder(path.removeprefix("file:").removeprefix("//"), DATA, quote(self._folder))
            return value if real is None else "file:" + real
        if isinstance(path, bytes):
            real = _replace_folder(os.fsdecode(path), DATA, self._folder)
            return value if real is None else os.fsencode(real)
        return _replace_folder(path, DATA, self._folder) or value

    def _to_visible(self, value: Any) -> Any:
        if isinstance(value, bytes):
            return os.fsencode(self._to_visible(os.fsdecode(value)))
        return (isinstance(value, str) and _replace_folder(value, self._folder, DATA)) or value


class RenamedScan:
    """The iterator of ``os.scandir``, with the paths of its entries translated."""

    def __init__(self, entries: Any, to_visible: Callable[[Any], Any]) -> None:
        self._entries, self._to_visible = entries, to_visible
        self.close = entries.close

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        entry = next(self._entries)
        path = self._to_visible(entry.path)
        return entry if path == entry.path else RenamedEntry(entry, path)

    def __enter__(self) -> RenamedScan:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class RenamedEntry:
    """An ``os.DirEntry`` with another path. Python cannot make such entries, so this wraps one."""

    def __init__(self, entry: Any, path: str | bytes) -> None:
        self._entry, self.path = entry, path

    def __getattr__(self, name: str) -> Any:
        return getattr(self._entry, name)

    def __fspath__(self) -> str | bytes:
        return self.path

    def __repr__(self) -> str:
        return repr(self._entry)


def _replace_folder(path: str, old: str, new: str) -> str | None:
    """Return ``path`` beneath ``new`` if it is beneath ``old``, else None."""
    if path == old or path.startswith(old + "/"):
        return new + path[len(old) :]
    return None
