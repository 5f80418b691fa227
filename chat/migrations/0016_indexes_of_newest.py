"""Lists of what is newest, of expired files and of shared assistants are read from indexes."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("chat", "0015_deleted_places"), ("admin", "0003_logentry_add_action_flag_choices")]

    operations = [
        migrations.AlterModelOptions(
            "apikey",
            {"ordering": ["-created_at", "-pk"], "verbose_name": "API key", "verbose_name_plural": "API keys"},
        ),
        migrations.AddIndex("apikey", models.Index(fields=["-created_at", "-id"], name="key_newest")),
        migrations.AddIndex("assistant", models.Index(fields=["audience"], name="assistant_by_audience")),
        migrations.AddIndex("assistant", models.Index(fields=["-created_at", "-number"], name="assistant_newest")),
        migrations.AddIndex(
            "file", models.Index(fields=["owner", "-created_at", "-number"], name="file_newest_of_owner")
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
        migrations.AddIndex(
            "thread", models.Index(fields=["owner", "-created_at", "-number"], name="thread_newest_of_owner")
        ),
        migrations.AddIndex(
            "thread", models.Index(fields=["active_at"], name="thread_temporary", condition=Q(temporary=True))
        ),
        migrations.AddIndex("upload", models.Index(fields=["status", "expires_at"], name="upload_by_expiry")),
        migrations.AddIndex(
            "vectorstore", models.Index(fields=["owner", "-created_at", "-number"], name="store_newest_of_owner")
        ),
        migrations.AddIndex("vectorstore", models.Index(fields=["-created_at", "-number"], name="store_newest")),
        # The admin's front page shows the newest entries of one user.
        migrations.RunSQL(
            "CREATE INDEX chat_newest_log_entries ON django_admin_log (user_id, action_time DESC)",
            "DROP INDEX chat_newest_log_entries",
        ),
    ]
