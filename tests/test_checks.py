"""``manage.py check``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.db import connection

from chat import checks
from chat.models import Provider
from chat.sandbox.state import State, attend, write_state


def found(*, databases: list[str] | None = None) -> list[str]:
    return [problem.id for problem in run_checks(databases=databases) if str(problem.id).startswith("chat.")]


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
