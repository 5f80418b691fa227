"""Makes, measures and removes the folder of a session without namespaces, from outside.

Cells write there, so no link is followed, and nothing is found by its path: folders can be nested deeper than a path
may be long.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

MAX_DEPTH = 32
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class Use:
    """``size`` in bytes on the disk, ``count`` of files and folders; ``is_hidden``: we may not look into one."""

    size: int = 0
    count: int = 0
    depth: int = 0
    is_hidden: bool = False


def make(folder: Path, *, uid: int | None) -> None:
    """Make ``folder`` with ``data`` for ``/mnt/data`` and ``tmp`` in it, for ``uid`` alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in (folder / "data", folder / "tmp", folder):
        path.mkdir(mode=0o700, exist_ok=True)
        if uid is not None:
            os.chown(path, uid, uid)


def measure(folder: Path, *, at_most: int) -> Use:
    """Measure ``folder``. Stop beyond ``at_most`` files and folders, and beyond ``MAX_DEPTH``."""
    use = Use()
    with suppress(OSError), _opened(str(folder)) as top:
        _add(top, use, depth=0, at_most=at_most)
    return use


def deleted_size(pid: int) -> int:
    """Return the bytes of deleted files that a process still has open. 0 if we may not look: only root may."""
    size, place = 0, f"/proc/{pid}/fd"
    with suppress(OSError):
        for descriptor in os.listdir(place):
            with suppress(OSError):  # closed meanwhile
                status = os.stat(f"{place}/{descriptor}")
                if stat.S_ISREG(status.st_mode) and not status.st_nlink:
                    size += status.st_blocks * 512
    return size


def remove(folder: Path) -> None:
    """Remove ``folder`` as far as possible. Nothing may run any more that could write there."""
    with suppress(OSError):
        with _opened(str(folder)) as top:
            while _flatten(top):
                pass
        folder.rmdir()


def _add(folder: int, use: Use, *, depth: int, at_most: int) -> None:
    use.depth = max(use.depth, depth)
    for name in os.listdir(folder):
        use.count += 1
        if use.count > at_most or use.depth > MAX_DEPTH:
            return
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            use.size += status.st_blocks * 512
            if stat.S_ISDIR(status.st_mode):
                with _opened(name, folder) as inner:
                    _add(inner, use, depth=depth + 1, at_most=at_most)
        except PermissionError:
            use.is_hidden = True
        except OSError:  # gone meanwhile
            continue


def _flatten(top: int) -> bool:
    """Remove what is in ``top`` and move the contents of its folders up. True if there may be more to remove."""
    changed = False
    for name in os.listdir(top):
        with suppress(OSError):
            if stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
                _empty(name, top)
                os.rmdir(name, dir_fd=top)
            else:
                os.unlink(name, dir_fd=top)
            changed = True
    return changed


def _empty(folder: str, top: int) -> None:
    os.chmod(folder, 0o700, dir_fd=top)
    with _opened(folder, top) as inner:
        for number, name in enumerate(os.listdir(inner)):
            if stat.S_ISDIR(os.stat(name, dir_fd=inner, follow_symlinks=False).st_mode):
                os.chmod(name, 0o700, dir_fd=inner)
                os.rename(name, f"{os.fstat(inner).st_ino}-{number}", src_dir_fd=inner, dst_dir_fd=top)
            else:
                os.unlink(name, dir_fd=inner)


@contextmanager
def _opened(folder: str, within: int | None = None) -> Iterator[int]:
    descriptor = os.open(folder, _FOLDER, dir_fd=within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
