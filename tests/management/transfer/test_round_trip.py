"""A backup has all of an installation as it was at one instant, and a restored one is the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from io import BytesIO

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from chat.management.transfer.archive import write_archive
from chat.management.transfer.rows import snapshot
from chat.management.transfer.sender import LiveInstallation
from chat.management.transfer.stored_files import StoredContent
from chat.management.transfer.tables import DERIVED, HINTS, JOURNAL, tables_of
from chat.models import File, Message, Passage, RateBucket, Thread, UploadPart, User, VectorStore, Window
from chat.retrieval.keywords import chats, index
from tests.management.transfer.conftest import AT, BYTES, NAMES, VALUES, backup, empty, models, restore


def meanwhile(write: Callable[[], object]) -> None:
    """Write as another process does, on a connection of its own."""

    def write_and_close() -> None:
        with closing(connection):
            write()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(write_and_close).result()


def change() -> None:
    User.objects.update(username="later")
    RateBucket.objects.all().delete()


class Overtaken(LiveInstallation):
    """One of which a file is deleted between its row and its bytes."""

    def files(self) -> Iterator[StoredContent]:
        meanwhile(lambda: File.objects.all().delete())
        return super().files()


class Slow(LiveInstallation):
    """One whose files take long, so that its connection asks nothing meanwhile."""

    def files(self) -> Iterator[StoredContent]:
        time.sleep(0.3)
        return super().files()


class TestABackup:
    def test_may_take_longer_than_a_transaction_may_rest(self, installation: None) -> None:
        with ExitStack() as settings:
            if connection.vendor == "postgresql":
                cursor = settings.enter_context(connection.cursor())
                cursor.execute("SET idle_in_transaction_session_timeout = '50ms'")
                # Its connection goes back to the pool.
                settings.callback(cursor.execute, "RESET idle_in_transaction_session_timeout")
            with snapshot(connection):
                write_archive(Slow(connection, default_storage), BytesIO())

    def test_has_every_table_of_the_database(self, db: None) -> None:
        transferred = tables_of(models())
        for name in connection.introspection.table_names():
            is_known = name in transferred or name == JOURNAL or name.startswith((*DERIVED, HINTS))
            assert is_known, f"No backup has {name}: say in chat.management.transfer.tables how it comes back."

    def test_has_a_row_of_each_in_this_test(self, installation: None) -> None:
        made, sender = backup()
        assert sender.totals.tables.keys() == sender.tables.keys()
        assert sender.totals.files.count == len(NAMES)
        assert sender.lost == []
        assert len(made) > len(NAMES) * len(BYTES)

    def test_is_of_one_instant(self, installation: None) -> None:
        with snapshot(connection):
            sender = LiveInstallation(connection, default_storage)
            rows = sender.rows()
            next(rows)
            meanwhile(change)
            sent = [row for name, batch in rows for row in batch if name in ("chat_user", "chat_ratebucket")]
        assert len(sent) == 2
        assert not [row for row in sent if "later" in row]
        assert User.objects.get().username == "later"

    def test_says_which_bytes_are_lost(self, installation: None) -> None:
        default_storage.delete(NAMES["File"])
        made, sender = backup()
        assert sender.lost == [NAMES["File"]]
        empty()
        restore(made)
        assert File.objects.count() == 1


class TestARestoredInstallation:
    def test_has_what_there_was(self, archive: bytes) -> None:
        restore(archive)
        window, message = Window.objects.get(), Message.objects.get()
        assert (bytes(window.vector), message.content) == (VALUES["BinaryField"], VALUES["JSONField"])
        assert Session.objects.get().expire_date == AT
        for name in NAMES.values():
            with default_storage.open(name) as stored:
                assert stored.read() == BYTES

    def test_makes_the_same_backup(self, archive: bytes) -> None:
        sent = restore(archive)
        _again, sender = backup()
        assert sender.totals == sent

    def test_finds_words(self, archive: bytes) -> None:
        restore(archive)
        owner, store = User.objects.get(), VectorStore.objects.get()
        assert list(chats.search_threads(owner, "fjord")) == list(Thread.objects.all())
        assert list(index.search("Grüße", store=store, total=1).keys) == [Passage.objects.get().pk]
        Message.objects.all().delete()
        assert not chats.search_threads(owner, "fjord")

    def test_gives_no_number_twice(self, installation: None) -> None:
        deleted = Group.objects.create(name="deleted").pk
        Group.objects.filter(pk=deleted).delete()
        made, _ = backup()
        empty()
        restore(made)
        assert Group.objects.create(name="new").pk > deleted

    def test_lacks_what_was_deleted_meanwhile(self, installation: None) -> None:
        stream = BytesIO()
        with snapshot(connection):
            sender = Overtaken(connection, default_storage)
            write_archive(sender, stream)
        assert sender.lost == []
        assert sender.totals.deleted == [NAMES["File"]]
        empty()
        restore(stream.getvalue())
        assert not File.objects.exists()
        assert not Passage.objects.exists()
        assert UploadPart.objects.exists()

    def test_takes_files_that_are_there_from_an_interrupted_try(self, archive: bytes) -> None:
        default_storage.save(NAMES["File"], ContentFile(BYTES))
        default_storage.save(NAMES["UploadPart"], ContentFile(BYTES[:1000]))
        restore(archive)
        for name in NAMES.values():
            with default_storage.open(name) as stored:
                assert stored.read() == BYTES

    def test_replaces_no_other_file(self, archive: bytes) -> None:
        default_storage.save(NAMES["File"], ContentFile(BYTES.upper()))
        with pytest.raises(CommandError, match="has another files/ab/file-abab"):
            restore(archive)
        assert not User.objects.exists()

    def test_may_have_been_of_an_earlier_version(self, installation: None) -> None:
        newest = MigrationExecutor(connection).loader.graph.leaf_nodes("chat")
        MigrationExecutor(connection).migrate([("chat", "0021_code_sessions")])
        made, sender = backup()
        assert "chat_ratebucket" not in sender.tables
        MigrationExecutor(connection).migrate(newest)
        empty()
        restore(made)
        assert User.objects.count() == 1
        assert not RateBucket.objects.exists()
        assert not MigrationExecutor(connection).migration_plan(newest)
