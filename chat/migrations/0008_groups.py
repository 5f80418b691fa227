"""Makes the groups that staff are put into. A group of the same name that is there already is left as it is."""

from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

ALL = ("view", "add", "change", "delete")
VIEW = ("view",)
# Group → what its members may do with which rows, as the permissions of the admin.
GROUPS = {
    "Builder": {"assistant": ALL, "vectorstore": ALL, "model": VIEW, "alias": VIEW},
    "Curator": {"vectorstore": ALL, "assistant": VIEW},
    "Analyst": {"run": VIEW, "thread": VIEW, "assistant": VIEW, "vectorstore": VIEW, "model": VIEW, "alias": VIEW},
    "Support": {
        "thread": ("view", "read_messages"),
        "run": VIEW,
        "assistant": VIEW,
        "user": ("view", "change"),
        "apikey": ("view", "change"),
    },
    "Administrator": {
        "assistant": ALL,
        "vectorstore": ALL,
        "thread": ("view", "read_messages"),
        "run": VIEW,
        "provider": ALL,
        "model": ALL,
        "alias": ALL,
        "user": ALL,
        "apikey": ALL,
        "group": ALL,
    },
}


def make_groups(apps, _schema_editor):
    for label in ("chat", "auth"):
        # Django makes them only after the last migration.
        create_permissions(installed_apps.get_app_config(label), verbosity=0, apps=apps)
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label__in=("chat", "auth"))
    for name, rights in GROUPS.items():
        group, is_new = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        if is_new:
            group.permissions.set(permissions.filter(codename__in=codenames(rights)))


def codenames(rights):
    """Yield the permissions for ``rights``: ``view_run``, ``read_messages`` …"""
    for model, acts in rights.items():
        yield from (act if "_" in act else f"{act}_{model}" for act in acts)


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0007_runs_of_whom"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
