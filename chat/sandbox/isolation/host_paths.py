"""The paths of the machine that a session may read: its Python, fonts and time zones, and nothing of ours."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_SYSTEM = (
    *("/usr/lib", "/usr/lib64", "/usr/lib32", "/lib", "/lib64", "/lib32", "/etc/ld.so.cache"),
    *("/usr/share/zoneinfo", "/etc/localtime", "/usr/share/fonts", "/usr/share/fontconfig", "/etc/fonts"),
    *("/etc/mime.types", "/usr/share/mime"),
)

DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom"))


FONTS = Path(sys.prefix, "share/fonts")
"""The folder of fonts in the sandbox's Python."""


def python_folders() -> list[str]:
    """Return the folders of this interpreter: its environment, and the libraries that it was made from."""
    roots = {sys.prefix, os.path.join(sys.base_prefix, "lib"), os.path.dirname(os.__file__)}
    both = roots | {os.path.realpath(root) for root in roots}
    return sorted(root for root in both if not _is_system(root))


def readable_paths() -> list[str]:
    """Return everything that a session may read, by the machine's own paths."""
    return [*(path for path in _SYSTEM if os.path.lexists(path)), *python_folders()]


def _is_system(path: str) -> bool:
    return path in ("/", "/usr") or any(Path(path).is_relative_to(folder) for folder in _SYSTEM)
