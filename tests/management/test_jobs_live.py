"""Two processes that work for one PostgreSQL: Procrastinate's jobs call them, and the rows say who does what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from tests.live import LiveServer
from tests.management.test_work import ENDED, Program, until, work
from tests.postgres import new_database, postgres

FILES = 12
LONG = b"A fjord is long, and a ferry crosses it at half past seven. " * 400
QUEUES = ("attachments", "ingestion", "housekeeping")


class Cluster(NamedTuple):
    """A server without workers, a program on it, and the rows of its database."""

    server: LiveServer
    program: Program
    connection: psycopg.Connection[Any]

    def rows(self, query: Any) -> list[Any]:
        return self.connection.execute(query).fetchall()

    def upload(self, text: bytes) -> str:
        upload = {"file": ("a.txt", text)}
        file = self.program.client.post("/files", files=upload, data={"purpose": "assistants"}).json()["id"]
        store = self.program.post("/vector_stores", {"file_ids": [file]})["id"]
        return f"/vector_stores/{store}/files/{file}"

    def has_read(self, entries: list[str]) -> bool:
        return {self.program.status(entry) for entry in entries} <= ENDED

    def defer(self, task: str, queue: str, **arguments: int) -> None:
        options = f"{task!r}, queue={queue!r}"
        self.server.shell(
            f"from procrastinate.contrib.django import app\napp.configure_task({options}).defer(**{arguments})"
        )


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    with postgres() as address:
        environment = {"DATABASE_URL": new_database(address, "everthread"), "EVERTHREAD_WORKERS": "false"}
        server = LiveServer(folder, first=True, **environment)
        with server, Program(server) as program, psycopg.connect(address, dbname="everthread", autocommit=True) as rows:
            yield Cluster(server, program, rows)
    assert "Traceback" not in (folder / "work.log").read_text()


@pytest.mark.slow
class TestTwoProcesses:
    def test_read_each_file_once_and_sweep_once(self, tmp_path: Path) -> None:
        with cluster(tmp_path) as both, work(both.server), work(both.server):
            until(lambda: both.rows("SELECT count(*) FROM procrastinate_workers") == [(2 * len(QUEUES),)])
            entries = [both.upload(b"A fjord is long.") for _ in range(FILES)]
            for _ in range(3):
                both.defer("index_files", "ingestion")  # as if these had been delivered again
            until(lambda: both.has_read(entries))
            assert {both.program.status(entry) for entry in entries} == {"completed"}
            assert both.rows("SELECT count(*), count(DISTINCT entry_id) FROM chat_passage") == [(FILES, FILES)]
            assert both.rows("SELECT DISTINCT attempt FROM chat_vectorstorefile") == [(1,)]
            until(lambda: not both.rows("SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"))
            assert both.rows("SELECT 1 FROM procrastinate_jobs WHERE status <> 'succeeded'") == []
            sweeps = both.rows(
                "SELECT task_name, count(*) = count(DISTINCT args->>'timestamp') FROM procrastinate_jobs"
                " WHERE queue_name = 'housekeeping' GROUP BY task_name ORDER BY task_name"
            )
            assert set(sweeps) >= {("renew_vectors", True), ("rescue_jobs", True), ("sweep_expired", True)}
            assert all(is_once for _name, is_once in sweeps)
            assert "index_files" in both.server.manage("procrastinate", "shell", "list_tasks")

    def test_take_over_the_job_and_the_files_of_a_killed_one(self, tmp_path: Path) -> None:
        doing = "SELECT status FROM procrastinate_jobs WHERE task_name = 'index_files' AND status = 'doing'"
        with cluster(tmp_path) as both:
            with work(both.server) as process:
                entries = [both.upload(LONG) for _ in range(2)]
                # It keeps the job as long as it has no room for another file.
                until(lambda: len(both.rows("SELECT 1 FROM chat_vectorstorefile WHERE worker <> ''")) == 2)
                until(lambda: bool(both.rows(doing)))
                process.kill()
                process.wait()
            assert not both.has_read(entries)
            with work(both.server):
                until(lambda: both.has_read(entries))
                assert {both.program.status(entry) for entry in entries} == {"completed"}
                both.connection.execute(  # as if the dead one's heartbeat were old already
                    "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 hour'"
                    " WHERE id IN (SELECT worker_id FROM procrastinate_jobs WHERE status = 'doing')"
                )
                both.defer("rescue_jobs", "housekeeping", timestamp=0)
                until(lambda: not both.rows("SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"))
