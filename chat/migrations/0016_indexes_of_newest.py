"""Lists of what is newest, of expired files and of shared assistants are read from indexes."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("chat", "0015_deleted_places")]

    operations = [
        migrations.AddIndex(
            "assistant", models.Index(fields=["audience"], name="assistant_by_audience")
        ),
        migrations.AddIndex(
            "file", models.Index(fields=["expires_at"], name="file_by_expiry", condition=Q(expires_at__isnull=False))
        ),
        migrations.AddIndex("message", models.Index(fields=["thread", "-number"], name="message_newest_of_thread")),
        migrations.AddIndex(
            "run", models.Index(fields=["thread", "-created_at", "-number"], name="run_newest_of_thread")
        ),
        migrations.AddIndex("run", models.Index(fields=["-created_at", "-number"], name="run_newest")),
        migrations.AddIndex("thread", models.Index(fields=["-active_at", "-number"], name="thread_by_activity")),
    ]
