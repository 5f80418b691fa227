"""Keeps with each run the name of its assistant, which may be deleted later, and whether a program started it."""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce


def fill_names(apps, _schema_editor):
    names = apps.get_model("chat", "Assistant").objects.filter(id=OuterRef("assistant_id")).values("name")
    apps.get_model("chat", "Run").objects.update(assistant_name=Coalesce(Subquery(names), models.Value("")))


class Migration(migrations.Migration):
    dependencies = [("chat", "0006_fill_resource_uses_and_origins")]

    operations = [
        migrations.AddField("run", "assistant_name", models.CharField(blank=True, max_length=256)),
        migrations.AddField("run", "by_program", models.BooleanField(default=False)),
        migrations.RunPython(fill_names, migrations.RunPython.noop),
    ]
