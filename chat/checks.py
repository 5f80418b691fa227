"""What ``manage.py check`` looks at besides Django's own; ``check --database default`` asks the database too."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError

from chat.models import Provider


@register(Tags.files)
def data_folder_can_be_written(**_options: Any) -> list[CheckMessage]:
    folder = settings.EVERTHREAD_DATA_DIR
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"Everthread")
    except OSError as error:
        hint = "Set EVERTHREAD_DATA_DIR to a folder that can be written, or make room in it."
        problem = f"The data folder {str(folder)!r} cannot be written: {error.strerror}."
        return [Error(problem, hint=hint, id="chat.E001")]
    return []


@register(Tags.database)
def default_provider_is_set(databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """Nothing to say while the tables are not there: then ``serve`` will make the provider too."""
    if not databases or "default" not in databases:
        return []
    try:
        if Provider.objects.filter(is_default=True, enabled=True).exists():
            return []
    except DatabaseError:
        return []
    hint = "Make one the default in the admin, under Providers."
    return [Warning("No provider is the default, so most model names have no answer.", hint=hint, id="chat.W001")]
