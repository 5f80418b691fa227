"""Attempts on other processes, and to become more than one is."""

from __future__ import annotations

import fcntl
import mmap
import os
import resource
import signal
import struct
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.sandbox.battery.inside import FACTS, IS_X86, buffer, call, denied, escaped, read, refused, tried
from tests.sandbox.battery.rows import attempt

if TYPE_CHECKING:
    from tests.sandbox.battery.running import Field


def _strangers_live(field: Field) -> str:
    return "" if field.other.run("1").status == "ok" else "another session was harmed"


@attempt(check=_strangers_live)
def signals_others():
    for pid in (*FACTS["strangers"], os.getppid(), -1, 0):
        for number in (0, signal.SIGKILL, signal.SIGSTOP):
            if pid:
                denied("kill", pid, number)
    denied("kill", 0, 9)
    for pid in FACTS["strangers"]:
        denied("tgkill", pid, pid, 9)
        denied("tkill", pid, 9)
        denied("rt_sigqueueinfo", pid, 9, buffer())
        denied("rt_tgsigqueueinfo", pid, pid, 9, buffer())
    denied("pidfd_send_signal", 3, 9, 0, 0)


@attempt()
def looks_into_others():
    for pid in FACTS["strangers"]:
        for name in ("environ", "mem", "maps", "cmdline", "fd/0", "cwd/x", "root/etc/passwd", "auxv", "stack"):
            refused(read, f"/proc/{pid}/{name}")
        for name in ("exe", "cwd", "fd/0", "ns/net"):
            refused(os.readlink, f"/proc/{pid}/{name}")


@attempt()
def debugs_others():
    for pid in FACTS["strangers"]:
        for request in (16, 0x4206):  # attach, seize
            denied("ptrace", request, pid, 0, 0)
        denied("process_vm_readv", pid, 0, 0, 0, 0, 0)
        denied("process_vm_writev", pid, 0, 0, 0, 0, 0)
        denied("pidfd_open", pid, 0)
        denied("kcmp", pid, pid, 0, 0, 0)
    denied("ptrace", 0, 0, 0, 0)
    denied("pidfd_getfd", 3, 0, 0)
    denied("process_madvise", 3, 0, 0, 0, 0)


@attempt()
def changes_how_others_run():
    for pid in FACTS["strangers"]:
        denied("prlimit64", pid, 7, struct.pack("QQ", 0, 0), 0)
        denied("sched_setaffinity", pid, 8, struct.pack("Q", 1))
        denied("setpriority", 0, pid, 19)
        denied("ioprio_set", 1, pid, 0)
        denied("sched_setscheduler", pid, 3, bytes(4))
        denied("migrate_pages", pid, 0, 0, 0)


@attempt()
def has_the_kernel_signal_others():
    reading, _ = os.pipe()
    for operation in (fcntl.F_SETOWN, fcntl.F_SETSIG, 15, fcntl.F_NOTIFY, fcntl.F_SETLEASE):  # 15: F_SETOWN_EX
        refused(fcntl.fcntl, reading, operation, FACTS["victim"])
    refused(fcntl.ioctl, reading, 0x5452, struct.pack("i", 1))  # FIOASYNC
    refused(fcntl.ioctl, reading, 0x8901, struct.pack("i", FACTS["victim"]))  # FIOSETOWN


@attempt()
def starts_a_process():
    refused(os.fork)
    refused(os.posix_spawn, "/bin/true", ["true"], {})
    refused(__import__("subprocess").run, ["/bin/sh", "-c", "id"])
    refused(os.system, "id") if os.system("id") == 0 else None
    refused(__import__("multiprocessing").Pool, 1)
    denied("fork")
    denied("vfork")
    denied("clone", signal.SIGCHLD, 0, 0, 0, 0)
    denied("clone3", buffer(bytes(88)), 88)


@attempt()
def runs_another_program():
    for path in ("/bin/sh", "/usr/bin/su", FACTS["interpreter"]):
        refused(os.execv, path, [path])
    denied("execve", "/bin/sh", 0, 0)
    denied("execveat", -100, "/bin/sh", 0, 0, 0)


@attempt()
def becomes_another_user():
    denied("setuid", 0)
    denied("setgid", 0)
    denied("setresuid", 0, 0, 0)
    denied("setgroups", 1, bytes(4))
    denied("setfsuid", 0)
    denied("capset", struct.pack("II", 0x20080522, 0), b"\xff" * 24)
    if 0 in (os.getuid(), os.geteuid(), os.getgid()) or os.getgroups() not in ([], [os.getgid()], [65534]):
        escaped("user", f"{os.getuid()} {os.getgroups()}")


def _has_no_privileges(field: Field) -> str:
    """As the host sees it."""
    lines = Path(f"/proc/{field.session.pid}/status").read_text().splitlines()
    status = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    wrong = [name for name in ("CapInh", "CapPrm", "CapEff", "CapAmb") if int(status[name], 16)]
    if field.tier == "ns" or os.geteuid() == 0:
        wrong += ["CapBnd"] if int(status["CapBnd"], 16) else []
    wrong += [name for name, value in (("NoNewPrivs", "1"), ("Seccomp", "2")) if status[name] != value]
    uids = set(status["Uid"].split()) | set(status["Gid"].split())
    wrong += ["Uid"] if uids != {str(field.uid or os.geteuid())} else []
    wrong += ["Groups"] if os.geteuid() == 0 and status["Groups"] else []
    return f"the host sees {[(name, status[name]) for name in wrong]}" if wrong else ""


