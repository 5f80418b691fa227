"""The events of a run are a column of it, and no longer rows."""

from datetime import timedelta
from itertools import groupby

from django.db import migrations, models
from django.db.models import Q

ROWS = 500  # runs that are read and written at once
REDUNDANT = ("thread.run.step.in_progress", "thread.message.in_progress")  # which older releases kept


def batches(runs):
    last = 0
    while batch := list(runs.filter(pk__gt=last).order_by("pk").only("id", "created_at", "timeline")[:ROWS]):
        last = batch[-1].pk
        yield batch


def fill(apps, _schema_editor):
    Run, RunEvent = apps.get_model("chat", "Run"), apps.get_model("chat", "RunEvent")
    for runs in batches(Run.objects.all()):
        events = RunEvent.objects.filter(run__in=runs).exclude(name__in=REDUNDANT).order_by("run_id", "seq")
        of_run = {id: list(its) for id, its in groupby(events, key=lambda event: event.run_id)}
        kept = [run for run in runs if run.id in of_run]
        for run in kept:
            run.timeline = [
                [event.seq, event.name, round((event.created_at - run.created_at).total_seconds(), 3), event.note]
                for event in of_run[run.id]
            ]
        Run.objects.bulk_update(kept, ["timeline"])


def unfill(apps, _schema_editor):
    Run, RunEvent = apps.get_model("chat", "Run"), apps.get_model("chat", "RunEvent")
    for runs in batches(Run.objects.filter(timeline__isnull=False)):
        RunEvent.objects.bulk_create(
            RunEvent(run=run, seq=seq, name=name, created_at=run.created_at + timedelta(seconds=seconds), note=note)
            for run in runs
            for seq, name, seconds, note in run.timeline
        )


class Migration(migrations.Migration):
    dependencies = [("chat", "0017_words_of_chats")]

    operations = [
        migrations.AddField("run", "timeline", models.JSONField(editable=False, null=True)),
        migrations.RunPython(fill, unfill, elidable=True),
        migrations.DeleteModel("RunEvent"),
        migrations.AddIndex(
            "run",
            models.Index(fields=["created_at"], name="run_with_timeline", condition=Q(timeline__isnull=False)),
        ),
    ]
