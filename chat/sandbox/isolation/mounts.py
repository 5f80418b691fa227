"""The file system of a session in namespaces: a read-only root with Python in it, and memory for its own files."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from chat.sandbox.errors import IsolationFailed
from chat.sandbox.isolation import kernel
from chat.sandbox.isolation.host_paths import DEVICES
from chat.sandbox.isolation.syscalls import NUMBERS
from chat.sandbox.values import MB, Limits

DATA, SCRATCH, SHARED = "/mnt/data", "/tmp", "/dev/shm"  # noqa: S108  # in a root of our own

_NOSUID, _NODEV, _NOEXEC, _BIND, _RECURSIVE, _PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_DETACH = 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4

_OLD, _NEW = "/old", "/new"
_OF_NOBODY = _NOSUID | _NODEV | _NOEXEC


def build_root(readable: Iterable[str], *, limits: Limits, uid: int, outside: int) -> None:
    """Make a new root and stay in it; there is no way back. ``uid`` owns ``/mnt/data`` and ``/tmp``.

    ``outside`` is the inode of the mount namespace that we must have left. Raise ``IsolationFailed``.
    """
    # Without a namespace of our own this would take the machine's root away.
    if os.stat("/proc/self/ns/mnt").st_ino == outside:
        raise IsolationFailed("there is no mount namespace to build a root in")
    _mount(None, "/", flags=_RECURSIVE | _PRIVATE)
    _pivot_to_temporary_root()
    writable = {DATA: limits.disk, SCRATCH: limits.scratch, SHARED: 16 * MB}
    # Before the rest: the Python may lie in one of them.
    for path, size in writable.items():
        options = f"size={size},nr_inodes={limits.files},mode=700,uid={uid},gid={uid}"
        os.makedirs(_NEW + path)
        _mount("tmpfs", _NEW + path, kind="tmpfs", flags=_OF_NOBODY, options=options)
    for path in readable:
        _bind(path)
    _make_devices()
    _make_etc(uid)
    _make_proc()
    _set_attributes(_NEW, _RDONLY | _ATTR_NOSUID, recursive=True)
    for path in writable:
        _set_attributes(_NEW + path, clear=_RDONLY)
    _pivot_to_new_root()


def _pivot_to_temporary_root() -> None:
    """Make a small file system the root, with the machine's at ``/old`` and room for ours at ``/new``."""
    # Any folder that always exists will do.
    aside = SCRATCH
    _mount("tmpfs", aside, kind="tmpfs", flags=_NOSUID | _NODEV, options="size=4m,nr_inodes=4096,mode=755")
    os.mkdir(aside + _NEW)
    os.mkdir(aside + _OLD)
    _mount(aside + _NEW, aside + _NEW, flags=_BIND)
    kernel.call("pivot_root", "pivot_root", aside.encode(), (aside + _OLD).encode())
    os.chdir("/")


def _pivot_to_new_root() -> None:
    os.chdir(_NEW)
    kernel.call("unmounting the machine's root", "umount2", _OLD.encode(), _DETACH)
    kernel.call("pivot_root", "pivot_root", b".", b".")
    kernel.call("unmounting the way in", "umount2", b".", _DETACH)
    os.chdir("/")


def _bind(path: str) -> None:
    """Mount ``path`` of the machine at the same path, read-only; a link stays a link."""
    source, target = _OLD + path, _NEW + path
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(source):
        if not os.path.lexists(target):
            os.symlink(os.readlink(source), target)
        return
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        Path(target).touch()
    _mount(source, target, flags=_BIND | _RECURSIVE)
    _set_attributes(target, _RDONLY | _ATTR_NOSUID | _ATTR_NODEV, recursive=True)


def _make_devices() -> None:
    os.makedirs(_NEW + "/dev", exist_ok=True)
    for device in DEVICES:
        Path(_NEW + device).touch()
        _mount(_OLD + device, _NEW + device, flags=_BIND)


def _make_etc(uid: int) -> None:
    """Write the few files of ``/etc`` that libraries open."""
    os.makedirs(_NEW + "/etc", exist_ok=True)
    texts = {
        "passwd": f"sandbox:x:{uid}:{uid}::/tmp:/bin/false\n",
        "group": f"sandbox:x:{uid}:\n",
        "hosts": "127.0.0.1 localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    }
    for name, text in texts.items():
        Path(_NEW + "/etc", name).write_text(text)


def _make_proc() -> None:
    """Mount ``/proc`` with our own processes only; none where the kernel does not allow it, as in most containers."""
    os.makedirs(_NEW + "/proc", exist_ok=True)
    try:
        _mount("proc", _NEW + "/proc", kind="proc", flags=_OF_NOBODY, options="subset=pid,hidepid=2")
    except IsolationFailed:
        os.rmdir(_NEW + "/proc")


def _set_attributes(path: str, attributes: int = 0, *, clear: int = 0, recursive: bool = False) -> None:
    packed = ctypes.c_char_p(struct.pack("QQQQ", attributes, clear, 0, 0))
    number = NUMBERS[kernel.ARCHITECTURE]["mount_setattr"]
    target, flags = ctypes.c_char_p(path.encode()), _AT_RECURSIVE if recursive else 0
    kernel.syscall(f"attributes of {path}", number, _AT_FDCWD, target, flags, packed, 32)


def _mount(
    source: str | None, target: str, *, kind: str | None = None, flags: int = 0, options: str | None = None
) -> None:
    texts = [text.encode() if text is not None else None for text in (source, target, kind)]
    data = options.encode() if options is not None else None
    kernel.call(f"mounting {source or 'the root'} at {target}", "mount", *texts, ctypes.c_ulong(flags), data)