@attempt(check=_has_no_privileges)
def keeps_a_privilege():
    pass


def _is_first_to_go(field: Field) -> str:
    score = Path(f"/proc/{field.session.pid}/oom_score_adj").read_text().strip()
    return "" if score == "1000" else f"when memory is short others go first: {score}"


@attempt(check=_is_first_to_go)
def lets_others_go_first_when_memory_is_short():
    tried(lambda: Path("/proc/self/oom_score_adj").write_text("-1000"))


def _is_closed_to_its_user(field: Field) -> str:
    if os.geteuid() == 0:
        return ""
    for name in ("mem", "environ", "fd/900", "maps"):
        if isinstance(got := tried(read, f"/proc/{field.session.pid}/{name}"), bytes):
            return f"another process of its user reads its {name}: {got[:40]!r}"
    return ""


@attempt(check=_is_closed_to_its_user)
def lets_others_of_its_user_look_in():
    denied("prctl", 4, 1, 0, 0, 0)


@attempt(tiers=("ns",))
def shares_a_namespace_with_the_machine():
    if isinstance(tried(os.listdir, "/proc/self"), OSError):
        return  # a container hides /proc; the host looks at what else can be seen
    for name in ("mnt", "pid", "net", "ipc", "uts", "cgroup"):
        if os.readlink(f"/proc/self/ns/{name}") == FACTS["namespaces"][name]:
            escaped(f"the same {name} namespace")
    if os.uname().nodename != "sandbox" or os.getpid() != 1:
        escaped("name or number", f"{os.uname().nodename} {os.getpid()}")


@attempt(tiers=("ns",))
def sees_other_processes():
    if pids := [name for name in tried(os.listdir, "/proc") or [] if name.isdecimal() and int(name) != os.getpid()]:
        escaped("processes", pids)


@attempt(tiers=("ns",))
def sees_what_is_mounted_on_the_machine():
    mounts = tried(read, "/proc/self/mountinfo")
    for word in (b" / / ", b"cgroup", b"sysfs", FACTS["folder"].encode()):
        if isinstance(mounts, bytes) and word in mounts:
            escaped(word)


@attempt()
def asks_for_shared_memory_and_queues():
    denied("shmat", FACTS["segment"], 0, 0)
    denied("shmget", 0x5EED0000, 4096, 0o1666)
    denied("semget", 1, 1, 0o1666)
    denied("msgget", 1, 0o1666)
    denied("mq_open", "queue", 0o102, 0o600, 0)


@attempt(dies=True, alone=True)
def bombs_with_processes():
    for _ in range(2000):
        if not isinstance(tried(os.fork), OSError):
            escaped("fork")


def _few_threads(field: Field) -> str:
    printed = [line for line in field.outcome.logs.splitlines() if line.startswith("threads: ")]
    count = int(printed[0].split()[1]) if printed and not field.session.ended else 0
    return f"{count} threads" if count > 100 else ""


@attempt(dies=True, alone=True, check=_few_threads)
def bombs_with_threads():
    threading.stack_size(65536)
    count = 0
    try:
        while count < 5000:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            count += 1
    except RuntimeError:
        pass
    time.sleep(0.7)
    print("threads:", count)


@attempt()
def raises_its_own_limits():
    for name in ("AS", "FSIZE", "NOFILE", "CPU", "CORE", "MEMLOCK"):
        kind = getattr(resource, f"RLIMIT_{name}")
        most = resource.getrlimit(kind)[1]
        if most == resource.RLIM_INFINITY:
            escaped(f"no limit of {name}")
        else:
            refused(resource.setrlimit, kind, (most * 2 + 1, most * 2 + 1))
    if resource.getrlimit(resource.RLIMIT_CORE) != (0, 0):
        escaped("a core dump")


@attempt()
def takes_the_layers_off():
    denied("seccomp", 1, 0, bytes(16))
    for operation in (22, 4, 35, 0x59616D61, 24, 28, 38, 8, 47):  # SECCOMP, DUMPABLE, MM, PTRACER, CAPBSET, …
        denied("prctl", operation, 0, 0, 0, 0)
    denied("unshare", 0x10000000)
    denied("setsid")


@attempt(dies=True)
def speaks_another_dialect_to_the_kernel():
    """Calls of 32 bits and of x32 have other numbers, and would pass a filter that does not know them."""
    if not IS_X86:
        return
    import ctypes

    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20 (getpid); int 0x80; ret
    result = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
    if result > 0:
        escaped("int 0x80", result)


@attempt(dies=True)
def adds_a_bit_to_the_number_of_a_call():
    if IS_X86:
        import ctypes

        if ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 | 39)) > 0:
            escaped("x32")
    call("kill", 0, 0)
