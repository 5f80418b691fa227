"""Attempts on files."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from chat.sandbox.errors import FileRefused
from tests.sandbox.battery.inside import FACTS, call, denied, escaped, read, refused, tried, write
from tests.sandbox.battery.rows import attempt

if TYPE_CHECKING:
    from tests.sandbox.battery.running import Field


@attempt()
def reads_the_accounts_of_the_machine():
    for path in ("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh/sshd_config", "/etc/hostname", "/etc/fstab"):
        refused(read, path)
    for path in ("/root", "/home", "/var/log", "/var/lib", "/run", "/boot", "/srv", "/opt"):
        refused(os.listdir, path)
    accounts = tried(read, "/etc/passwd")
    if isinstance(accounts, bytes) and b"root:" in accounts:
        escaped("/etc/passwd", accounts)


@attempt()
def finds_secrets_in_the_environment():
    known = {"HOME", "TMPDIR", "PATH", "LANG", "MPLBACKEND", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
    known |= {"JOBLIB_MULTIPROCESSING"}
    # Which a session may know: that of a renderer, and fonts in the Python that it runs in.
    told = {"PLOTLY_RENDERER": "browser", "XDG_DATA_HOME": f"{sys.prefix}/share"}
    told["FONT_PATH"] = f"{sys.prefix}/share/fonts/NotoSansCJK-Regular.ttc"
    if more := set(os.environ) - known - {name for name, value in told.items() if os.environ.get(name) == value}:
        escaped("variables", sorted(more))
    first = tried(read, "/proc/self/environ")
    if isinstance(first, bytes) and b"SECRET" in first:
        escaped("the first environment", first)


@attempt()
def reads_the_database_of_the_server():
    for path in (FACTS["database"], f"/mnt/data/../..{FACTS['database']}", f"/tmp/../{FACTS['database']}"):
        refused(read, path)
    refused(os.listdir, FACTS["folder"])


@attempt()
def reads_the_code_of_the_server():
    for path in ("", "/config", "/chat", "/data"):
        refused(os.listdir, FACTS["project"] + path)
    refused(read, f"{FACTS['project']}/config/settings.py")
    refused(__import__, "config.settings")
    if FACTS["project"] in sys.path:
        escaped("sys.path", sys.path)


@attempt(tiers=("ns",))
def sees_that_files_of_the_machine_exist():
    for path in (FACTS["database"], f"{FACTS['project']}/chat", "/etc/shadow", "/usr/bin", "/sys/kernel", "/boot"):
        refused(os.stat, path)
    known = {"dev", "etc", "lib", "lib32", "lib64", "mnt", "proc", "tmp", "usr"}
    known |= {FACTS[name].split("/")[1] for name in ("prefix", "base")}
    names = tried(os.listdir, "/")
    if isinstance(names, list) and set(names) - known:
        escaped("the root holds", names)


@attempt()
def does_more_with_files_than_it_needs():
    """Landlock's own part: nothing else forbids these in namespaces."""
    refused(os.listdir, "/")
    refused(os.symlink, "/mnt/data", "/mnt/data/link")


@attempt()
def reads_files_of_another_session():
    for path in ("/mnt/data/private.txt", f"{FACTS['other folder']}/data/private.txt"):
        refused(read, path)
    for path in (FACTS["sessions"], FACTS["other folder"], f"{FACTS['other folder']}/data"):
        refused(os.listdir, path)


@attempt()
def writes_outside_of_its_folder():
    places = ["/", "/etc", "/usr/lib", "/usr/local", "/var/tmp", "/home", "/root", "/opt", "/dev", "/proc", "/mnt"]
    places += [FACTS[name] for name in ("folder", "project", "prefix", "base", "sessions")]
    for place in places:
        refused(write, f"{place}/pwned")
        refused(os.mkdir, f"{place}/pwned-folder")
    refused(write, "/tmp/../etc/pwned")


def _same_python(field: Field) -> str:
    if found := [str(path) for path in field.python.rglob("pwned*")]:
        return f"left in the sandbox's Python: {found}"
    if not field.module.is_file() or field.module.read_text() != field.text:
        field.module.write_text(field.text)
        return "a module of the sandbox's Python was changed"
    status = field.module.stat()
    return "" if status.st_mode & 0o777 == 0o644 and status.st_mtime > 1000 else "a module's metadata was changed"


@attempt(check=_same_python)
def changes_the_python_of_later_sessions():
    module = FACTS["module"]
    refused(write, module)
    refused(write, module, "ab")
    refused(os.open, module, os.O_RDWR)
    refused(os.unlink, module)
    refused(os.rename, module, f"{module}.old")
    write("/mnt/data/new")
    refused(os.replace, "/mnt/data/new", module)
    refused(os.makedirs, f"{os.path.dirname(module)}/__pycache__/pwned")


@attempt(check=_same_python)
def empties_a_file_that_it_may_read():
    module = FACTS["module"]
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_ACCMODE):
        refused(os.open, module, flags | os.O_TRUNC)
    refused(os.truncate, module, 0)
    refused(os.ftruncate, os.open(module, os.O_RDONLY), 0)
    result, _ = call("openat2", -100, module, b"\x00\x02" + bytes(22), 24)
    if result >= 0:
        escaped("openat2 with O_TRUNC")


