"""What of the machine's file system a session needs to see: its Python, fonts and time zones; and nothing of ours."""

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


def python() -> list[str]:
    """Folders of the interpreter that runs this: its environment, and the libraries it was made from."""
    roots = {sys.prefix, os.path.join(sys.base_prefix, "lib"), os.path.dirname(os.__file__)}
    both = roots | {os.path.realpath(root) for root in roots}
    return sorted(root for root in both if not _is_system(root))


def readable() -> list[str]:
    """Everything that a session may read, on the machine's own paths."""
    return [*(path for path in _SYSTEM if os.path.lexists(path)), *python()]


def _is_system(path: str) -> bool:
    return path in ("/", "/usr") or any(Path(path).is_relative_to(place) for place in _SYSTEM)
