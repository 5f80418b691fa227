"""Attempts to use more than there is for one."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.sandbox.battery.inside import FACTS, buffer, call, escaped, filled, refused, tried
from tests.sandbox.battery.rows import DONE, LIMITS, attempt

if TYPE_CHECKING:
    from tests.sandbox.battery.running import Field

MB = 1 << 20


def _goes_on(field: Field) -> str:
    if field.outcome.status != "interrupted":
        return f"it was not interrupted but {field.outcome.status}: {field.outcome.reason}"
    return "" if field.session.run("1").status == "ok" else "the session was lost"


def _ended_in_time(field: Field) -> str:
    return "" if field.outcome.seconds < 6 else f"it took {field.outcome.seconds:.1f} s to end it"


def _ended(field: Field) -> str:
    if field.outcome.status != "died":
        return f"it went on: {field.outcome.status}"
    return _ended_in_time(field)


def _few_logs(field: Field) -> str:
    return "" if len(field.outcome.logs) < 2 * LIMITS.logs else f"{len(field.outcome.logs)} letters were kept"


@attempt(seconds=0.3, check=_goes_on)
def loops_without_end():
    while True:
        pass


@attempt(seconds=0.3, check=_goes_on)
def sleeps_without_end():
    time.sleep(1000)


@attempt(stopped=True, dies=True, check=_ended)
def takes_no_interrupt():
    while True:
        try:
            while True:
                time.sleep(0.01)
        except BaseException:
            continue


@attempt(stopped=True, dies=True, check=_ended)
def blocks_every_signal():
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        pass


@attempt(stopped=True, dies=True, check=_ended)
def loops_where_nobody_looks_at_signals():
    sum(range(10**14))


@attempt(stopped=True, dies=True, check=_ended_in_time)
def stops_itself():
    os.kill(os.getpid(), signal.SIGSTOP)
    signal.raise_signal(signal.SIGSTOP)


@attempt(dies=True)
def holds_much_memory():
    held = []
    try:
        for _ in range(6):
            held.append(bytearray(b"x") * (50 * MB))
        time.sleep(1)
    except MemoryError:
        return
    escaped("memory", len(held))


@attempt()
def reserves_much_memory():
    refused(mmap.mmap, -1, 1 << 33)
    refused(bytearray, 1 << 32)


@attempt()
def fills_the_kernels_memory_with_pipes():
    pairs = []
    try:
        while len(pairs) < 2000:
            pairs.append(socket.socketpair())
    except OSError:
        pass
    if len(pairs) > 200:
        escaped("pairs of sockets", len(pairs))
    for pair in pairs:
        for end in pair:
            end.close()


@attempt()
def opens_files_without_end():
    files = []
    try:
        while len(files) < 5000:
            files.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    if len(files) > 256:
        escaped("open files", len(files))
    for file in files:
        os.close(file)


@attempt(dies=True, seconds=10, alone=True)
def fills_the_disk():
    filled("disk", "/mnt/data")


@attempt(dies=True, seconds=10, alone=True)
def fills_the_folder_of_scratch_files():
    filled("scratch", tempfile.gettempdir())


@attempt(dies=True, seconds=10, alone=True)
def fills_a_folder_that_nobody_may_list():
    os.mkdir("/mnt/data/dark", 0o300)
    filled("disk", "/mnt/data/dark")


@attempt(dies=True, seconds=10, alone=True)
def fills_files_that_it_has_deleted():
    if FACTS["tier"] == "landlock" and not FACTS["has own user"]:
        return  # a risk that stays: the kernel does not let the host look
    try:
        for _ in range(100):
            file = os.open("/mnt/data/deleted", os.O_WRONLY | os.O_CREAT)
            os.unlink("/mnt/data/deleted")
            os.write(file, b"x" * (4 << 20))
        time.sleep(0.7)
    except OSError:
        return
    escaped("disk")


@attempt(dies=True, seconds=10, alone=True)
def fills_shared_memory():
    if not isinstance(tried(os.mkdir, "/dev/shm/x"), OSError):
        try:
            Path("/dev/shm/x/y").write_bytes(b"x" * (40 << 20))
        except OSError:
            return
        escaped("shared memory")


@attempt(dies=True, seconds=10, alone=True)
def makes_files_without_end():
    try:
        for number in range(5000):
            Path(f"/mnt/data/small-{number}").touch()
        time.sleep(0.7)
    except OSError:
        return
    escaped("files")


@attempt(dies=True, seconds=10, alone=True)
def nests_folders_without_end():
    try:
        for _ in range(3000):
            os.mkdir("deeper")
            os.chdir("deeper")
        time.sleep(0.7)
    except OSError:
        return
    escaped("depth")


@attempt()
def makes_a_huge_file_with_a_hole():
    with open("/mnt/data/sparse", "wb") as file:
        refused(file.truncate, 1 << 40)
        file.seek(1 << 40)
        tried(file.write, b"x")
        refused(file.flush)
        file.raw.close()


def _no_flood(field: Field) -> str:
    return _few_logs(field) or ("" if field.outcome.status == "died" else "it printed on")


@attempt(dies=True, seconds=10, check=_no_flood)
def prints_without_end():
    while True:
        print("A" * 10000)


@attempt(check=_few_logs)
def prints_much_in_every_way():
    sys.stderr.write("e" * 1_000_000)
    os.write(2, b"z" * 1_000_000)
    print("o" * 1_000_000)


def _all_of_the_end(field: Field) -> str:
    return _few_logs(field) or ("" if field.outcome.logs.rstrip().endswith(DONE) else "the end was not kept")


@attempt(check=_all_of_the_end)
def prints_much_before_the_end():
    print("o" * 1_000_000)


def _value_is_cut(field: Field) -> str:
    field.outcome = field.session.run("'q' * 20_000_000")
    return _few_logs(field)


@attempt(check=_value_is_cut)
def returns_a_huge_value():
    pass


def _traceback_is_cut(field: Field) -> str:
    field.outcome = field.session.run("raise ValueError('q' * 20_000_000)")
    return _few_logs(field)


@attempt(check=_traceback_is_cut)
def fails_with_a_huge_message():
    pass


def _is_small(field: Field) -> str:
    return "" if len(field.session.get("bomb.zip", offset=0)) < MB else "it was unpacked on its way out"


@attempt(check=_is_small)
def hands_out_a_bomb():
    with zipfile.ZipFile("/mnt/data/bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(40 << 20))


def _rests(field: Field) -> str:
    """All its threads are stopped until the next cell. One that only waits for a busy processor is not."""
    process = Path(f"/proc/{field.session.pid}")

    def states() -> list[list[str]]:
        """State, user and system ticks of the process, and of each thread."""
        files = [process / "stat", *sorted(process.glob("task/*/stat"))]
        numbers = [file.read_text().rpartition(")")[2].split() for file in files]
        return [[fields[0], *fields[11:13]] for fields in numbers]

    for _ in range(10):  # the stop reaches each thread when it has its turn
        before = states()
        time.sleep(0.3)
        if states() == before and all(state == "T" for state, *_ticks in before):
            return ""
    return "it works between cells"


@attempt(check=_rests, alone=True)
def works_on_when_the_cell_is_over():
    def work():
        while True:
            pass

    threading.Thread(target=work, daemon=True).start()


@attempt(check=_rests, alone=True)
def wakes_itself_between_cells():
    def work():
        while True:
            pass

    # A signal that nobody handles stops its timer at the first tick since Linux 6.13.
    signal.signal(signal.SIGCONT, lambda *_signal: None)
    threading.Thread(target=work, daemon=True).start()
    event, timer = struct.pack("=qii48x", 0, signal.SIGCONT, 0), ctypes.c_int(0)
    # A timer for each tick: one that ticks again and again rests for good if we are stopped before we hear a tick.
    for tick in range(1, 150):
        call("timer_create", time.CLOCK_MONOTONIC, buffer(event), ctypes.byref(timer))
        seconds, ticks = divmod(tick, 50)
        call("timer_settime", timer.value, 0, buffer(struct.pack("=4q", 0, 0, seconds, ticks * 20_000_000)), 0)


def _was_seen_to_be_headless(field: Field) -> str:
    return _ended(field) or ("" if "main thread" in field.outcome.reason else f"the reason is {field.outcome.reason!r}")


@attempt(check=_was_seen_to_be_headless, dies=True, alone=True)
def ends_its_main_thread():
    def work():
        while True:
            time.sleep(0.01)

    threading.Thread(target=work, daemon=True).start()
    call("exit", 0)


def _takes_no_time_of_ours(field: Field) -> str:
    began = time.process_time()
    field.session.run("import time; time.sleep(0.5)")
    used = time.process_time() - began
    return "" if used < 0.25 else f"the broker works while it waits: {used:.2f} s of 0.5 s"


@attempt(check=_takes_no_time_of_ours, dies=True, alone=True)
def closes_its_output():
    print("the last words")
    sys.stdout.flush()
    os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
    os.dup2(1, 2)
