"""Keeps where deleted objects stood in their lists, for a day."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0014_rendered_messages")]

    operations = [
        migrations.CreateModel(
            name="DeletedPlace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("scope", models.CharField(max_length=64)),
                ("object_id", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("number", models.BigIntegerField()),
                ("deleted_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["object_id"], name="deleted_place_by_id")],
            },
        ),
    ]
