"""The layers of isolation, in their order, which a forked child puts on before it runs anyone's code.

Each has a name, so that a test can leave one out and see that its absence is noticed. None is optional: a layer that
the kernel does not give ends the session before it begins.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from chat.sandbox.errors import IsolationFailed
from chat.sandbox.isolation import landlock, mounts, namespaces, privileges, seccomp
from chat.sandbox.isolation.host_paths import DEVICES, FONTS, python_folders, readable_paths
from chat.sandbox.isolation.landlock import Rule
from chat.sandbox.values import Limits, Tier

CONTROL, FOLDER = 900, 1000
"""Descriptors of a session: its control socket; and in the tier without namespaces the folder of its files."""

LINK = f"/proc/self/fd/{FOLDER}"
"""The place to which ``/mnt/data`` may be a link, as it is in our container image."""

UNREADABLE = (
    "the sessions' user {uid} may not read {path}: set EVERTHREAD_SANDBOX_PYTHON to a Python that every user may read"
)
CLOSED = "the sessions' user {uid} may not enter {path}: put the data folder where every user may pass through"


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """The plan of a session. ``uid``: the user that it becomes, if we are root. ``folder``: has its files, unless it is
    in namespaces.
    """

    tier: Tier
    limits: Limits
    folder: str
    uid: int | None = None


@dataclass(slots=True)
class ForkedChild:
    """The process that locks itself down, and what it got from the zygote."""

    plan: SessionPlan
    control: socket.socket
    output: int
    birth: socket.socket
    abi: int = field(default_factory=landlock.version)
    outside: int = field(default_factory=lambda: os.stat("/proc/self/ns/mnt").st_ino)
    is_root: bool = field(default_factory=lambda: os.geteuid() == 0)
    reads: Sequence[str] = field(default_factory=readable_paths)

    @property
    def has_own_user(self) -> bool:
        return self.is_root or self.plan.tier == "ns"

    @property
    def data(self) -> str:
        """Return the folder of its files."""
        return mounts.DATA if self.plan.tier == "ns" else os.path.join(self.plan.folder, "data")

    @property
    def scratch(self) -> str:
        return mounts.SCRATCH if self.plan.tier == "ns" else os.path.join(self.plan.folder, "tmp")


Layer = Callable[[ForkedChild], None]


def put_on(child: ForkedChild, layers: Mapping[str, Layer]) -> None:
    """Put on ``layers``. There is no way back. Raise ``IsolationFailed`` or ``OSError``."""
    if child.is_root and child.plan.uid is None:
        raise IsolationFailed("started as root, it needs a uid for each session: set EVERTHREAD_SANDBOX_UIDS")
    for layer in layers.values():
        layer(child)


def _tie_to_parent(_: ForkedChild) -> None:
    privileges.die_with_parent()
    os.setsid()


def _keep_own_descriptors(child: ForkedChild) -> None:
    nothing = os.open("/dev/null", os.O_RDONLY)
    for source, target in ((nothing, 0), (child.output, 1), (child.output, 2)):
        os.dup2(source, target)
    birth, control = child.birth.detach(), child.control.detach()
    child.control = socket.socket(fileno=os.dup2(control, CONTROL, inheritable=False))
    keep = [birth, CONTROL]
    if child.plan.tier == "landlock":
        keep.append(os.dup2(os.open(child.data, os.O_PATH | os.O_DIRECTORY), FOLDER, inheritable=False))
    first = 3
    for descriptor in (*sorted(keep), namespaces.MAX_DESCRIPTORS):
        os.closerange(first, descriptor)
        first = descriptor + 1
    child.birth = socket.socket(fileno=birth)


def _be_born(child: ForkedChild) -> None:
    """Send the broker a descriptor of this process and, in namespaces, those of the file systems in memory."""
    # A descriptor, because another process may have its number later.
    descriptors = [os.pidfd_open(os.getpid())]
    if child.plan.tier == "ns":
        descriptors += [os.open(path, os.O_PATH) for path in (mounts.DATA, mounts.SCRATCH, mounts.SHARED)]
    socket.send_fds(child.birth, [b"born"], descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    child.birth.close()


def _build_root(child: ForkedChild) -> None:
    uid = child.plan.uid if child.is_root and child.plan.uid is not None else namespaces.UID
    mounts.build_root(child.reads, limits=child.plan.limits, uid=uid, outside=child.outside)


def _become_user(child: ForkedChild) -> None:
    if child.is_root and child.plan.uid is not None:
        privileges.become_user(child.plan.uid)
        for path in python_folders():
            if not os.access(path, os.R_OK | os.X_OK):
                raise IsolationFailed(UNREADABLE.format(uid=child.plan.uid, path=path))
        if not os.access(child.data, os.R_OK | os.W_OK | os.X_OK):
            raise IsolationFailed(CLOSED.format(uid=child.plan.uid, path=child.data))


def _forget_environment(child: ForkedChild) -> None:
    os.environ.clear()
    os.environ.update(
        HOME=child.scratch,
        TMPDIR=child.scratch,
        PATH="/usr/bin:/bin",
        LANG="C.UTF-8",
        MPLBACKEND="agg",
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
        JOBLIB_MULTIPROCESSING="0",
        PLOTLY_RENDERER="browser",  # which fails and says so, where others show nothing
        XDG_DATA_HOME=str(FONTS.parent),  # where Pillow and reportlab look for a font
        FONT_PATH=str(FONTS / "NotoSansCJK-Regular.ttc"),  # wordcloud's, whose own has Latin letters only
    )
    sys.argv[:] = [""]
    sys.path[:] = [path for path in sys.path if any(_is_beneath(path, read) for read in child.reads)]


def _restrict_files(child: ForkedChild) -> None:
    if child.plan.tier == "ns" and not child.abi:
        # The root has nothing else in it to begin with.
        return
    rules = [Rule(path, "read") for path in child.reads]
    rules += [Rule(path, "write") for path in (child.data, child.scratch)]
    rules += [Rule(path, "device") for path in DEVICES]
    if child.plan.tier == "ns":
        rules += [Rule("/etc", "read"), Rule("/proc", "read"), Rule(mounts.SHARED, "write")]
    landlock.restrict(rules, abi=child.abi)


def _filter_calls(child: ForkedChild) -> None:
    seccomp.install(seccomp.program(child.plan.tier, pid=os.getpid(), abi=child.abi))


def _reseed(_: ForkedChild) -> None:
    # Sessions of one zygote must not draw the same numbers. Python reseeds its own generator.
    if numpy_random := sys.modules.get("numpy.random"):
        numpy_random.seed()


def _is_beneath(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


_FIRST: dict[str, Layer] = {
    "parent": _tie_to_parent,
    "priority": lambda _: privileges.yield_to_others(),
    "descriptors": _keep_own_descriptors,
}
_APART: dict[str, Layer] = {
    "user namespace": lambda child: None if child.is_root else namespaces.enter_user(),
    "mount namespace": lambda _: namespaces.unshare("mount"),
    "network namespace": lambda _: namespaces.unshare("network"),
    "ipc namespace": lambda _: namespaces.unshare("ipc"),
    "cgroup namespace": lambda _: namespaces.unshare("cgroup"),
    "uts namespace": lambda _: namespaces.enter_uts(),
    "pid namespace": lambda _: namespaces.enter_pid(),
    "root": _build_root,
}
_LAST: dict[str, Layer] = {
    "birth": _be_born,
    "bounding set": lambda _: privileges.drop_bounding_set(),
    "user": _become_user,
    "capabilities": lambda _: privileges.drop_capabilities(),
    "memory": lambda _: privileges.hide_memory(),
    "environment": _forget_environment,
    "new privileges": lambda _: privileges.give_up_new_privileges(),
    "landlock": _restrict_files,
    "limits": lambda child: privileges.limit(child.plan.limits, own_user=child.has_own_user),
    "seccomp": _filter_calls,
    "randomness": _reseed,
}

LAYERS: dict[Tier, dict[str, Layer]] = {"ns": {**_FIRST, **_APART, **_LAST}, "landlock": {**_FIRST, **_LAST}}
