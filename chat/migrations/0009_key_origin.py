"""Binds each provider's API key to the server that it is set for now."""

from urllib.parse import urlsplit

from django.db import migrations, models


def bind_keys(apps, _schema_editor):
    for provider in apps.get_model("chat", "Provider").objects.all():
        if provider.encrypted_key or provider.key_variable:
            parts = urlsplit(provider.base_url)
            provider.key_origin = f"{parts.scheme}://{parts.netloc.lower()}" if provider.base_url else ""
            provider.save(update_fields=["key_origin"])


class Migration(migrations.Migration):
    dependencies = [("chat", "0008_groups")]

    operations = [
        migrations.AddField("provider", "key_origin", models.CharField(editable=False, max_length=500, null=True)),
        migrations.RunPython(bind_keys, migrations.RunPython.noop),
    ]
