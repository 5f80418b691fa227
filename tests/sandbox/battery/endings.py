"""What is left when a cell or a session ends, well or badly."""

from __future__ import annotations

import ctypes
import gc
import os
import random
import signal
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

from tests.sandbox.battery.ground import is_living
from tests.sandbox.battery.inside import FACTS, escaped
from tests.sandbox.battery.rows import attempt

if TYPE_CHECKING:
    from tests.sandbox.battery.running import Field


def _crashed(field: Field) -> str:
    return "" if "crashed" in field.outcome.reason else f"the reason is {field.outcome.reason!r}"


@attempt(dies=True, check=_crashed)
def crashes():
    ctypes.string_at(0)


def _goes_on(field: Field) -> str:
    return "" if field.session.run("1").status == "ok" else "the session was lost"


def _left_by_itself(field: Field) -> str:
    return (
        "" if field.outcome.reason == "The code ended the interpreter." else f"the reason is {field.outcome.reason!r}"
    )


@attempt(dies=True, check=_left_by_itself)
def leaves_by_the_back_door():
    os._exit(0)


def _exit_ends_the_cell_only(field: Field) -> str:
    field.session.run("import sys; sys.exit(3)")
    return _goes_on(field)


@attempt(check=_exit_ends_the_cell_only)
def leaves_by_the_front_door():
    pass


def _nothing_is_left(field: Field) -> str:
    field.session.close()
    left = [pid for pid in field.family if is_living(pid)]
    if field.home.exists():
        return f"its folder is left: {field.home}"
    return f"processes are left: {left}" if left else ""


@attempt(alone=True, check=_nothing_is_left)
def outlives_its_session():
    threading.Thread(target=time.sleep, args=(600,), daemon=False).start()
    for number in range(1, 65):
        if number not in (signal.SIGKILL, signal.SIGSTOP, 32, 33):
            signal.signal(number, signal.SIG_IGN)


@attempt(alone=True, check=_nothing_is_left, dies=True)
def leaves_folders_that_are_hard_to_remove():
    os.mkdir("closed", 0o700)
    os.mkdir("closed/inner", 0)
    os.umask(0o777)
    os.mkdir("none")
    os.umask(0o022)
    for _ in range(25):
        os.mkdir("deeper" * 20)
        os.chdir("deeper" * 20)
        with open("file", "w") as file:
            file.write("x")


@attempt(alone=True)
def finds_what_another_session_left():
    if "mine" in globals():
        escaped("a variable of another session")
    for thing in gc.get_objects():
        if isinstance(thing, dict) and "everthread_canary" in thing:
            escaped("an object of another session")
    if os.listdir("/mnt/data") or os.listdir(os.environ["TMPDIR"]) not in ([], [FACTS["prefix"].split("/")[2]]):
        escaped("files", f"{os.listdir('/mnt/data')} {os.listdir(os.environ['TMPDIR'])}")
    if FACTS["host"] in (os.getpid(), os.getppid()):
        escaped("a process of ours")
    assert sys.flags.ignore_environment
    assert random.random() != random.random()


def _others_draw_others(field: Field) -> str:
    drawn = set()
    for _ in range(2):
        with closing(field.start()) as session:
            drawn.add(session.run("import random; random.random()").logs)
    return "" if len(drawn) == 2 else "two sessions draw the same numbers"


@attempt(check=_others_draw_others)
def foresees_the_numbers_of_others():
    pass


def _ends_with_its_zygote(field: Field) -> str:
    """As it does with the broker: the zygote's channel ends, and with it the zygote."""
    with closing(field.start_zygote()) as zygote:
        session = field.start(zygote)
        family = field.family_of(session)
        os.kill(zygote.pid, signal.SIGKILL)
        left = [pid for pid in family if is_living(pid)]
        session.close()
    return f"sessions outlive their zygote: {left}" if left else ""


@attempt(check=_ends_with_its_zygote)
def outlives_its_zygote():
    pass
