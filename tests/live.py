"""A real server for tests: ``manage.py serve`` in a process and a data folder of its own."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery"
START = 120.0  # seconds
DATABASE = "everthread.sqlite3"
MIGRATE = """
from django.core.management import call_command
from chat.models import Provider
call_command("migrate", verbosity=0)
Provider.objects.create(name="scripted", kind="scripted", default_model="scripted").make_default()
"""
# What ``serve`` does before it serves, and a key.
SET_UP = """
from django.conf import settings
from chat.actions import first_run
from chat.actions.access import api_keys
from chat.management.commands.serve import collect_static
from chat.models import User
collect_static()
first_run.first_run(username=settings.EVERTHREAD_ADMIN_USERNAME, password=settings.EVERTHREAD_ADMIN_PASSWORD)
print(api_keys.create(User.objects.get(), name="tests")[1])
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ModelServer(BaseHTTPRequestHandler):
    """An OpenAI-compatible server of two models, which answers with the name that it was asked for."""

    def do_GET(self) -> None:
        self.reply("application/json", json.dumps({"object": "list", "data": [{"id": "qwen3:8b"}, {"id": "other"}]}))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        choices = [
            {"index": 0, "delta": {"role": "assistant", "content": f"I am {asked['model']}."}, "finish_reason": None},
            {"index": 0, "delta": {}, "finish_reason": "stop"},
        ]
        chunks = [{"id": "c", "object": "chat.completion.chunk", "choices": [choice]} for choice in choices]
        events = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
        self.reply("text/event-stream", "".join(events) + "data: [DONE]\n\n")

    def reply(self, type: str, body: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", type)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def model_server() -> Iterator[str]:
    """The base URL of a running ``ModelServer``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), ModelServer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def share_sandbox_python(data_dir: Path) -> None:
    """Have ``data_dir`` use the sandbox's libraries in the default data folder, which take a minute to make."""
    shared = ROOT / "data" / "sandbox" / "python"
    shared.mkdir(parents=True, exist_ok=True)
    place = data_dir / "sandbox" / "python"
    place.parent.mkdir(mode=0o700, exist_ok=True)
    if not place.exists():
        place.symlink_to(shared)


@cache
def set_up() -> tuple[Path, str]:
    """A data folder to copy in which ``serve`` finds everything set up, and a key of its administrator.

    To set up takes seconds of processor time, so a test process does it once.
    """
    folder = tempfile.TemporaryDirectory(prefix="everthread-set-up-")
    atexit.register(folder.cleanup)
    server = LiveServer(Path(folder.name), OPENAI_BASE_URL="")  # nothing is in its database yet
    key = server.shell(MIGRATE + SET_UP).strip()
    return Path(folder.name), key


class LiveServer:
    """Answers from the scripted provider unless ``environment`` names another. Signs in as ``admin`` / ``PASSWORD``;
    ``key`` is an API key of theirs. With ``first`` there is a provider in the database and nothing else, so that its
    start is the first one and there is no key.

    The code interpreter is off unless ``EVERTHREAD_SANDBOX`` says otherwise; then it shares its libraries with all
    other servers of tests, and with the one of the default data folder.
    """

    def __init__(self, data_dir: Path, *, first: bool = False, **environment: str) -> None:
        self.data_dir, self.port, self.key = data_dir, free_port(), ""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "DJANGO_"))}
        self.environment = {
            **clean,
            "EVERTHREAD_DATA_DIR": str(data_dir),
            "EVERTHREAD_ADMIN_PASSWORD": PASSWORD,
            "PYTHONUNBUFFERED": "1",
            "EVERTHREAD_SANDBOX": "off",
            # Tests that share a server leave runs behind that wait.
            "EVERTHREAD_API_RUNS": "0",
            "EVERTHREAD_PAGE_RUNS": "0",
            **environment,
        }
        if self.environment["EVERTHREAD_SANDBOX"] != "off":
            share_sandbox_python(data_dir)
        self.log = data_dir / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        if "OPENAI_BASE_URL" in environment:
            return  # it makes a provider of it
        if first:
            self.shell(MIGRATE)
        elif not (data_dir / DATABASE).exists():
            template, self.key = set_up()
            shutil.copytree(template, data_dir, dirs_exist_ok=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run a command of ``manage.py`` on the server's data and return what it printed."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, input=stdin, capture_output=True, text=True, timeout=START
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shell(self, code: str) -> str:
        """Run Python code with the models at hand."""
        return self.manage("shell", "--verbosity=0", "--no-imports", stdin=code)

    def start(self, *options: str) -> None:
        """Start with ``options`` of the command and wait until it is ready."""
        with self.log.open("ab") as log:
            command = [sys.executable, "manage.py", "serve", "--port", str(self.port), *options]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server did not start:\n{self.log.read_text()}")
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as response:
                return bool(json.load(response))
        except (urllib.error.URLError, OSError):
            return False

    def kill(self) -> None:
        """As a crash would: no farewell."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """As an operator would; the exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=START)

    def __enter__(self) -> LiveServer:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
