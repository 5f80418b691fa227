import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0013_provider_said")]

    operations = [
        migrations.CreateModel(
            name="RenderedMessage",
            fields=[
                (
                    "message",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="rendered_message",
                        serialize=False,
                        to="chat.message",
                        to_field="id",
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("html", models.TextField()),
            ],
        ),
    ]
