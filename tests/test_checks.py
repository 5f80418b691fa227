"""``manage.py check``."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.db import connection

from chat.models import Provider


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
