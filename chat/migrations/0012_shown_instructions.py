"""Hides the instructions of shared assistants in the runs of those who do not own them."""

from django.db import migrations, models
from django.db.models import F


def hide_instructions(apps, _schema_editor):
    runs = apps.get_model("chat", "Run").objects.filter(assistant__owner__isnull=False)
    runs.exclude(assistant__owner=F("thread__owner")).update(shown_instructions="")


class Migration(migrations.Migration):
    dependencies = [("chat", "0011_choices_and_windows")]

    operations = [
        migrations.AddField("run", "shown_instructions", models.TextField(editable=False, null=True)),
        migrations.RunPython(hide_instructions, migrations.RunPython.noop),
    ]
