"""Saving a row without a change changes nothing, and the history says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import get_type_hints

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db.models import Model as Row
from django.forms import model_to_dict
from django.urls import reverse

from chat.actions.access import api_keys
from chat.models import Alias, ApiKey, Assistant, File, Model, Provider, User, VectorStore
from chat.tools.declarations import normalised
from tests.admin.forms import filled_in

pytestmark = pytest.mark.django_db
LINES = "First line.\nSecond line.\n\n  Indented, and a last one.\n"


def assistant(boss: User) -> Assistant:
    """One with something in every field."""
    file = File.objects.create(owner=boss, filename="a.csv", bytes=5, purpose="assistants")
    store = VectorStore.objects.create(owner=boss, name="Handbook")
    search = {"max_num_results": 7, "ranking_options": {"score_threshold": 0.25, "ranker": "auto"}}
    function = {"name": "get_weather"}
    tools = [
        {"type": "code_interpreter"},
        {"type": "file_search", "file_search": search},
        {"type": "function", "function": function},
    ]
    made = Assistant.objects.create(
        owner=boss,
        name="Tutor",
        description=LINES.strip(),
        instructions=LINES,
        starter_prompts=["What is π?", "Quiz me."],
        tools=normalised(tools),
        tool_resources={"code_interpreter": {"file_ids": [file.id]}, "file_search": {"vector_store_ids": [store.id]}},
        metadata={"team": "maths"},
        temperature=0.3,
        reasoning_effort="low",
        audience="groups",
    )
    made.groups.add(Group.objects.create(name="Class 4"))
    return made


def plain_assistant(boss: User) -> Assistant:
    return Assistant.objects.create(owner=boss, name="Plain")


def store(boss: User) -> VectorStore:
    return VectorStore.objects.create(owner=boss, name="Handbook", description="Two\nlines", metadata={"a": "b"})


def model(_boss: User) -> Model:
    return Model.objects.create(provider=Provider.objects.get(), name="small", input_price="0.15")


def alias(boss: User) -> Alias:
    return Alias.objects.create(pattern="gpt-*", model=model(boss))


def user(_boss: User) -> User:
    return User.objects.create_user("eve", "eve@example.org", "correct horse battery")


def key(boss: User) -> ApiKey:
    return api_keys.create(boss, name="Program")[0]


def group(_boss: User) -> Group:
    return Group.objects.create(name="Class 5")


ROWS: list[Callable[[User], Row]] = [assistant, plain_assistant, store, model, alias, user, key, group]


@pytest.mark.parametrize("make", [*ROWS, lambda _boss: Provider.objects.get()], ids=lambda make: make.__name__)
def test_a_row_that_is_saved_without_a_change_stays_as_it_is(make, boss, enter, scripted) -> None:
    row, client = make(boss), enter(boss)
    opts = row._meta
    before = model_to_dict(type(row).objects.get(pk=row.pk))
    address = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])
    answer = client.post(address, filled_in(client.get(address).content.decode()))
    assert answer.status_code == 302, answer.context["errors"]
    assert model_to_dict(type(row).objects.get(pk=row.pk)) == before
    assert json.loads(LogEntry.objects.latest("pk").change_message) == []


def test_every_form_of_the_admin_is_tried(boss, scripted, rf) -> None:
    request = rf.get("/admin/")
    request.user = boss
    changeable = {model for model, each in admin.site._registry.items() if each.has_change_permission(request)}
    assert {hints["return"] for hints in map(get_type_hints, ROWS)} | {Provider} == changeable
