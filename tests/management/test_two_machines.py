"""Two machines, each with a server, a worker and a data folder: PostgreSQL, Redis and a bucket are all they share."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from tests.live import MIGRATE, SET_UP, LiveServer
from tests.management.test_work import ENDED, Program, until, work
from tests.postgres import new_database, postgres
from tests.redis_server import redis_server
from tests.s3 import KEYS, s3

pytestmark = pytest.mark.slow
TEXT = b"The ferry to Bergen leaves at half past seven. " * 400


class Machine(NamedTuple):
    program: Program
    worker: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machine, Machine]]:
    with ExitStack() as services:
        shared = {
            "DATABASE_URL": new_database(services.enter_context(postgres()), "everthread"),
            "REDIS_URL": services.enter_context(redis_server()).url,
            "EVERTHREAD_STORAGE_URL": services.enter_context(s3()),
            "DJANGO_SECRET_KEY": "of all machines",
            "EVERTHREAD_WORKERS": "false",
            "EVERTHREAD_REQUESTS_PER_MINUTE": "0",
            **KEYS,
        }
        first, second = (LiveServer(tmp_path_factory.mktemp(name), **shared) for name in ("first", "second"))
        first.key = second.key = first.shell(MIGRATE + SET_UP).strip()
        made = [
            Machine(
                services.enter_context(Program(services.enter_context(server))), services.enter_context(work(server))
            )
            for server in (first, second)
        ]
        yield made[0], made[1]
        for server in (first, second):
            for name in ("server.log", "work.log"):
                assert "Traceback" not in (server.data_dir / name).read_text()


class TestTwoMachines:
    def test_share_files_and_what_is_found_in_them(self, machines: tuple[Machine, Machine]) -> None:
        one, other = (machine.program for machine in machines)
        new = {"filename": "ferry.txt", "bytes": len(TEXT), "purpose": "assistants", "mime_type": "text/plain"}
        upload = f"/uploads/{one.post('/uploads', new)['id']}"
        halves = zip((one, other), (TEXT[:9000], TEXT[9000:]), strict=True)
        parts = [each.client.post(f"{upload}/parts", files={"data": half}).json()["id"] for each, half in halves]
        file = other.post(f"{upload}/complete", {"part_ids": parts})["file"]["id"]
        assert one.client.get(f"/files/{file}/content").content == TEXT

        store = one.post("/vector_stores", {"file_ids": [file]})["id"]
        entry = f"/vector_stores/{store}/files/{file}"
        until(lambda: other.status(entry) in ENDED)
        assert other.status(entry) == "completed"
        for program in (one, other):
            found = program.post(f"/vector_stores/{store}/search", {"query": "When does the ferry leave?"})
            assert "half past seven" in found["data"][0]["content"][0]["text"]

        assert other.client.delete(f"/files/{file}").status_code == 200
        assert one.client.get(f"/files/{file}/content").status_code == 404

    def test_do_what_is_asked_once(self, machines: tuple[Machine, Machine]) -> None:
        headers, made = {"Idempotency-Key": "once"}, set()
        for machine in machines:
            reply = machine.program.client.post("/threads", json={}, headers=headers)
            made.add(reply.json()["id"])
        assert len(made) == 1

    def test_stop_each_other_s_runs(self, machines: tuple[Machine, Machine]) -> None:
        one, other = (machine.program for machine in machines)
        run = one.start_run("/slow 600")
        until(lambda: one.status(run) == "in_progress")
        other.post(f"{run}/cancel", {})
        until(lambda: one.status(run) == "cancelled")

    def test_go_on_when_one_of_them_loses_its_worker(self, machines: tuple[Machine, Machine]) -> None:
        one, other = machines
        lost = [one.program.start_run("/slow 600") for _ in range(4)]
        until(lambda: {one.program.status(run) for run in lost} == {"in_progress"})
        one.worker.kill()
        one.worker.wait()
        run, entry = one.program.start_run("Hello"), one.program.upload()
        until(lambda: {one.program.status(run), one.program.status(entry)} <= ENDED)
        assert (one.program.status(run), one.program.status(entry)) == ("completed", "completed")
        # Those of the dead one end when its heartbeat is a minute old; who asks for it sooner is heard.
        for each in lost:
            other.program.client.post(f"{each}/cancel", json={})
        until(lambda: {other.program.status(each) for each in lost} <= {"cancelled", "failed"})
