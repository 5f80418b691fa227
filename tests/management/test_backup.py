"""An installation is backed up while it serves, restored on either engine, and moved to PostgreSQL and a bucket."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from chat.management.transfer.tables import OF_MIGRATIONS
from tests.live import DATABASE, ROOT, LiveServer
from tests.management.test_work import ENDED, Program, until
from tests.postgres import new_database, postgres
from tests.s3 import KEYS, s3

pytestmark = pytest.mark.slow
TEXT = b"The ferry to Bergen leaves at half past seven.\n" + b"It carries cars, too. " * 20


class Home(NamedTuple):
    """An installation that was backed up while it was written to, and then stopped."""

    folder: Path
    key: str
    archive: Path
    run: str
    store: str
    file: str
    objects: dict[str, Any]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder, archive = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("kept") / "all.tar"
    server = LiveServer(folder)
    with server, Program(server) as program:
        uploaded = program.client.post("/files", files={"file": ("a.txt", TEXT)}, data={"purpose": "assistants"})
        file = uploaded.json()["id"]
        store = program.post("/vector_stores", {"file_ids": [file]})["id"]
        until(lambda: program.status(f"/vector_stores/{store}/files/{file}") in ENDED)
        run = program.start_run("Hello")
        until(lambda: program.status(run) in ENDED)
        with writing(program) as made:
            server.manage("backup", str(archive))
        assert made
        objects = read(program, run, store, file)
    return Home(folder, server.key, archive, run, store, file, objects)


@contextmanager
def writing(program: Program) -> Iterator[list[str]]:
    """Make threads as fast as the server can, meanwhile. Yield the list of their ids."""
    made: list[str] = []
    is_over = threading.Event()

    def write() -> None:
        while not is_over.is_set():
            message = {"role": "user", "content": f"Message {len(made)}"}
            made.append(program.post("/threads", {"messages": [message]})["id"])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield made
    finally:
        is_over.set()
        writer.join()


def read(program: Program, run: str, store: str, file: str) -> dict[str, Any]:
    """Return what the API says of what was there before the backup."""
    thread = run.partition("/runs/")[0]
    paths = ["/assistants", thread, f"{thread}/messages", run, f"{run}/steps", f"/files/{file}"]
    paths += [f"/vector_stores/{store}", f"/vector_stores/{store}/files"]
    objects = {path: program.client.get(path).json() for path in paths}
    objects[f"/vector_stores/{store}"].pop("last_active_at")
    objects["content"] = program.client.get(f"/files/{file}/content").content
    found = program.post(f"/vector_stores/{store}/search", {"query": "When does the ferry leave?"})["data"]
    objects["found"] = [each["content"] for each in found]  # engines differ in scores
    return objects


def check_same(server: LiveServer, home: Home) -> None:
    """The API answers the same, and a chat goes on."""
    server.key = home.key
    with server, Program(server) as program:
        assert read(program, home.run, home.store, home.file) == home.objects
        thread = home.run.partition("/runs/")[0]
        program.post(f"{thread}/messages", {"role": "user", "content": "Go on"})
        assistant = home.objects[home.run]["assistant_id"]
        again = program.post(f"{thread}/runs", {"assistant_id": assistant})
        until(lambda: program.status(f"{thread}/runs/{again['id']}") in ENDED)
        assert program.status(f"{thread}/runs/{again['id']}") == "completed"
        assert program.upload()
    assert "Traceback" not in server.log.read_text()


def empty_folder(folder: Path, home: Home) -> Path:
    """Return a folder that has the secret key alone."""
    folder.mkdir()
    shutil.copy(home.folder / "secret_key", folder)
    (folder / DATABASE).touch()  # so that no test's own is put there
    return folder


def totals(archive: Path) -> dict[str, Any]:
    with tarfile.open(archive) as tar:
        member = tar.extractfile("totals.json")
        assert member is not None
        tables = msgspec.json.decode(member.read())["tables"]
    return {name: table for name, table in tables.items() if name not in OF_MIGRATIONS}


def refused(server: LiveServer, *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=server.environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


class TestABackup:
    def test_becomes_the_same_installation_in_another_folder(self, home: Home, tmp_path: Path) -> None:
        server = LiveServer(empty_folder(tmp_path / "new", home))
        server.manage("restore", str(home.archive))
        check_same(server, home)

    def test_goes_to_postgres_and_a_bucket_and_back(self, home: Home, tmp_path: Path) -> None:
        with ExitStack() as services:
            grown = {
                "DATABASE_URL": new_database(services.enter_context(postgres()), "restored"),
                "EVERTHREAD_STORAGE_URL": services.enter_context(s3()),
                **KEYS,
            }
            server = LiveServer(empty_folder(tmp_path / "new", home), **grown)
            server.manage("restore", str(home.archive))
            server.manage("backup", str(tmp_path / "again.tar"))
            assert totals(tmp_path / "again.tar") == totals(home.archive)
            check_same(server, home)
        back = LiveServer(empty_folder(tmp_path / "back", home))
        back.manage("restore", str(tmp_path / "again.tar"))
        back.manage("backup", str(tmp_path / "back.tar"))
        assert totals(tmp_path / "back.tar") == totals(home.archive)


class TestMoveToPostgres:
    def test_copies_rows_and_files_once(self, home: Home, tmp_path: Path) -> None:
        folder = tmp_path / "home"
        shutil.copytree(home.folder, folder)
        with ExitStack() as services:
            grown = {
                "DATABASE_URL": new_database(services.enter_context(postgres()), "moved"),
                "EVERTHREAD_STORAGE_URL": services.enter_context(s3()),
                **KEYS,
            }
            moved = LiveServer(folder, **grown)
            first = moved.manage("move_to_postgres")
            assert moved.manage("move_to_postgres") == first
            check_same(moved, home)
            assert "There is an installation already" in refused(moved, "move_to_postgres")

    def test_leaves_nothing_behind_that_is_written_meanwhile(self, home: Home, tmp_path: Path) -> None:
        folder = tmp_path / "home"
        shutil.copytree(home.folder, folder)
        with s3() as bucket:
            moved = LiveServer(folder, EVERTHREAD_STORAGE_URL=bucket, **KEYS)
            serving = LiveServer(folder)
            serving.key = home.key
            with serving, Program(serving) as program, writing(program):
                assert "Stop all servers" in refused(moved, "move_to_postgres")
            assert "1 files of" in moved.manage("move_to_postgres")
