"""Runs in the zygote's process: imports libraries, then forks a session for each request."""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

from chat.sandbox import protocol
from chat.sandbox.errors import SandboxError
from chat.sandbox.inside import cell, fonts, shim
from chat.sandbox.isolation.landlock import version
from chat.sandbox.isolation.layers import LAYERS, LINK, ForkedChild, Layer, SessionPlan, put_on
from chat.sandbox.isolation.mounts import DATA
from chat.sandbox.isolation.namespaces import MAX_DESCRIPTORS
from chat.sandbox.values import Limits, Tier

_MAX_REQUEST = 1 << 16
_REFUSED = 70  # EX_SOFTWARE


def serve(*, layers: Mapping[Tier, Mapping[str, Layer]] = LAYERS, abi: int | None = None) -> NoReturn:
    """Fork sessions until standard input, the channel to the broker, ends. The arguments are modules to import first.

    ``abi``: the version of Landlock to use; None: the kernel's.
    """
    channel = _channel()
    # A session's user must be able to read what is made in its root.
    os.umask(0o022)
    _allow_descriptors()
    try:
        _warm_up(sys.argv[1:])
        _ForkServer(channel, layers, abi=version() if abi is None else abi).run()
    except BaseException as error:
        with suppress(OSError):
            channel.send(json.dumps({"failed": f"{type(error).__name__}: {error}"[:2000]}).encode())
        raise


def _channel() -> socket.socket:
    channel = socket.socket(fileno=os.dup(0))
    os.set_inheritable(channel.fileno(), False)
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return channel


def _allow_descriptors() -> None:
    """Allow as many descriptors as a child closes: more than the number of its highest."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    enough = MAX_DESCRIPTORS if most == resource.RLIM_INFINITY else min(most, MAX_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, most))


def _warm_up(modules: list[str]) -> None:
    for module in modules:
        importlib.import_module(module)
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        _draw(pyplot)
    fonts.prepare()
    shim.prepare()
    gc.collect()
    gc.freeze()
    # Until a session begins: a collection would unshare the pages.
    gc.disable()
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError(f"one of {', '.join(modules)} started a thread, so that forking is not safe")


def _draw(pyplot: Any) -> None:
    """Draw a figure, so that no session waits a second for its first: fonts are sought and caches filled."""
    figure, axes = pyplot.subplots()
    axes.plot([0, 1])
    axes.set_title("$x$")
    figure.savefig(io.BytesIO(), format="png")
    pyplot.close("all")


class _ForkServer:
    """Forks sessions. ``births``: the socket of each child's life, by its pid."""

    def __init__(self, channel: socket.socket, layers: Mapping[Tier, Mapping[str, Layer]], *, abi: int) -> None:
        self.channel, self.layers, self.abi = channel, layers, abi
        self.births: dict[int, socket.socket] = {}

    def run(self) -> NoReturn:
        signal.signal(signal.SIGCHLD, self._reap)
        self.channel.send(json.dumps({"pid": os.getpid()}).encode())
        while True:
            request, descriptors, _, _ = socket.recv_fds(self.channel, _MAX_REQUEST, 3)
            if not request:
                os._exit(0)
            self._fork(request, *descriptors)

    def _fork(self, request: bytes, control: int, output: int, birth: int) -> None:
        life = socket.socket(fileno=birth)
        # Otherwise it could end before it is in ``births``.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        try:
            if pid := os.fork():
                self.births[pid] = life
                os.close(control)
                os.close(output)
                return
        except OSError as error:
            # There is no memory, or too many processes.
            with suppress(OSError):  # the broker may be gone
                life.send(str(error).encode())
            life.close()
            os.close(control)
            os.close(output)
            return
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        self._become_session(request, socket.socket(fileno=control), output, life)

    def _become_session(self, request: bytes, control: socket.socket, output: int, birth: socket.socket) -> NoReturn:
        """Lock this child down and run the session in it."""
        child = None
        try:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # Until a cell runs: one that is interrupted early lives on.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self.channel.close()
            fields = json.loads(request)
            plan = SessionPlan(**{**fields, "limits": Limits(**fields["limits"])})
            child = ForkedChild(plan, control, output, birth, abi=self.abi)
            put_on(child, self.layers[plan.tier])
            gc.enable()
            protocol.send(child.control, _facts(child))
            cell.serve(child.control, _folder(child), images=plan.limits.images)
        except BaseException as error:
            message = error.message if isinstance(error, SandboxError) else f"{type(error).__name__}: {error}"
            with suppress(OSError):
                protocol.send(child.control if child else control, {"op": "refused", "message": message[:1000]})
        finally:
            os._exit(_REFUSED)

    def _reap(self, number: int, frame: FrameType | None) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                with suppress(OSError, KeyError), self.births.pop(ended[0]) as birth:
                    birth.send(str(os.waitstatus_to_exitcode(ended[1])).encode())


def _facts(child: ForkedChild) -> dict[str, Any]:
    facts = {"tier": child.plan.tier, "uid": os.getuid(), "abi": child.abi, "python": sys.version.split()[0]}
    return {"op": "ready", **facts}


def _folder(child: ForkedChild) -> str:
    """Return the folder that ``/mnt/data`` is in this session."""
    with suppress(OSError):
        if os.readlink(DATA) == LINK:
            return DATA
    return child.data
