"""The groups that are there from the start."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

pytestmark = pytest.mark.django_db
LISTS = ["assistant", "vectorstore", "thread", "run", "provider", "model", "alias", "user", "apikey"]
# Group → the lists that its members see, and those to which they may add.
SEE_AND_ADD = {
    "Builder": ({"assistant", "vectorstore", "model", "alias"}, {"assistant", "vectorstore"}),
    "Curator": ({"assistant", "vectorstore"}, {"vectorstore"}),
    "Analyst": ({"assistant", "vectorstore", "thread", "run", "model", "alias"}, set()),
    "Support": ({"assistant", "thread", "run", "user", "apikey"}, set()),
    "Administrator": (set(LISTS), {"assistant", "vectorstore", "provider", "model", "alias", "user", "apikey"}),
}
migration = import_module("chat.migrations.0008_groups")


@pytest.fixture(autouse=True)
def _groups() -> None:
    """As the migration leaves them; tests that commit have emptied the tables."""
    Group.objects.filter(name__in=SEE_AND_ADD).delete()
    migration.make_groups(apps, None)


@pytest.mark.parametrize("name", SEE_AND_ADD)
def test_members_see_and_add_what_their_group_is_for(name, make_staff, enter) -> None:
    staff = make_staff()
    staff.groups.set(Group.objects.filter(name=name))
    client = enter(staff)
    page = client.get("/admin/").content.decode()
    sees, adds = SEE_AND_ADD[name]
    assert {each for each in LISTS if client.get(reverse(f"admin:chat_{each}_changelist")).status_code == 200} == sees
    assert {each for each in LISTS if f'href="{reverse(f"admin:chat_{each}_add")}"' in page} == adds


@pytest.mark.parametrize(("name", "reads"), [("Analyst", False), ("Support", True), ("Builder", False)])
def test_only_support_and_administrators_read_what_people_wrote(name, reads) -> None:
    assert Group.objects.get(name=name).permissions.filter(codename="read_messages").exists() is reads


def test_a_group_that_was_there_before_gains_nothing() -> None:
    Group.objects.get(name="Support").permissions.clear()
    migration.make_groups(apps, None)
    assert not Group.objects.get(name="Support").permissions.exists()


def test_every_right_that_the_groups_name_exists() -> None:
    named = {code for rights in migration.GROUPS.values() for code in migration.codenames(rights)}
    assert named - set(Permission.objects.values_list("codename", flat=True)) == set()


@pytest.mark.parametrize(("name", "changes"), [("Builder", True), ("Support", False)])
def test_nobody_gives_through_a_group_what_they_may_not_do_themselves(name, changes, make_staff, enter) -> None:
    staff = make_staff("view_group", "change_group")
    staff.groups.set(Group.objects.filter(name="Builder"))
    group, reads = Group.objects.get(name=name), Permission.objects.get(codename="read_messages")
    own = Permission.objects.get(codename="view_assistant")
    page = reverse("admin:auth_group_change", args=[group.pk])
    assert (enter(staff).post(page, {"name": name, "permissions": [own.pk]}).status_code == 302) is changes
    enter(staff).post(page, {"name": name, "permissions": [own.pk, reads.pk]})
    assert group.permissions.filter(pk=reads.pk).exists() is not changes
    assert group.permissions.count() == (1 if changes else migration_count(name))


def migration_count(name: str) -> int:
    return len(list(migration.codenames(migration.GROUPS[name])))
