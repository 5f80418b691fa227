from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from chat.actions.files import files
from chat.management import housekeeping
from chat.management.housekeeping import Housekeeping
from chat.management.workers import HOUSEKEEPING, INGESTION, Workers
from chat.models import File, Passage, Provider, User, VectorStore, VectorStoreFile
from tests.cited import read_file, store_of


@asynccontextmanager
async def at_work(period: float) -> AsyncIterator[Housekeeping]:
    keeping = Housekeeping(period=period)
    task = asyncio.create_task(keeping.run())
    yield keeping
    await keeping.stop()
    await task


async def until(what: asyncio.Event) -> None:
    await asyncio.wait_for(what.wait(), timeout=30)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("media")
class TestHousekeeping:
    async def test_removes_what_has_expired(self, ada: User) -> None:
        file = await asyncio.to_thread(files.create, ada, upload=SimpleUploadedFile("x", b"x"))
        await File.objects.filter(pk=file.pk).aupdate(expires_at=timezone.now())
        async with at_work(period=60):
            while await File.objects.aexists():  # noqa: ASYNC110 -- a row tells nobody that it goes
                await asyncio.sleep(0.01)

    async def test_removes_passages_that_cannot_be_found(self, ada: User) -> None:
        entry = await asyncio.to_thread(lambda: read_file(store_of(ada), "a.txt", ["A fjord."]))
        await VectorStoreFile.objects.filter(pk=entry.pk).aupdate(status="cancelled")
        async with at_work(period=60):
            while await Passage.objects.aexists():  # noqa: ASYNC110 -- a row tells nobody that it goes
                await asyncio.sleep(0.01)

    async def test_goes_on_after_a_sweep_that_failed(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        loop, again, sweeps = asyncio.get_running_loop(), asyncio.Event(), []

        def fails() -> None:
            sweeps.append(1)
            if len(sweeps) > 1:
                loop.call_soon_threadsafe(again.set)
            raise OSError("the disk is gone")

        monkeypatch.setattr(housekeeping, "MINUTELY", {"sweep_expired": fails})
        with caplog.at_level(logging.ERROR, housekeeping.__name__):
            async with at_work(period=0.01):
                await until(again)
        assert "the disk is gone" in caplog.text

    async def test_does_what_is_left_when_a_sweep_failed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop, swept = asyncio.get_running_loop(), asyncio.Event()

        def fails() -> None:
            raise OSError("the disk is gone")

        sweeps = {"fails": fails, "works": lambda: loop.call_soon_threadsafe(swept.set)}
        monkeypatch.setattr(housekeeping, "MINUTELY", sweeps)
        async with at_work(period=1000):
            await until(swept)

    async def test_has_new_vectors_made_when_a_model_has_changed(self, ada: User, scripted: Provider) -> None:
        store = await asyncio.to_thread(store_of, ada)
        entry = await asyncio.to_thread(read_file, store, "a.txt", ["A fjord."])
        await VectorStore.objects.aupdate(embedding_provider=scripted, embedding_model="another")
        async with at_work(period=60):
            while not await VectorStoreFile.objects.filter(attempt__gt=entry.attempt).aexists():  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.01)

    async def test_ends_at_once_when_it_is_told(self) -> None:
        async with at_work(period=1000) as keeping:
            await asyncio.sleep(0)
        assert keeping.stopping


@pytest.mark.skipif(connection.vendor != "sqlite", reason="on PostgreSQL jobs do the sweeps")
class TestWorkersOnSQLite:
    def test_have_a_clock_of_their_own_and_no_procrastinate(self) -> None:
        workers = Workers((INGESTION, HOUSEKEEPING))
        assert any(isinstance(each, Housekeeping) for each in workers.first)
        assert not {name for name in sys.modules if name.partition(".")[0] == "procrastinate"}
