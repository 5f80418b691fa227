"""What those who watch the server ask it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from chat import data_folder
from chat.background.shutdown import shutdown
from chat.events.bus import bus
from chat.events.redis_link import RedisLink
from chat.models import Kind, Provider
from chat.providers.scripted.provider import ScriptedProvider
from chat.retrieval.indexing.worker import IndexingWorker
from chat.sandbox.state import State, attend, write_state
from tests.engine.stage import Stage, in_thread, until

pytestmark = pytest.mark.django_db(transaction=True)
CHECKS = ("database", "disk", "files", "migrations", "model", "serving", "workers", "indexing", "sandbox")
ALL: dict[str, object] = {**dict.fromkeys(CHECKS, True), "events": "ok"}


@pytest.fixture(autouse=True)
def _no_sandbox_is_wanted(settings) -> None:
    settings.EVERTHREAD_SANDBOX = "off"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "workers")


def ask(path: str) -> tuple[int, bytes]:
    response = Client().get(path)
    return response.status_code, response.content


async def ready(stage: Stage) -> tuple[int, dict[str, object]]:
    """What a server with its workers says."""
    indexing = IndexingWorker(folder=stage.folder / "indexing")
    task = asyncio.create_task(indexing.run())
    async with stage.working(ScriptedProvider()) as worker:
        await until(lambda: worker.is_running() and indexing.is_running())
        status, body = await in_thread(ask)("/readyz")
    await indexing.stop()
    await task
    return status, json.loads(body)


class TestHealthz:
    def test_says_ok_to_anyone(self) -> None:
        assert ask("/healthz") == (200, b"ok\n")

    def test_does_not_look_at_the_database(self, django_assert_num_queries) -> None:
        with django_assert_num_queries(0):
            assert ask("/healthz") == (200, b"ok\n")

    def test_is_only_read(self) -> None:
        assert Client().post("/healthz").status_code == 405

    def test_does_not_say_which_version_runs(self) -> None:
        from chat import __version__

        for path in ("/healthz", "/readyz"):
            response = Client().get(path)
            assert __version__ not in response.content.decode()
            assert __version__ not in str(response.headers)


class TestReadyz:
    async def test_says_yes_when_a_message_would_be_answered(self, stage: Stage, scripted: Provider) -> None:
        assert await ready(stage) == (200, ALL)

    def test_says_no_without_a_worker(self, scripted: Provider) -> None:
        status, body = ask("/readyz")
        assert (status, json.loads(body)) == (503, {**ALL, "workers": False, "indexing": False})

    async def test_says_no_without_a_default_provider(self, stage: Stage) -> None:
        assert await ready(stage) == (503, {**ALL, "model": False})

    async def test_says_no_when_the_default_provider_is_switched_off(self, stage: Stage, scripted: Provider) -> None:
        await Provider.objects.aupdate(enabled=False)
        assert await ready(stage) == (503, {**ALL, "model": False})

    async def test_says_no_without_the_weights_of_the_embedded_model(
        self, stage: Stage, settings, tmp_path: Path
    ) -> None:
        settings.EVERTHREAD_DATA_DIR, settings.EVERTHREAD_MODEL_PATH = tmp_path, ""
        embedded = await Provider.objects.acreate(name="embedded", kind=Kind.EMBEDDED)
        await in_thread(embedded.make_default)()
        assert await ready(stage) == (503, {**ALL, "model": False})

    async def test_says_no_when_tables_are_of_an_older_version(self, stage: Stage, scripted: Provider) -> None:
        ((app, newest),) = MigrationLoader(None).graph.leaf_nodes("chat")
        await in_thread(lambda: MigrationRecorder(connection).record_unapplied(app, newest))()
        try:
            assert await ready(stage) == (503, {**ALL, "migrations": False, "model": False})
        finally:
            await in_thread(lambda: MigrationRecorder(connection).record_applied(app, newest))()

    async def test_says_no_when_the_disk_is_full(self, stage: Stage, scripted: Provider, monkeypatch) -> None:
        def full() -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(data_folder, "check_writable", full)
        assert await ready(stage) == (503, {**ALL, "disk": False})

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="a pool of connections keeps its address")
    def test_says_no_without_the_database(self, scripted: Provider, tmp_path: Path) -> None:
        name = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = str(tmp_path / "absent" / "db.sqlite3")
        try:
            status, body = ask("/readyz")
        finally:
            connection.close()
            connection.settings_dict["NAME"] = name
        assert (status, json.loads(body)) == (
            503,
            {**ALL, **dict.fromkeys(("database", "migrations", "model", "workers", "indexing"), False)},
        )

    async def test_says_no_while_the_server_is_being_stopped(
        self, stage: Stage, scripted: Provider, monkeypatch
    ) -> None:
        monkeypatch.setattr(shutdown, "has_begun", True)
        assert await ready(stage) == (503, {**ALL, "serving": False})

    async def test_says_that_events_of_other_processes_are_away_and_yes_all_the_same(
        self, stage: Stage, scripted: Provider, monkeypatch
    ) -> None:
        monkeypatch.setattr(bus, "outlet", RedisLink("redis://127.0.0.1:1", bus, {}))
        assert await ready(stage) == (200, {**ALL, "events": "degraded"})

    async def test_says_that_the_sandbox_is_missing_and_yes_all_the_same(
        self, stage: Stage, scripted: Provider, settings, tmp_path: Path
    ) -> None:
        settings.EVERTHREAD_SANDBOX, settings.EVERTHREAD_DATA_DIR = "auto", tmp_path
        folder = tmp_path / "sandbox"
        folder.mkdir()
        assert await ready(stage) == (200, {**ALL, "sandbox": False})
        lock = attend(folder)
        assert lock is not None
        try:
            for state in ("preparing", "starting", "refused", "failed"):
                write_state(folder, State(state))
                assert await ready(stage) == (200, {**ALL, "sandbox": False})
            write_state(folder, State("ready", tier="ns"))
            assert await ready(stage) == (200, ALL)
        finally:
            os.close(lock)
