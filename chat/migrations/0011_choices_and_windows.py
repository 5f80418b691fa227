"""A temperature and a top p that nobody chose are null; models that nothing is known of are given a larger context."""

import django.core.validators
from django.db import migrations, models


def forget_defaults(apps, _schema_editor):
    """What was 1 was so by default almost always, and was never sent on."""
    for name in ("Assistant", "Run"):
        rows = apps.get_model("chat", name).objects
        if name == "Run":
            rows = rows.filter(status__in=("queued", "in_progress", "requires_action"))
        rows.filter(temperature=1).update(temperature=None)
        rows.filter(top_p=1).update(top_p=None)


def number(most=None):
    if most is None:
        return models.FloatField(null=True)
    bounds = [django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(most)]
    return models.FloatField(null=True, blank=True, validators=bounds)


class Migration(migrations.Migration):
    dependencies = [("chat", "0010_temporary_threads")]

    operations = [
        migrations.AlterField("assistant", "temperature", number(2)),
        migrations.AlterField("assistant", "top_p", number(1)),
        migrations.AlterField("run", "temperature", number()),
        migrations.AlterField("run", "top_p", number()),
        migrations.AlterField(
            "model",
            "context_window",
            models.PositiveIntegerField(default=128000, help_text="Tokens, question and answer together."),
        ),
        migrations.RunPython(forget_defaults, migrations.RunPython.noop),
    ]
