"""The tables that are transferred, and the one form that their values have whatever the engine.

A value is None, a number, a text, bytes, or an instant in UTC; JSON is its text, a decimal number too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import Field, FileField, Model
from django.db.models.fields.related import ForeignKey

Row = list[Any]
Convert = Callable[[Any], Any]

JOURNAL = "django_migrations"
"""What has been migrated: the manifest has it, and migrations write it."""

DERIVED = ("chat_passage_words", "chat_message_words", "chat_thread_words")
"""Made of the rows again (``chat.retrieval.keywords.rebuild``)."""

HINTS = "procrastinate_"
"""How the names of tables begin that hold hints only: the rows say what there is to do."""

OF_MIGRATIONS = ("django_content_type", "auth_permission", "auth_group", "auth_group_permissions")
"""Tables that have rows in an installation that nobody has used yet."""

COUNTING = ("AutoField", "BigAutoField")
PLAIN = {
    *COUNTING,
    *("BigIntegerField", "IntegerField", "SmallIntegerField"),
    *("PositiveIntegerField", "PositiveBigIntegerField", "PositiveSmallIntegerField"),
    *("CharField", "TextField", "FileField", "GenericIPAddressField", "FloatField", "JSONField"),
}
"""Kinds of columns whose values all engines give in that form."""


@dataclass(frozen=True)
class TransferTable:
    """A table. ``conversions`` are those of values that an engine gives in another form, by place in a row."""

    name: str
    columns: tuple[str, ...]
    conversions: tuple[tuple[int, Convert], ...]
    json_places: tuple[int, ...]
    file_place: int | None
    serial: str
    """The column that counts by itself; empty if none does."""

    @property
    def file_column(self) -> str:
        return "" if self.file_place is None else self.columns[self.file_place]


def tables_of(models: Iterable[type[Model]]) -> dict[str, TransferTable]:
    """Return the tables of ``models`` by name, in the order of names. Tables that Django does not manage are none."""
    managed = {model._meta.db_table: model for model in models if model._meta.managed and not model._meta.proxy}
    return {name: _table(managed[name]) for name in sorted(managed) if not name.startswith(HINTS)}


def _table(model: type[Model]) -> TransferTable:
    fields = model._meta.local_concrete_fields
    kinds = [_target(field).get_internal_type() for field in fields]
    conversions = [(place, _conversion(_target(field))) for place, field in enumerate(fields)]
    files = [place for place, field in enumerate(fields) if isinstance(field, FileField)]
    return TransferTable(
        name=model._meta.db_table,
        columns=tuple(str(field.column) for field in fields),
        conversions=tuple((place, convert) for place, convert in conversions if convert),
        json_places=tuple(place for place, kind in enumerate(kinds) if kind == "JSONField"),
        file_place=files[0] if files else None,
        serial=next((str(field.column) for field in fields if field.get_internal_type() in COUNTING), ""),
    )


def _target(field: Field[Any, Any]) -> Field[Any, Any]:
    """Return the field whose values ``field`` has: the one that a foreign key points to, else itself."""
    while isinstance(field, ForeignKey):
        field = field.target_field
    return field


def _conversion(field: Field[Any, Any]) -> Convert | None:
    """Return what brings a value of ``field`` into the one form. Raise ``NotImplementedError`` for unknown kinds."""
    kind = field.get_internal_type()
    if kind in PLAIN:
        return None
    if kind == "DecimalField":
        return partial(_decimal, places=field.decimal_places)  # type: ignore[attr-defined] # a DecimalField has it
    if kind not in CONVERSIONS:
        raise NotImplementedError(f"{field} is a {kind}, which {__name__} does not know. Say there how it is written.")
    return CONVERSIONS[kind]


def _instant(value: str | datetime) -> datetime:
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value.astimezone(UTC)


def _decimal(value: object, *, places: int) -> str:
    return f"{Decimal(str(value)):.{places}f}"


CONVERSIONS: dict[str, Convert] = {"BooleanField": bool, "BinaryField": bytes, "DateTimeField": _instant}
