"""A database of the first release, with rows in it, becomes one of today and loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps.registry import Apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from chat.actions.conversation import threads
from chat.models import ResourceUse, Run, User, VectorStore
from tests.uses import wrong_uses

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
OLD = [("chat", "0004_code_interpreter"), ("admin", "0003_logentry_add_action_flag_choices")]
FILLED = ("chat", "0006_fill_resource_uses_and_origins")
ADDITION, CHANGE = 1, 2  # of LogEntry


def migrate(*targets: tuple[str, str]) -> Apps:
    """Go there and return the models as they are there."""
    executor = MigrationExecutor(connection)
    wanted = list(targets) or executor.loader.graph.leaf_nodes()
    executor.migrate(wanted)
    return MigrationExecutor(connection).loader.project_state(wanted).apps


@pytest.fixture
def old() -> Iterator[Apps]:
    """The models of a database that is as of 0004; afterwards it is today's again."""
    try:
        yield migrate(*OLD)
    finally:
        call_command("flush", interactive=False, verbosity=0)
        migrate()


def annotation(kind: str, file_id: str) -> dict[str, Any]:
    return {"type": kind, "text": "x", "start_index": 0, "end_index": 1, kind: {"file_id": file_id}}


def text(value: str, *annotations: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": {"value": value, "annotations": list(annotations)}}


def code_call(*, pictures: tuple[str, ...] = (), files: tuple[str, ...] = ()) -> dict[str, Any]:
    value = {
        "input": "plot()",
        "outputs": [
            {"type": "logs", "logs": "file-printed"},
            *({"type": "image", "image": {"file_id": id}} for id in pictures),
        ],
        "files": [{"name": f"{id}.csv", "file_id": id, "bytes": 1} for id in files],
    }
    return {"id": "call_1", "type": "code_interpreter", "code_interpreter": value}


class Filled:
    """Rows of every kind that names something; ``names`` is what they name, by their table's column and their key."""

    def __init__(self, apps: Apps) -> None:
        self.apps = apps
        self.owner = self.create("User", username="ada")
        self.names: dict[tuple[str, Any], set[str]] = {}
        self.add_conversation()
        self.add_stores()

    def create(self, name: str, app: str = "chat", /, **fields: Any) -> Any:
        return self.apps.get_model(app, name).objects.create(**fields)

    def add(self, column: str, model: str, named: set[str], /, **fields: Any) -> Any:
        row = self.create(model, **fields)
        self.names[column, row.pk if column == "queued_message" else row.id] = named
        return row

    def add_conversation(self) -> None:
        resources = {
            "code_interpreter": {"file_ids": ["file-a", "file-b"]},
            "file_search": {"vector_store_ids": ["vs_1"]},
        }
        both = {"file-a", "file-b", "vs_1"}
        assistant = self.add(
            "assistant", "Assistant", both, id="asst_1", owner=self.owner, name="A", tool_resources=resources
        )
        self.add("assistant", "Assistant", set(), id="asst_2", owner=self.owner, tool_resources={"file_search": {}})
        thread = self.add(
            "thread", "Thread", {"vs_1"}, id="thread_1", owner=self.owner, assistant=assistant,
            tool_resources={"file_search": {"vector_store_ids": ["vs_1"]}},
        )  # fmt: skip
        attachments = [{"file_id": "file-a", "tools": []}, {"tools": [{"type": "file_search"}]}, {"file_id": "file-a"}]
        shown = {"type": "image_file", "image_file": {"file_id": "file-p", "detail": "auto"}}
        linked = {"type": "image_url", "image_url": {"url": "https://example.org/file-u.png"}}
        question = {"content": [text("See file-t"), shown, linked], "attachments": attachments}
        self.add("message", "Message", {"file-a", "file-p"}, id="msg_1", thread=thread, role="user", **question)
        self.add("queued_message", "QueuedMessage", {"file-a", "file-p"}, thread=thread, client_key="k", **question)
        run = self.create("Run", id="run_1", thread=thread, assistant=assistant, model="m")
        names = ["run.created", "run.queued", "run.step.in_progress", "run.failed"]
        for seq, name in enumerate(names, start=1):
            created_at = run.created_at + timedelta(seconds=seq / 2)
            self.create(
                "RunEvent", run=run, seq=seq, name=f"thread.{name}", note="Why" * (seq == 4), created_at=created_at
            )
        self.create("Run", id="run_2", thread=thread, assistant=assistant, model="m", status="completed")
        answer = [shown, text("So", annotation("file_citation", "file-c"), annotation("file_path", "file-l"))]
        self.add(
            "message", "Message", {"file-p", "file-c", "file-l"}, id="msg_2", thread=thread, role="assistant",
            run=run, content=answer,
        )  # fmt: skip
        for number in range(20):
            plain = {"thread": thread, "role": "user", "content": [text("Hello")]}
            self.add("message", "Message", set(), id=f"msg_plain{number}", **plain)
        calls = [code_call(pictures=("file-p",), files=("file-l", "file-m")), code_call()]
        found = {"results": [{"file_id": "file-found", "file_name": "x", "score": 1.0}]}
        calls.append({"id": "call_2", "type": "file_search", "file_search": found})
        self.add(
            "step", "RunStep", {"file-p", "file-l", "file-m"}, id="step_1", run=run, type="tool_calls",
            details={"type": "tool_calls", "tool_calls": calls},
        )  # fmt: skip
        wrote = {"type": "message_creation", "message_creation": {"message_id": "msg_2"}}
        self.add("step", "RunStep", set(), id="step_2", run=run, type="message_creation", details=wrote)

    def add_stores(self) -> None:
        """Made in the admin, by programs, for threads; with a file that was read into passages."""
        kinds = {
            "vs_admin": {"name": "Handbook"},
            "vs_renamed": {"name": "", "expires_after": 7},  # in the admin, and later a program took its name
            "vs_1": {"name": "", "expires_after": 7},
            "vs_api": {"name": "Diary"},
            "vs_unnamed": {"name": ""},
            "vs_expiring": {"name": "Week", "expires_after": 7},
        }
        stores = {id: self.create("VectorStore", id=id, owner=self.owner, **fields) for id, fields in kinds.items()}
        content_type, _new = self.apps.get_model("contenttypes", "ContentType").objects.get_or_create(
            app_label="chat", model="vectorstore"
        )
        for id, flag in {"vs_admin": ADDITION, "vs_renamed": ADDITION, "vs_api": CHANGE}.items():
            fields = {"object_id": str(stores[id].pk), "object_repr": id, "action_flag": flag}
            self.create("LogEntry", "admin", user_id=self.owner.pk, content_type=content_type, **fields)
        file = self.create("File", id="file-a", owner=self.owner, filename="a.txt", content_type="text/plain", bytes=1)
        entry = self.create("VectorStoreFile", store=stores["vs_admin"], file=file, status="completed")
        passage = {"entry": entry, "place": 0, "text": "Leek soup.", "char_from": 0, "char_to": 10}
        self.create("Passage", **passage, window_from=0, window_to=0)


def counts(apps: Apps) -> dict[str, int]:
    """How many rows each table has, but for that of uses, and of the events of runs, which are a column now."""
    models = (model for label in ("chat", "admin") for model in apps.get_app_config(label).get_models())
    return {
        model.__name__: model.objects.count() for model in models if model.__name__ not in ("ResourceUse", "RunEvent")
    }


def uses() -> dict[tuple[str, Any], set[str]]:
    """What the table says, by column and key."""
    kept: dict[tuple[str, Any], set[str]] = {}
    for use in ResourceUse.objects.values():
        resource_id = use.pop("resource_id")
        (column, key), *others = [(name, value) for name, value in use.items() if name != "id" and value is not None]
        assert others == []
        kept.setdefault((column.removesuffix("_id"), key), set()).add(resource_id)
    return kept


def origins() -> dict[str, str]:
    return dict(VectorStore.objects.values_list("id", "origin"))


def columns_of(apps: Apps) -> dict[str, list[Any]]:
    """All that the rows say of themselves and that no migration is to touch."""
    asked = {"Message": "content", "RunStep": "details", "Thread": "tool_resources", "VectorStore": "metadata"}
    return {
        name: list(apps.get_model("chat", name).objects.order_by("pk").values_list("pk", "id", "created_at", column))
        for name, column in asked.items()
    }


def check(filled: Filled) -> None:
    assert uses() == {key: named for key, named in filled.names.items() if named}
    assert wrong_uses() == []
    assert origins() == {
        "vs_admin": "admin",
        "vs_renamed": "admin",
        "vs_1": "attachment",
        "vs_api": "api",
        "vs_unnamed": "api",
        "vs_expiring": "api",
    }


class TestADatabaseOfTheFirstRelease:
    def test_loses_no_row(self, old: Apps) -> None:
        Filled(old)
        before = counts(old), columns_of(old)
        new = migrate()
        after = counts(new)
        assert ({name: after[name] for name in before[0]}, columns_of(new)) == before
        connection.check_constraints()

    def test_is_filled_with_what_its_rows_name_and_how_its_stores_came_to_be(self, old: Apps) -> None:
        filled = Filled(old)
        migrate()
        check(filled)

    def test_still_removes_the_words_of_a_passage_with_it(self, old: Apps) -> None:
        Filled(old)
        new = migrate()
        passage = new.get_model("chat", "Passage").objects.get()
        with connection.cursor() as cursor:
            words = "words" if connection.vendor == "sqlite" else "scope, words"
            values = "'leek'" if connection.vendor == "sqlite" else "1, to_tsvector('leek')"
            cursor.execute(f"INSERT INTO chat_passage_words (rowid, {words}) VALUES (%s, {values})", [passage.pk])
            VectorStore.objects.all().delete()
            cursor.execute("SELECT count(*) FROM chat_passage_words")
            assert cursor.fetchone() == (0,)


class TestMessagesThatWereThere:
    def test_are_found_by_their_words(self, old: Apps) -> None:
        filled = Filled(old)
        migrate()
        owner = User.objects.get(pk=filled.owner.pk)
        (found,) = threads.search(owner, words="HELLO")
        assert found.id == "thread_1"
        assert not threads.search(owner, words="annotations")


class TestEventsOfRuns:
    KEPT = [[1, "thread.run.created", 0.5, ""], [2, "thread.run.queued", 1.0, ""], [4, "thread.run.failed", 2.0, "Why"]]

    def test_are_their_timelines(self, old: Apps) -> None:
        Filled(old)
        migrate()
        assert dict(Run.objects.values_list("id", "timeline")) == {"run_1": self.KEPT, "run_2": None}

    def test_are_rows_again_after_going_back(self, old: Apps) -> None:
        Filled(old)
        migrate()
        events = migrate(("chat", "0017_words_of_chats")).get_model("chat", "RunEvent").objects.order_by("seq")
        assert [[*row] for row in events.values_list("seq", "name", "note")] == [
            [seq, name, note] for seq, name, _seconds, note in self.KEPT
        ]
        migrate()
        assert Run.objects.get(id="run_1").timeline == self.KEPT


class TestAFillThatWasInterrupted:
    @pytest.mark.parametrize("batches", [0, 3])
    def test_is_run_again(self, batches: int, old: Apps, monkeypatch: pytest.MonkeyPatch) -> None:
        filled = Filled(old)
        fill_in_small_batches(monkeypatch)
        with monkeypatch.context() as patch:
            interrupt(patch, after=batches)
            with pytest.raises(KeyboardInterrupt):
                migrate()
        assert FILLED not in MigrationExecutor(connection).loader.applied_migrations
        migrate()
        check(filled)

    def test_changes_nothing_when_it_was_whole(self, old: Apps) -> None:
        filled = Filled(old)
        migrate()
        MigrationExecutor(connection).migrate([("chat", "0005_resource_uses_and_origins")])
        migrate()
        check(filled)  # neither going back nor forward again takes anything away


def fill_module() -> Any:
    loader = MigrationExecutor(connection).loader
    return __import__(loader.get_migration(*FILLED).__module__, fromlist=["ROWS"])


def fill_in_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill_module(), "ROWS", 2)


def interrupt(monkeypatch: pytest.MonkeyPatch, *, after: int) -> None:
    """Have the fill stop at the batch that follows ``after`` others."""
    module = fill_module()
    whole: Callable[..., Any] = module.islice
    taken = 0

    def islice(*args: Any) -> Any:
        nonlocal taken
        taken += 1
        if taken > after:
            raise KeyboardInterrupt
        return whole(*args)

    monkeypatch.setattr(module, "islice", islice)
