"""The data folder is private, and a start with half of it is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.db import OperationalError, connection

from chat import data_folder
from chat.models import User
from tests.api.calling import Api
from tests.live import DATABASE, LiveServer
from tests.management.test_serve import run


@pytest.fixture
def folder(settings, tmp_path: Path) -> Path:
    """As versions left it that made their files for everyone."""
    settings.EVERTHREAD_DATA_DIR = tmp_path / "data"
    for name in ("files/ab", "uploads", "sandbox/python"):
        (tmp_path / "data" / name).mkdir(parents=True)
    for name in ("secret_key", "files/ab/file-1", "sandbox/python/run"):
        (tmp_path / "data" / name).write_text("x")
    for path in (tmp_path / "data").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (tmp_path / "data").chmod(0o755)
    return tmp_path / "data"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


class TestTheFolder:
    def test_is_taken_from_others_with_all_in_it_but_the_sandbox(self, folder: Path) -> None:
        (folder / "link").symlink_to("/etc/passwd")
        data_folder.make_private()
        assert [mode(folder / name) for name in ("files", "files/ab", "uploads")] == [0o700] * 3
        assert [mode(folder / name) for name in ("secret_key", "files/ab/file-1")] == [0o600] * 2
        assert mode(folder / "sandbox/python/run") == 0o644
        assert mode(Path("/etc/passwd")) == 0o644

    @pytest.mark.parametrize(
        ("user", "sandbox", "socket", "expected"),
        [
            (1000, "auto", None, 0o700),
            (0, "off", None, 0o700),
            (0, "auto", Path("/run/broker.sock"), 0o700),
            (0, "auto", None, 0o711),  # its sessions have users of their own
        ],
    )
    def test_lets_only_sessions_pass(
        self, folder: Path, settings, monkeypatch, *, user, sandbox, socket, expected
    ) -> None:
        monkeypatch.setattr("os.geteuid", lambda: user)
        settings.EVERTHREAD_SANDBOX, settings.EVERTHREAD_SANDBOX_SOCKET = sandbox, socket
        data_folder.make_private()
        assert mode(folder) == expected
        assert data_folder.exposed_paths() == []

    @pytest.mark.django_db
    def test_that_others_can_read_is_checked(self, folder: Path) -> None:
        [warning] = [each for each in run_checks() if each.id == "chat.W005"]
        for path in (folder, folder / "secret_key", folder / "files"):
            assert str(path) in warning.msg
        data_folder.make_private()
        assert [each for each in run_checks() if each.id == "chat.W005"] == []


class TestAServer:
    def test_makes_its_data_private(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        data.mkdir(mode=0o755)
        server = LiveServer(data)
        (data / DATABASE).chmod(0o644)
        with server:
            assert [mode(path) for path in (data, data / DATABASE, data / f"{DATABASE}-wal")] == [0o700, 0o600, 0o600]

    @pytest.mark.parametrize("name", ["missing", "empty"])
    def test_does_not_begin_anew_beside_stored_files(self, tmp_path: Path, name: str) -> None:
        server = LiveServer(tmp_path, OPENAI_BASE_URL="")
        (tmp_path / "files" / "ab").mkdir(parents=True)
        (tmp_path / "files" / "ab" / "file-1").write_text("x")
        if name == "empty":
            (tmp_path / DATABASE).touch()
        done = run(server)
        assert done.returncode == 1
        assert "is empty or missing, but there are stored files" in done.stderr
        assert "Traceback" not in done.stderr

    @pytest.mark.parametrize("place", [0, 8192])
    def test_says_that_its_database_is_damaged(self, tmp_path: Path, place: int) -> None:
        server = LiveServer(tmp_path)
        with (tmp_path / DATABASE).open("r+b") as database:
            database.seek(place)
            database.write(b"\xff" * 200_000)
        done = run(server)
        assert done.returncode == 1
        assert "is damaged" in done.stderr
        assert "put back a backup" in done.stderr
        assert len(done.stderr.splitlines()) == 1

    def test_says_where_postgresql_should_be(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection, "vendor", "postgresql")
        monkeypatch.setitem(connection.settings_dict, "HOST", "db.example.org")
        sentence = data_folder.problem_of(OperationalError("couldn't get a connection after 20.00 sec"))
        assert "PostgreSQL at db.example.org:5432 cannot be used: couldn't get a connection" in sentence
        assert "DATABASE_URL" in sentence


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_locked_is_read_all_the_same(ada: User) -> None:
    api = Api(ada)
    other = sqlite3.connect(connection.settings_dict["NAME"])
    other.execute("BEGIN IMMEDIATE")
    try:
        assert api.get("/assistants").status_code == 200
    finally:
        other.close()
    api.key.refresh_from_db()
    assert api.key.last_used_at is None
    api.get("/assistants")
    api.key.refresh_from_db()
    assert api.key.last_used_at is not None