@attempt(check=_same_python)
def changes_metadata_of_files():
    for path in (FACTS["database"], FACTS["module"], "/usr/lib/os-release"):
        # without namespaces these pretend to have worked; the host looks whether they have
        for change in ((os.chmod, 0o4777), (os.utime, (1, 1)), (os.chown, os.getuid(), os.getgid())):
            tried(change[0], path, *change[1:])
        refused(os.truncate, path, 0)
        refused(os.rename, path, "/mnt/data/taken")
        refused(os.unlink, path)
    descriptor = os.open(FACTS["module"], os.O_RDONLY)
    tried(os.fchmod, descriptor, 0)
    tried(os.utime, descriptor, (1, 1))
    denied("setxattr", FACTS["module"], "user.x", "1", 1, 0)


@attempt()
def reads_through_links():
    def through(target, path=""):
        os.symlink(target, "/mnt/data/link")
        try:
            return read(f"/mnt/data/link{path}")
        finally:
            os.unlink("/mnt/data/link")

    refused(through, FACTS["database"])
    refused(through, "/proc/self/root", FACTS["database"])
    refused(through, f"/proc/{FACTS['victim']}/root", FACTS["database"])
    refused(through, "/proc/self/fd/1000", f"/../../../..{FACTS['database']}")


@attempt()
def links_a_foreign_file_into_its_folder():
    for path in (FACTS["database"], "/usr/lib/os-release", FACTS["module"], "/etc/shadow"):
        refused(os.link, path, "/mnt/data/hard")


def _hands_out_nothing(field: Field) -> str:
    names = {entry.name for entry in field.session.files()}
    if strange := [name for name in names if set(name.split("/")) & {"link", "pipe", "device", "root", "inner"}]:
        return f"listed: {strange}"
    for name in ("link", "pipe", "device", "root/etc/passwd", "../../etc/passwd", "/etc/passwd", "a/../../b", ""):
        try:
            return f"handed out {name}: {field.session.get(name, offset=0)[:50]!r}"
        except FileRefused:
            continue
    return ""


@attempt(check=_hands_out_nothing)
def hands_out_what_is_no_file_of_its_own():
    os.makedirs("/mnt/data/folder", exist_ok=True)
    tried(os.symlink, "/etc/passwd", "/mnt/data/link")
    tried(os.symlink, "/mnt/data", "/mnt/data/folder/inner")
    tried(os.symlink, "/", "/mnt/data/root")
    tried(os.mkfifo, "/mnt/data/pipe")
    tried(os.mknod, "/mnt/data/device", 0o060666, os.makedev(8, 0))


@attempt()
def makes_devices_and_pipes():
    refused(os.mknod, "/mnt/data/b", 0o060666, os.makedev(8, 0))
    refused(os.mknod, "/mnt/data/c", 0o020666, os.makedev(1, 1))
    refused(os.mkfifo, "/mnt/data/p")
    denied("mknodat", -100, "/mnt/data/n", 0o020666, os.makedev(1, 1))


@attempt()
def opens_devices_and_files_of_the_kernel():
    for name in (
        "vda",
        "sda",
        "mem",
        "kvm",
        "tty",
        "console",
        "fuse",
        "net/tun",
        "vsock",
        "ptmx",
        "loop-control",
        "kmsg",
    ):
        refused(os.open, f"/dev/{name}", os.O_RDWR)
    for name in ("sys/kernel/core_pattern", "sysrq-trigger", "kcore", "kallsyms", "keys", "modules", "cmdline"):
        refused(read, f"/proc/{name}")
    for path in ("/sys/kernel/security", "/sys/fs/cgroup", "/sys/class", "/sys/firmware", "/sys/fs/bpf"):
        refused(os.listdir, path)


@attempt()
def reads_shared_memory_of_the_machine():
    names = tried(os.listdir, "/dev/shm")
    if isinstance(names, list) and os.path.basename(FACTS["shared"]) in names:
        escaped("/dev/shm is shared")
    refused(read, FACTS["shared"])
    tried(write, FACTS["shared"])  # in namespaces it makes one of its own; the host looks at the real one


@attempt()
def climbs_out_by_a_descriptor():
    def climb(path, descriptor):
        return os.read(os.open(path, os.O_RDONLY, dir_fd=descriptor), 20)

    for descriptor in (*range(64), 900, 1000):
        for path in ("../etc/shadow", "../../etc/shadow", f"../../../../../../../../..{FACTS['database']}"):
            refused(climb, path, descriptor)


@attempt()
def opens_a_file_by_its_handle():
    denied("name_to_handle_at", -100, "/", bytes(136), bytes(8), 0)
    denied("open_by_handle_at", 3, b"\x08\x00\x00\x00\x01\x00\x00\x00\x02" + bytes(7), 0)


@attempt(alone=True)
def holds_descriptors_that_are_not_its_own():
    known = {0, 1, 2, 900} | ({1000} if FACTS["tier"] == "landlock" else set())
    is_open = {number for number in range(4096) if isinstance(tried(os.fstat, number), os.stat_result)}
    if more := is_open - known:
        escaped("descriptors", sorted(more))


def _folder_is_private(field: Field) -> str:
    modes = {str(path): path.stat().st_mode & 0o777 for path in (field.home, field.home / "data", field.home / "tmp")}
    return "" if set(modes.values()) == {0o700} else f"its folder is open to others: {modes}"


@attempt(check=_folder_is_private, tiers=("landlock",))
def opens_its_folder_to_others():
    for path in (".", "/mnt/data", ".."):
        tried(os.chmod, path, 0o777)
    for number in (1000,):
        tried(os.fchmod, number, 0o777)
