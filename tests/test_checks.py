"""``manage.py check``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.files.storage import Storage
from django.db import connection
from django.db.utils import ConnectionHandler

from chat import checks
from chat.models import Provider
from chat.sandbox.state import State, attend, write_state
from config import env
from tests.live import free_port


def found(*, databases: list[str] | None = None, deploy: bool = False) -> list[str]:
    problems = run_checks(databases=databases, include_deployment_checks=deploy)
    return [problem.id for problem in problems if str(problem.id).startswith("chat.")]


class TestTheChecks:
    def test_have_nothing_to_say_without_a_database(self) -> None:
        assert found() == []

    @pytest.mark.django_db
    def test_miss_a_default_provider(self) -> None:
        assert found(databases=["default"]) == ["chat.W001"]

    @pytest.mark.django_db
    def test_are_content_with_one(self, scripted: Provider) -> None:
        assert found(databases=["default"]) == []

    @pytest.mark.django_db
    def test_do_not_count_one_that_is_disabled(self, scripted: Provider) -> None:
        Provider.objects.update(enabled=False)
        assert found(databases=["default"]) == ["chat.W001"]

    @pytest.mark.django_db(transaction=True)
    def test_say_nothing_before_the_tables_are_there(self) -> None:
        renamed = [("chat_provider", "put_aside"), ("put_aside", "chat_provider")]
        with connection.schema_editor() as editor:
            editor.alter_db_table(Provider, *renamed[0])
        try:
            assert found(databases=["default"]) == []
        finally:
            with connection.schema_editor() as editor:
                editor.alter_db_table(Provider, *renamed[1])

    def test_see_that_the_data_folder_cannot_be_written(self, settings, tmp_path: Path) -> None:
        settings.EVERTHREAD_DATA_DIR = tmp_path / "gone"
        assert found() == ["chat.E001"]


class TestTheSandbox:
    @pytest.fixture
    def folder(self, settings, tmp_path: Path) -> Iterator[Path]:
        """Of the sandbox of a server that runs."""
        settings.EVERTHREAD_DATA_DIR = tmp_path
        folder = tmp_path / "sandbox"
        folder.mkdir()
        lock = attend(folder)
        assert lock is not None
        yield folder
        os.close(lock)

    def test_is_warned_of_when_it_refuses(self, folder: Path) -> None:
        reasons = {"ns": "The kernel gives no user namespaces.", "landlock": "No Landlock"}
        write_state(folder, State("refused", "No isolation works here.", reasons=reasons))
        (problem,) = [each for each in run_checks() if each.id == "chat.W002"]
        assert problem.msg == (
            "The code interpreter refuses to run. No isolation works here."
            " ns: The kernel gives no user namespaces. landlock: No Landlock."
        )

    def test_is_warned_of_when_it_failed(self, folder: Path) -> None:
        write_state(folder, State("failed", "pip found no numpy."))
        (problem,) = [each for each in run_checks() if each.id == "chat.W003"]
        assert "pip found no numpy." in problem.msg

    @pytest.mark.parametrize("state", ["ready", "preparing", "starting", "off"])
    def test_is_not_mentioned_otherwise(self, state, folder: Path) -> None:
        assert found() == []
        write_state(folder, State(state))
        assert found() == []

    def test_is_not_mentioned_when_it_is_off_by_choice(self, settings, folder: Path) -> None:
        write_state(folder, State("refused"))
        settings.EVERTHREAD_SANDBOX, settings.EVERTHREAD_SANDBOX_CELLS = "off", 0
        assert found() == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [("SESSIONS", 0), ("CELLS", 0), ("CELL_SECONDS", 0), ("CELL_SECONDS", 601), ("MEMORY_MB", 255)],
    )
    def test_cannot_run_with_limits_that_make_no_sense(self, name, value, settings) -> None:
        setattr(settings, f"EVERTHREAD_SANDBOX_{name}", value)
        assert found() == ["chat.E002"]

    def test_cannot_be_made_of_what_is_no_python(self, settings, tmp_path: Path) -> None:
        for nothing in (tmp_path, tmp_path / "python3", Path(__file__)):
            settings.EVERTHREAD_SANDBOX_PYTHON = nothing
            assert found() == ["chat.E003"]
        settings.EVERTHREAD_SANDBOX_PYTHON = Path(sys.executable)
        assert found() == []

    def test_needs_a_uid_for_each_session_when_started_as_root(self, settings, monkeypatch) -> None:
        settings.EVERTHREAD_SANDBOX_UIDS = (61200, 61250)
        monkeypatch.setattr(checks.os, "geteuid", lambda: 0)
        assert found() == ["chat.W004"]
        settings.EVERTHREAD_SANDBOX_SESSIONS = 49
        assert found() == []
        settings.EVERTHREAD_SANDBOX_SESSIONS = 50
        monkeypatch.setattr(checks.os, "geteuid", lambda: 1000)
        assert found() == []


class TestBeforeADeployment:
    @pytest.mark.django_db
    def test_nothing_is_said_of_services_that_answer(self) -> None:
        assert found(deploy=True) == []

    def test_a_postgres_that_cannot_be_reached_is_named(self, monkeypatch) -> None:
        address = f"postgres://everthread:secret@127.0.0.1:{free_port()}/everthread"
        postgres = ConnectionHandler({"default": env.env.db_url_config(address)})["default"]
        monkeypatch.setattr(checks, "connection", postgres)
        (problem,) = checks.check_database_answers()
        assert "Connection refused" in problem.msg
        assert "secret" not in problem.msg

    def test_a_redis_that_does_not_answer_is_named(self, settings) -> None:
        settings.REDIS_URL = f"redis://:secret@127.0.0.1:{free_port()}/0"
        (problem,) = checks.check_redis_answers()
        assert "Connection refused" in problem.msg
        assert "secret" not in problem.msg

    def test_a_bucket_that_takes_files_is_left_as_it_was(self, bucket: Callable[[str], Storage]) -> None:
        storage = bucket("everthread")
        assert checks.check_bucket() == []
        assert storage.listdir("files") == ([], [])

    def test_a_bucket_that_is_not_there_is_named(self, bucket: Callable[[str], Storage]) -> None:
        bucket("another")
        (problem,) = checks.check_bucket()
        assert problem.id == "chat.E006"
        assert "bucket does not exist" in problem.msg

    @pytest.fixture
    def bucket(self, monkeypatch) -> Iterator[Callable[[str], Storage]]:
        """Stores files in the bucket of that name, from now on."""
        pytest.importorskip("storages")
        from config.object_storage import ObjectStorage
        from tests.s3 import s3

        with s3() as address:
            endpoint = address.partition("endpoint=")[2]

            def use(name: str) -> Storage:
                storage = ObjectStorage(bucket_name=name, endpoint_url=endpoint, addressing_style="path")
                monkeypatch.setattr(checks, "default_storage", storage)
                return storage

            yield use
