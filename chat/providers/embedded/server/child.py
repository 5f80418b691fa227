"""The child process: llama.cpp's server with one model, on loopback, as long as a process uses it.

    python -m chat.providers.embedded.server.child MODEL FOLDER

It keeps ``FOLDER/server.json`` locked for life and writes there where it listens. It ends when it can lock
``FOLDER/users.lock`` for itself: every process that uses it has that lock shared, and the kernel frees it for the dead.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from chat.providers.embedded.file_lock import FileLock
from chat.providers.embedded.server.record import Server, write_server

SLOTS = 2
CONTEXT_TOKENS = 4096
"""Of each slot."""

PROMPT_CACHE_MIB = 256
"""Some five full contexts (12 kB a token), so that returning to a chat does not read it again at 61 tokens/s."""

IDLE_SECONDS = 600
"""Then the weights are dropped (710 to 109 MB); the next request takes 1.2 s more."""

MOST_THREADS = 8
POLL_SECONDS = 1.0
"""The time by which the child may outlive its last user."""

RIVAL_SECONDS = 5.0
"""The wait for the lock: a reader has it for microseconds, a dying predecessor for longer."""


def main(model: str, folder: Path) -> None:
    """Serve ``model`` until no process uses it. Exit if another process serves it already."""
    record = FileLock(folder / "server.json")
    users = FileLock(folder / "users.lock")
    deadline = time.monotonic() + RIVAL_SECONDS
    while not record.acquire(wait=False):
        if time.monotonic() > deadline:
            sys.exit("another process serves this model")
        time.sleep(0.05)
    write_server(record, Server(os.getpid()))
    key = secrets.token_urlsafe(24)
    server = start(model, key)
    write_server(record, Server(os.getpid(), f"{server.listening_address}/v1", key))
    while not users.acquire(wait=False):
        time.sleep(POLL_SECONDS)
    # The server's threads would hold up an ordinary exit.
    os._exit(0)


def start(model: str, key: str) -> Any:
    """Load ``model`` and return a server that listens, in threads of its own. Loading blocks every Python thread."""
    # An extra, and 34 MB of native code: only the process that runs it may load it.
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {Path(model).stem}
    params.n_parallel, params.n_ctx = SLOTS, SLOTS * CONTEXT_TOKENS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = min(MOST_THREADS, cores())
    params.n_gpu_layers = 0
    params.hostnames, params.port, params.api_keys = ["127.0.0.1"], 0, [key]
    params.use_jinja, params.ui, params.verbosity = True, False, -1
    params.cache_ram_mib, params.sleep_idle_seconds = PROMPT_CACHE_MIB, IDLE_SECONDS
    return xllamacpp.Server(params)


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
