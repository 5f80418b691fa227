"""Compares the table of uses with the rows themselves: which files and vector stores do they name?

``tests/conftest.py`` does so after every test with a database, so that no code that writes such rows can forget it.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import chat
from chat.models import ResourceUse
from chat.models.resource_uses import COLUMNS, Row, add_uses, named_by

OURS = str(Path(chat.__file__).parent)


def wrong_uses() -> list[str]:
    """Return a line for each row that names other files and vector stores than the table says; none: all is right."""
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


def keep_uses(instance: Row, **_signal: Any) -> None:
    """For ``post_save``: rows that a test writes by hand, with no code of ours on the way, get their uses here."""
    frame: Any = sys._getframe()
    while frame := frame.f_back:
        if frame.f_code.co_filename.startswith(OURS):
            return
    instance.resource_uses.exclude(resource_id__in=named_by(instance)).delete()
    add_uses(instance)
