"""Attempts to answer the broker in the place of our own code, or to break it by an answer."""

from __future__ import annotations

import array
import json
import os
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from chat.sandbox.errors import FileRefused, SessionLost
from tests.sandbox.battery.inside import forge, nonce, refused
from tests.sandbox.battery.rows import LIMITS, attempt

if TYPE_CHECKING:
    from tests.sandbox.battery.running import Field


def _no_forgery(field: Field) -> str:
    return "a forged answer was believed" if "forged" in field.outcome.logs else ""


@attempt(dies=True, alone=True, check=_no_forgery)
def forges_a_result():
    forge({"op": "result", "nonce": "0" * 32, "status": "ok", "value": "forged"})
    time.sleep(0.3)


@attempt(dies=True, alone=True, check=_no_forgery)
def forges_a_result_without_a_nonce():
    forge({"op": "result", "status": "ok", "value": "forged"})
    time.sleep(0.3)


def _next_cell_is_real(field: Field) -> str:
    outcome = field.session.run("import time; time.sleep(0.4); 'real'")
    return "a late answer was believed" if "forged" in outcome.logs else ""


@attempt(alone=True, check=_next_cell_is_real)
def forges_the_result_of_the_next_cell():
    header = {"op": "result", "nonce": nonce(), "status": "ok", "value": "forged"}
    main, late = threading.main_thread(), threading.Event()
    assert main

    def forge_later():
        late.wait(0.2)
        forge(header)

    threading.Thread(target=forge_later, daemon=True).start()


def _lives_or_ended(field: Field) -> str:
    return "" if field.outcome.status in {"ok", "died"} else f"odd: {field.outcome}"


@attempt(dies=True, alone=True, check=_lives_or_ended)
def answers_with_what_is_no_object():
    for header in (b"[" * 900_000, b"7", b"null", b'"text"', b"{", b"\xff\xfe", b"1" * 500_000):
        os.write(900, struct.pack(">II", len(header), 0))
        os.write(900, header)
    time.sleep(0.2)


@attempt(dies=True, alone=True, check=_lives_or_ended)
def answers_with_endless_lengths():
    os.write(900, struct.pack(">II", 2**32 - 1, 2**32 - 1) + b"x" * 1000)
    time.sleep(0.2)


def _ended(field: Field) -> str:
    return "" if field.outcome.status == "died" and field.outcome.seconds < 3 else "it was waited for"


@attempt(dies=True, stopped=True, check=_ended)
def sends_half_an_answer():
    os.write(900, struct.pack(">II", 100, 0) + b'{"op"')
    while True:
        try:
            time.sleep(1)
        except BaseException:
            continue


@attempt(dies=True, stopped=True, check=_ended)
def sends_an_answer_drop_by_drop():
    os.write(900, struct.pack(">II", 1 << 20, 0))
    while True:
        try:
            os.write(900, b"[")
            time.sleep(0.005)
        except BaseException:
            continue


@attempt(dies=True, check=_ended)
def closes_the_control_socket():
    os.close(900)
    time.sleep(1)


@attempt(dies=True, alone=True, check=_lives_or_ended)
def answers_with_wrong_types():
    forge({"op": "result", "nonce": nonce(), "status": {"a": 1}, "value": [1], "traceback": 7})
    time.sleep(0.2)


def _is_text(field: Field) -> str:
    field.outcome.logs.encode()
    return "the logs hold a NUL" if "\0" in field.outcome.logs else ""


@attempt(dies=True, alone=True, check=_is_text)
def answers_with_text_that_cannot_be_stored():
    print("\0", "\ud800")
    os.write(1, b"\xff\xfe\0")
    forge({"op": "result", "nonce": nonce(), "status": "ok", "value": "\ud800 \0", "traceback": "\udfff\0"})
    time.sleep(0.2)


def _no_pictures(field: Field) -> str:
    return f"{len(field.outcome.images)} pictures" if field.outcome.images else ""


@attempt(check=_no_pictures)
def shows_what_is_no_picture():
    for body in (b"<svg onload=alert(1)>", b"", b"\x89PNX"):
        forge({"op": "image", "nonce": nonce()}, body)


def _few_pictures(field: Field) -> str:
    found = len(field.outcome.images)
    return "" if found <= LIMITS.images else f"{found} pictures"


@attempt(dies=True, check=_few_pictures)
def shows_pictures_without_end():
    for _ in range(60):
        forge({"op": "image", "nonce": nonce()}, b"\x89PNG\r\n\x1a\n" + bytes(1000))


def _same_descriptors(field: Field) -> str:
    now = len(os.listdir("/proc/self/fd"))
    return "" if now <= field.descriptors else f"the broker had {field.descriptors} descriptors, and has {now}"


@attempt(check=_same_descriptors)
def hands_descriptors_to_the_broker():
    header = json.dumps({"op": "image", "nonce": nonce()}).encode()
    control = socket.socket(fileno=os.dup(900))
    given = array.array("i", [0] * 50)
    frame = struct.pack(">II", len(header), 0) + header
    refused(control.sendmsg, [frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, given)])


def _no_strange_files(field: Field) -> str:
    try:
        return f"believed: {found}" if (found := field.session.files()) else ""
    except SessionLost:
        return ""


@attempt(alone=True, check=_no_strange_files)
def lists_files_that_cannot_be():
    bad = ["../../etc/passwd", "/etc/passwd", "a/../../b", "a\nb", "a\0b", "x" * 9999, "", ".", "a//b", "\ud800", 7]
    listed = [[name, 1, 1] for name in bad]
    listed += [["a", -1, 1], ["a", 1 << 62, 1], ["a", True, 1], ["a", "1", 1], ["a", 1, -1], ["a", 1], ["a", 1.5, 1]]
    listed += [{"name": "a"}, None, "abc"]
    sys.modules["chat.sandbox.inside.files"].Files.listing = lambda self: listed


@attempt(alone=True, check=_no_strange_files)
def lists_something_else_than_files():
    sys.modules["chat.sandbox.inside.files"].Files.listing = lambda self: {"a": 1}


def _no_big_chunk(field: Field) -> str:
    try:
        return f"{len(field.session.get('a', offset=0))} bytes at once"
    except (SessionLost, FileRefused):
        return ""


@attempt(alone=True, check=_no_big_chunk)
def hands_out_more_than_was_asked_for():
    sys.modules["chat.sandbox.inside.files"].Files.get = lambda self, name, offset: bytes(3 << 20)


def _short_message(field: Field) -> str:
    try:
        field.session.get("a", offset=0)
    except FileRefused as refusal:
        return "" if len(refusal.message) < 1000 and refusal.message.isprintable() else "the message was not tamed"
    return "it was not refused"


@attempt(alone=True, check=_short_message)
def refuses_with_a_wild_message():
    def get(self, name, offset):
        raise ValueError("\x1b[31m\n" + "x" * 900_000)

    sys.modules["chat.sandbox.inside.files"].Files.get = get


def _is_not_waited_for(field: Field) -> str:
    pid = field.session.pid
    try:
        field.session.files()
    except SessionLost:
        return "" if not Path(f"/proc/{pid}").exists() else "it was left running"
    return "it answered"


@attempt(alone=True, check=_is_not_waited_for)
def answers_a_question_that_was_not_asked():
    loop = sys.modules["chat.sandbox.inside.files"].Files
    loop.listing = lambda self: forge({"op": "files", "nonce": "0" * 32, "files": []}) or time.sleep(5) or []
