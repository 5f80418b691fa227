"""Attempts on the network and on rarely used parts of the kernel."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import urllib.request

from tests.sandbox.battery.inside import FACTS, IS_X86, buffer, denied, escaped, refused, tried
from tests.sandbox.battery.rows import attempt


@attempt()
def opens_a_socket_of_any_family():
    for family in range(46):
        for kind in (1, 2, 3, 5):
            denied("socket", family, kind, 0)


@attempt()
def reaches_a_server_of_the_machine():
    refused(socket.create_connection, ("127.0.0.1", FACTS["tcp"]), 2)
    refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", FACTS["udp"])))
    refused(lambda: socket.socket(socket.AF_UNIX).connect(FACTS["names"][0]))


@attempt()
def reaches_the_internet():
    refused(socket.getaddrinfo, "example.com", 80)
    refused(lambda: urllib.request.urlopen("http://192.0.2.1", timeout=2))


@attempt()
def uses_a_pair_of_sockets_to_reach_others():
    first, _ = socket.socketpair()
    for name in FACTS["names"]:
        refused(first.connect, name)
        refused(first.sendto, b"x", name)
    refused(first.bind, "/mnt/data/socket")
    denied("listen", first.fileno(), 1)
    refused(socket.socketpair, socket.AF_INET6)
    refused(socket.socketpair, socket.AF_INET)


@attempt()
def sends_datagrams_to_sockets_with_a_name():
    for kind in (socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW):
        pair = tried(socket.socketpair, socket.AF_UNIX, kind)
        if isinstance(pair, tuple):
            for name in FACTS["names"]:
                refused(pair[0].sendto, b"x", name)
                refused(pair[0].sendmsg, [b"x"], [], 0, name)


@attempt()
def sets_up_rings_and_faults():
    denied("io_uring_setup", 8, buffer(bytes(120)))
    denied("userfaultfd", 0)
    denied("userfaultfd", 1)
    denied("perf_event_open", buffer(), 0, -1, -1, 0)
    denied("bpf", 0, buffer(), 128)
    denied("memfd_create", "x", 0)
    denied("memfd_secret", 0)


@attempt()
def uses_the_keyring():
    denied("add_key", "user", "k", "v", 1, -4)
    denied("keyctl", 0, -4, 0, 0, 0)
    denied("request_key", "user", "k", 0, 0)


@attempt()
def changes_what_is_mounted():
    denied("mount", "none", "/tmp", "tmpfs", 0, 0)
    denied("umount2", "/mnt/data", 2)
    denied("pivot_root", ".", ".")
    denied("chroot", "/mnt/data")
    denied("fsopen", "tmpfs", 0)
    denied("open_tree", -100, "/", 1)
    denied("move_mount", -100, "/", -100, "/", 0)
    denied("mount_setattr", -100, "/", 0, buffer(bytes(32)), 32)


@attempt()
def enters_other_namespaces():
    for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000):
        denied("unshare", flag)
        denied("clone", flag | 17, 0, 0, 0, 0)
        denied("clone", flag | 0x10F00, 0, 0, 0, 0)  # as if it were a thread
    denied("setns", 0, 0)


@attempt()
def administers_the_machine():
    for name, arguments in (
        ("init_module", (0, 0, 0)),
        ("finit_module", (0, 0, 0)),
        ("delete_module", ("x", 0)),
        ("kexec_load", (0, 0, 0, 0)),
        ("kexec_file_load", (0, 0, 0, 0, 0)),
        ("reboot", (0, 0, 0, 0)),
        ("swapon", ("x", 0)),
        ("swapoff", ("x",)),
        ("settimeofday", (0, 0)),
        ("syslog", (3, 0, 0)),
        ("acct", (0,)),
        ("quotactl", (0, 0, 0, 0)),
        ("sethostname", ("x", 1)),
        ("setdomainname", ("x", 1)),
        ("iopl", (3,)),
        ("modify_ldt", (0, 0, 0)),
        ("vhangup", ()),
    ):
        denied(name, *arguments)


@attempt()
def watches_files_and_moves_pages():
    denied("inotify_init1", 0)
    denied("fanotify_init", 0, 0)
    denied("splice", 0, 0, 1, 0, 1, 0)
    denied("vmsplice", 1, 0, 0, 0)
    denied("tee", 0, 1, 1, 0)


@attempt()
def types_into_a_terminal():
    for request in (0x5412, 0x541C, 0x540E, 0x5407):  # TIOCSTI, TIOCLINUX, TIOCSCTTY, TCSETSF
        refused(fcntl.ioctl, 0, request, b"x" * 64)


@attempt()
def widens_its_sockets():
    first, _ = socket.socketpair()
    refused(first.setsockopt, socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)
    denied("setsockopt", first.fileno(), 1, 7, struct.pack("i", 1 << 24), 4)
    reading, _ = os.pipe()
    refused(fcntl.fcntl, reading, 1031, 1 << 20)  # F_SETPIPE_SZ


@attempt()
def sends_and_receives_in_rare_ways():
    first, second = socket.socketpair()
    refused(first.send, b"x", socket.MSG_OOB)
    refused(second.recv, 1, socket.MSG_OOB)
    refused(first.sendmsg, [b"x"])
    first.send(b"x")
    refused(second.recvmsg, 1)
    if second.recv(1) != b"x":
        escaped("what was sent did not come")


@attempt()
def changes_its_personality():
    number = 135 if IS_X86 else 92
    import ctypes

    if ctypes.CDLL(None).syscall(ctypes.c_long(number), ctypes.c_long(0x0040000)) >= 0:  # ADDR_NO_RANDOMIZE
        escaped("personality")
