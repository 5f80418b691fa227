"""A query that is compiled once finds what Django's own finds, whatever the values are."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import Model as DjangoModel
from django.db.models import Q, QuerySet
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext

from chat.models import Assistant, Thread, User
from chat.models.prepared_queries import Parameter, PreparedQuery

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
