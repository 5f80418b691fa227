"""The machine around the sessions: what they must not see, reach or change."""

from __future__ import annotations

import ctypes
import os
import secrets
import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_IPC_RMID = 0


class Ground:
    """``uid``: the user of the victim; that of the sessions, which is the worst case."""

    def __init__(self, folder: Path, *, uid: int | None) -> None:
        folder.mkdir()
        folder.chmod(0o777)
        self.secret = f"canary-{secrets.token_hex(8)}"
        self.folder = folder
        os.environ["EVERTHREAD_SECRET_KEY"] = self.secret
        self.database = self._file(folder / "db.sqlite3")
        self.shared = self._file(Path(f"/dev/shm/everthread-{os.getpid()}"))
        self.listeners = self._listeners()
        libc = ctypes.CDLL(None)
        self.segment = libc.shmget(0x5EED0000 + os.getpid() % 65536, 4096, 0o1666)
        self.victim = subprocess.Popen(
            [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **({"user": uid, "group": uid, "extra_groups": []} if uid is not None else {}),
        )
        assert self.victim.stdout is not None
        self.victim.stdout.readline()

    def facts(self) -> dict[str, Any]:
        tcp, udp, *_ = self.listeners
        return {
            "folder": str(self.folder),
            "database": str(self.database),
            "shared": str(self.shared),
            "segment": self.segment,
            "victim": self.victim.pid,
            "host": os.getpid(),
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "names": [one.getsockname() for one in self.listeners[2:]],
            "project": str(Path(__file__).resolve().parents[3]),
            "namespaces": {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")},
        }

    def harm(self) -> str:
        """What has been done to it so far."""
        if self.victim.poll() is not None:
            return "the victim was killed"
        if "Max open files            0 " in Path(f"/proc/{self.victim.pid}/limits").read_text():
            return "the victim's limits were changed"
        if os.getpriority(os.PRIO_PROCESS, self.victim.pid) > os.getpriority(os.PRIO_PROCESS, 0):
            return "the victim's priority was changed"
        for path in (self.database, self.shared):
            status = path.stat()
            if status.st_mode & 0o777 != 0o666 or status.st_mtime < 1000 or path.read_text() != self.secret:
                return f"{path} was changed"
        if [path.name for path in self.folder.iterdir() if path.name.startswith("pwned")]:
            return "a file was written outside"
        return self._called()

    def close(self) -> None:
        self.victim.kill()
        self.victim.communicate()
        for listener in self.listeners:
            listener.close()
        self.shared.unlink(missing_ok=True)
        ctypes.CDLL(None).shmctl(self.segment, _IPC_RMID, 0)

    def _file(self, path: Path) -> Path:
        path.write_text(self.secret)
        path.chmod(0o666)
        return path

    def _listeners(self) -> list[socket.socket]:
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        made = [tcp, udp]
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            for name in (str(self.folder / kind.name), f"\0{self.folder}-{kind.name}"):
                listener = socket.socket(socket.AF_UNIX, kind)
                listener.bind(name)
                if kind == socket.SOCK_STREAM:
                    listener.listen()
                if name[0] == "/":
                    os.chmod(name, 0o777)
                made.append(listener)
        return made

    def _called(self) -> str:
        """Loopback delivers at once."""
        ready, _, _ = select.select(self.listeners, [], [], 0)
        for listener in ready:
            if listener.type == socket.SOCK_STREAM:
                listener.accept()[0].close()
            else:
                listener.recv(100)
        return f"a session reached {[one.getsockname() for one in ready]}" if ready else ""


def is_living(pid: int, *, within: float = 2.0) -> bool:
    """Whether it still is there after so many seconds; a zombie is not."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.02)
    return True
