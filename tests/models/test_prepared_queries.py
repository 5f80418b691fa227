"""Queries and writes that are compiled once do what Django's own do, whatever the values are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Model as DjangoModel
from django.db.models import Q, QuerySet
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.models import Assistant, Message, Run, RunStep, Thread, User
from chat.models.prepared_queries import Parameter, PreparedQuery, PreparedUpdate, insert

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


def columns(row: DjangoModel) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@PreparedQuery
def threads_of(owner: Parameter, title: Parameter) -> QuerySet[Thread]:
    return Thread.objects.select_related("owner", "assistant").filter(owner=owner, title=title, temporary=False)


@PreparedQuery
def titles_but(title: Parameter) -> QuerySet[Thread, tuple[str, dict[str, str]]]:
    return Thread.objects.filter(~Q(title=title)).order_by("title").values_list("title", "metadata")


class TestAPreparedQuery:
    def test_finds_the_same_objects_as_django(self, ada: User) -> None:
        assistant = Assistant.objects.create(owner=ada, name="Käse", metadata={"a": "1"}, temperature=0.5)
        thread = Thread.objects.create(owner=ada, assistant=assistant, title="one", metadata={"k": "ü"})
        Thread.objects.create(owner=ada, title="one", temporary=True)

        (found,) = threads_of.rows(ada.pk, "one")

        assert columns(found) == columns(Thread.objects.get(pk=thread.pk))
        assert columns(found.owner) == columns(ada)
        assert found.assistant is not None
        assert columns(found.assistant) == columns(assistant)
        assert model_to_dict(found) == model_to_dict(thread)
        assert not found._state.adding

    def test_asks_no_more_for_what_it_selected(self, ada: User) -> None:
        Thread.objects.create(owner=ada, title="one")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = threads_of.first(ada.pk, "one")
            assert found is not None
            assert found.owner.username == "ada"
            assert found.assistant is None

        assert len(queries) == 1

    def test_takes_other_values_each_time(self, ada: User) -> None:
        bob = User.objects.create_user("bob")
        for owner, title in ((ada, "one"), (ada, "two"), (bob, "one")):
            Thread.objects.create(owner=owner, title=title)

        found = [(user, title, threads_of.first(user.pk, title)) for user in (ada, bob) for title in ("one", "two")]

        assert [thread and (thread.owner, thread.title) for _user, _title, thread in found] == [
            (ada, "one"),
            (ada, "two"),
            (bob, "one"),
            None,
        ]

    def test_takes_a_value_for_a_value(self, ada: User) -> None:
        title = "' OR 1=1 -- %s \\"
        Thread.objects.create(owner=ada, title=title)

        assert len(threads_of.rows(ada.pk, title)) == 1
        assert threads_of.rows(ada.pk, "' OR 1=1 --") == []

    def test_returns_values_as_python_has_them(self, ada: User) -> None:
        for title in ("a", "b", "c"):
            Thread.objects.create(owner=ada, title=title, metadata={"title": title})

        assert titles_but.rows("b") == [("a", {"title": "a"}), ("c", {"title": "c"})]

    def test_sees_what_changed_since(self, ada: User) -> None:
        thread = Thread.objects.create(owner=ada, title="one")
        assert threads_of.first(ada.pk, "one") == thread

        Thread.objects.update(title="two")

        assert threads_of.first(ada.pk, "one") is None


@PreparedUpdate
def threads_titled(owner: Parameter, title: Parameter) -> QuerySet[Thread]:
    return Thread.objects.filter(owner=owner, title=title, temporary=False)


class TestAPreparedUpdate:
    def test_changes_the_rows_for_its_values_and_counts_them(self, ada: User) -> None:
        first, second = (Thread.objects.create(owner=ada, title="one") for _ in range(2))
        other = Thread.objects.create(owner=ada, title="two")

        changed = threads_titled.update(ada.pk, "one", title="' -- %s", metadata={"k": "ü"})

        assert changed == 2
        titles = [Thread.objects.get(pk=thread.pk).title for thread in (first, second, other)]
        assert titles == ["' -- %s", "' -- %s", "two"]
        assert Thread.objects.get(pk=first.pk).metadata == {"k": "ü"}

    def test_takes_other_columns_and_values_each_time(self, ada: User) -> None:
        thread = Thread.objects.create(owner=ada, title="one", archived_at=timezone.now())
        assistant = Assistant.objects.create(owner=ada, name="Käse")
        active_at = timezone.now() + timedelta(days=1)

        threads_titled.update(ada.pk, "one", active_at=active_at, assistant_id=assistant.id)
        threads_titled.update(ada.pk, "one", archived_at=None, title="two")
        assert threads_titled.update(ada.pk, "one", title="three") == 0

        thread.refresh_from_db()
        assert (thread.active_at, thread.assistant, thread.archived_at) == (active_at, assistant, None)
        assert thread.title == "two"


class TestAnInsertedRow:
    def test_is_found_as_it_was_written_with_its_key(self, ada: User) -> None:
        thread = Thread.objects.create(owner=ada)
        run = Run(thread=thread, model="m", tools=[{"type": "file_search"}], temperature=0.5, timeline=[[1, "ü"]])
        step = RunStep(run=run, type="tool_calls", details={"type": "tool_calls", "tool_calls": []})
        message = Message(thread=thread, role="user", content=[{"type": "text"}], client_key="k")
        for row in (run, step, message):
            assert insert(row) is row

            assert columns(type(row).objects.get(pk=row.pk)) == columns(row)  # type: ignore[attr-defined]
            assert not row._state.adding

    def test_can_be_changed_and_saved_afterwards(self, ada: User) -> None:
        thread = insert(Thread(owner=ada, title="one"))

        thread.title = "two"
        thread.save()

        assert [each.title for each in Thread.objects.all()] == ["two"]

    def test_is_refused_by_the_constraints_of_its_table(self, ada: User) -> None:
        thread = insert(Thread(owner=ada))

        with pytest.raises(IntegrityError), transaction.atomic():
            insert(Thread(owner=ada, id=thread.id))

        assert Thread.objects.count() == 1
