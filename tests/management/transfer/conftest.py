"""An installation with a row in every table, its backup, and the database emptied."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Model
from django.db.models.fields import NOT_PROVIDED

from chat.management.transfer.archive import Archive, write_archive
from chat.management.transfer.receive import receive
from chat.management.transfer.rows import delete_rows, snapshot
from chat.management.transfer.sender import LiveInstallation
from chat.management.transfer.tables import OF_MIGRATIONS, tables_of
from chat.management.transfer.totals import Totals
from chat.models import Installation
from chat.models.threads import text_part

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
VALUES: dict[str, Any] = {
    "BooleanField": True,
    "BinaryField": bytes(range(256)) * 6,
    "CharField": "x",
    "DateTimeField": AT,
    "DecimalField": "1.25",
    "FloatField": 0.1,
    "GenericIPAddressField": "2001:db8::1",
    "JSONField": [text_part("Grüße vom Fjord")],
    "TextField": "Grüße,\n\t\\N und 東京",
}
NAMES = {"File": "files/ab/file-abab", "UploadPart": "uploads/upload_ab/part_ab"}
KNOWN = {
    **{(model, "content"): name for model, name in NAMES.items()},
    ("Message", "content"): VALUES["JSONField"],
    ("Assistant", "tool_resources"): {
        "file_search": {"vector_store_ids": [VALUES["CharField"]]}
    },  # as ResourceUse says
}
NEEDED = {("ResourceUse", "assistant")}
BYTES = b"A fjord is long. " * 40_000


def make_row(model: type[Model], made: dict[type[Model], Model]) -> Model:
    """Return a row of ``model``, and make those that it needs."""
    if there := made.get(model) or model._default_manager.first():
        return there
    values: dict[str, Any] = {}
    for field in model._meta.local_concrete_fields:
        kind = field.get_internal_type()
        if field.is_relation:
            is_empty = field.null and (model.__name__, field.name) not in NEEDED
            values[field.name] = None if is_empty else make_row(field.related_model, made)
        elif known := KNOWN.get((model.__name__, field.name)):
            values[field.name] = known
        elif field.default is NOT_PROVIDED and not kind.endswith("AutoField"):
            values[field.name] = VALUES.get(kind, 7)
    made[model] = row = model(**values)
    model._default_manager.bulk_create([row])
    return row


def models() -> list[type[Model]]:
    return [model for model in apps.get_models(include_auto_created=True) if tables_of([model])]


@pytest.fixture
def installation(transactional_db: None, media: Path, settings: Any) -> None:
    """A row in every table, and the bytes of the stored files."""
    made: dict[type[Model], Model] = {}
    for model in models():
        make_row(model, made)
    Installation.accepts(settings.SECRET_KEY, earlier=())
    for name in NAMES.values():
        default_storage.save(name, ContentFile(BYTES))


def backup() -> tuple[bytes, LiveInstallation]:
    stream = BytesIO()
    with snapshot(connection):
        sender = LiveInstallation(connection, default_storage)
        write_archive(sender, stream)
    return stream.getvalue(), sender


def empty() -> None:
    """Leave what a database has that nobody has used, and no stored file."""
    with transaction.atomic():
        for name, table in tables_of(models()).items():
            if name not in OF_MIGRATIONS:
                delete_rows(connection, table)
        with connection.cursor() as cursor:
            for table in ("chat_passage_words", "chat_message_words", "chat_thread_words"):
                cursor.execute(f"DELETE FROM {table}")
    for name in NAMES.values():
        default_storage.delete(name)


def restore(archive: bytes) -> Totals:
    return receive(Archive(BytesIO(archive)), default_storage)


@pytest.fixture
def archive(installation: None) -> bytes:
    """A backup of the installation, which is gone."""
    made, _ = backup()
    empty()
    return made
