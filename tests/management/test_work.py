from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.live import ROOT, START, LiveServer
from tests.postgres import new_database, postgres

HEADERS = {"OpenAI-Beta": "assistants=v2"}
ENDED = {"completed", "failed", "expired", "cancelled", "incomplete"}


@contextmanager
def work(server: LiveServer, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ``manage.py work`` on the server's data, which has touched its ready file."""
    ready = server.data_dir / "ready"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "manage.py", "work", "--ready-file", str(ready), *arguments]
    log = server.data_dir / "work.log"
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=server.environment, stdout=output, stderr=output)
    try:
        until(lambda: ready.exists() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        process.terminate()
        process.wait(timeout=START)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


class Program:
    """A program on the API of ``server``."""

    def __init__(self, server: LiveServer) -> None:
        key = server.key or server.manage("createapikey", "admin").strip()
        self.client = httpx2.Client(
            base_url=f"{server.url}/v1", headers={**HEADERS, "Authorization": f"Bearer {key}"}, timeout=START
        )

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.close()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def start_run(self, text: str) -> str:
        assistant = self.post("/assistants", {"model": "scripted"})["id"]
        thread = {"messages": [{"role": "user", "content": text}]}
        run = self.post("/threads/runs", {"assistant_id": assistant, "thread": thread})
        return f"/threads/{run['thread_id']}/runs/{run['id']}"

    def upload(self) -> str:
        file = self.client.post(
            "/files", files={"file": ("a.txt", b"A fjord is long.")}, data={"purpose": "assistants"}
        )
        store = self.post("/vector_stores", {"file_ids": [file.json()["id"]]})
        return f"/vector_stores/{store['id']}/files/{file.json()['id']}"

    def status(self, path: str) -> str:
        return str(self.client.get(path).json()["status"])


def serve_and_work(server: LiveServer) -> None:
    with server, Program(server) as program:
        run, entry = program.start_run("Hello"), program.upload()
        assert not (server.data_dir / "workers").exists()  # where workers keep their locks
        assert not (server.data_dir / "ingestion").exists()
        assert (program.status(run), program.status(entry)) == ("queued", "in_progress")
        with work(server) as process:
            until(lambda: program.status(run) in ENDED and program.status(entry) in ENDED)
            assert (program.status(run), program.status(entry)) == ("completed", "completed")
            process.terminate()
            assert process.wait(timeout=START) == 0
    log = (server.data_dir / "work.log").read_text()
    assert "ready: working on runs, ingestion, housekeeping" in log
    assert "Traceback" not in log
    assert not (server.data_dir / "ready").exists()


@pytest.mark.slow
class TestWork:
    def test_answers_and_reads_for_a_server_without_workers(self, tmp_path: Path) -> None:
        serve_and_work(LiveServer(tmp_path, EVERTHREAD_WORKERS="false"))

    def test_does_so_on_postgres(self, tmp_path: Path) -> None:
        with postgres() as address:
            environment = {"DATABASE_URL": new_database(address, "everthread"), "EVERTHREAD_WORKERS": "false"}
            server = LiveServer(tmp_path, first=True, **environment)
            serve_and_work(server)

    def test_goes_on_where_a_killed_one_ended(self, tmp_path: Path) -> None:
        with LiveServer(tmp_path, EVERTHREAD_WORKERS="false") as server, Program(server) as program:
            with work(server) as process:
                lost = program.start_run("/slow 600")
                until(lambda: program.status(lost) == "in_progress")
                process.kill()
                process.wait()
            waiting, entry = program.start_run("Hello"), program.upload()
            with work(server):
                until(lambda: {program.status(each) for each in (lost, waiting, entry)} <= ENDED)
            assert [program.status(each) for each in (lost, waiting, entry)] == ["failed", "completed", "completed"]


class TestTheCommand:
    def test_refuses_a_queue_that_is_none(self, refusal: Callable[..., str]) -> None:
        assert refusal("work", "--queues=runs,mail") == (
            "There is no queue 'mail'. Choose of runs, ingestion, housekeeping."
        )


@pytest.mark.django_db
class TestAServerWithoutWorkers:
    def test_does_not_ask_for_workers_to_be_ready(self, client: Any, settings: Any) -> None:
        settings.EVERTHREAD_WORKERS = False
        assert {"workers", "indexing"}.isdisjoint(client.get("/readyz").json())
