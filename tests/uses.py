"""Compares the table of uses with the rows themselves: which files and vector stores do they name?

``tests/conftest.py`` does so after every test with a database, so that no code that writes such rows can forget it.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from django.db import connection, models

import chat
from chat.models import ResourceUse
from chat.models.resource_uses import COLUMNS, Row, add_uses, named_by

OURS = str(Path(chat.__file__).parent)


def wrong_uses() -> list[str]:
    """Return a line for each row that names other files and vector stores than the table says; none: all is right."""
    if not _may_name_anything():
        return []
    wrong = []
    for model, column in COLUMNS.items():
        field: Any = ResourceUse._meta.get_field(column)
        kept: dict[Any, set[str]] = defaultdict(set)
        for key, resource_id in ResourceUse.objects.exclude(**{column: None}).values_list(field.attname, "resource_id"):
            kept[key].add(resource_id)
        for row in model._default_manager.all():
            named, known = set(named_by(row)), kept[getattr(row, field.target_field.attname)]
            if named != known:
                wrong.append(f"{model.__name__} {row.pk} names {sorted(named)}, and {sorted(known)} are kept")
    return wrong


def _may_name_anything() -> bool:
    """Return whether there are uses, or rows with a key of an id in their JSON: one cheap query after most tests."""
    wheres = {ResourceUse: "1 = 1"} | {model: _mentions_ids(model) for model in COLUMNS}
    selects = [f"SELECT 1 FROM {model._meta.db_table} WHERE {where}" for model, where in wheres.items()]
    with connection.cursor() as cursor:
        cursor.execute(f"{' UNION ALL '.join(selects)} LIMIT 1")
        return cursor.fetchone() is not None


def _mentions_ids(model: type[models.Model]) -> str:
    columns = [field.column for field in model._meta.fields if isinstance(field, models.JSONField)]
    return " OR ".join(
        f"CAST({column} AS TEXT) LIKE '%{key}%'" for column in columns for key in ("file_id", "vector_store_id")
    )


def keep_uses(instance: Row, created: bool, **_signal: Any) -> None:
    """For ``post_save``: rows that a test writes by hand, with no code of ours on the way, get their uses here."""
    if created and not any(named_by(instance)):
        return
    frame: Any = sys._getframe()
    while frame := frame.f_back:
        if frame.f_code.co_filename.startswith(OURS):
            return
    instance.resource_uses.exclude(resource_id__in=named_by(instance)).delete()
    add_uses(instance)
