"""A real server for tests: ``manage.py serve`` in a process and a data folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery"
START = 60.0  # seconds


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


class LiveServer:
    """Answers from the scripted provider unless ``environment`` names another. Signs in as ``admin`` / ``PASSWORD``.

    The code interpreter is off unless ``EVERTHREAD_SANDBOX`` says otherwise; then it shares its libraries with all
    other servers of tests, and with the one of the default data folder.
    """

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir, self.port = data_dir, free_port()
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "DJANGO_"))}
        self.environment = {
            **clean,
            "EVERTHREAD_DATA_DIR": str(data_dir),
            "EVERTHREAD_ADMIN_PASSWORD": PASSWORD,
            "PYTHONUNBUFFERED": "1",
            "EVERTHREAD_SANDBOX": "off",
            **environment,
        }
        if self.environment["EVERTHREAD_SANDBOX"] != "off":
            share_sandbox_python(data_dir)
        self.log = data_dir / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        if "OPENAI_BASE_URL" not in environment:
            self.manage("migrate", "--verbosity=0")
            self.shell(
                "from chat.models import Provider\n"
                "row, _ = Provider.objects.get_or_create(name='scripted', kind='scripted', default_model='scripted')\n"
                "row.make_default()"
            )

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

    def start(self) -> None:
        """Start and wait until it is ready."""
        with self.log.open("ab") as log:
            command = [sys.executable, "manage.py", "serve", "--port", str(self.port)]
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
