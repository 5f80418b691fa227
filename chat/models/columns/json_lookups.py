"""Questions to the database that Django has no words for."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import BooleanField, F, Func, Value


class HasPair(Func):
    """True where the JSON object in ``column`` has the string ``value`` under ``key``.

    Django's own transforms take a key of digits for a place in an array, and SQLite's paths know no quotes in keys.
    """

    output_field = BooleanField()

    def __init__(self, column: str, key: str, value: str) -> None:
        super().__init__(F(column), Value(key), Value(value))

    def as_sql(self, compiler: Any, connection: Any, *_template: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        (column, in_column), (key, in_key), (value, in_value) = map(compiler.compile, self.get_source_expressions())
        # What Django compiled: the column quoted, key and value as placeholders.
        if connection.vendor == "sqlite":
            question = f"EXISTS (SELECT 1 FROM json_each({column}) WHERE key = {key} AND value = {value})"  # noqa: S608
        else:
            question = f"(({column} ->> {key}::text) = {value}::text)"
        return question, (*in_column, *in_key, *in_value)


class HasToolCall(Func):
    """True where the details of a step, JSON in ``column``, list a call of ``type``, such as ``code_interpreter``."""

    output_field = BooleanField()

    def __init__(self, column: str, type: str) -> None:
        super().__init__(F(column))
        self.type = type

    def as_sql(self, compiler: Any, connection: Any, *_template: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        column, in_column = compiler.compile(self.get_source_expressions()[0])
        if connection.vendor == "sqlite":
            calls = f"json_each({column}, '$.tool_calls')"  # the column quoted by Django; no rows without the key
            question = f"EXISTS (SELECT 1 FROM {calls} AS call WHERE json_extract(call.value, '$.type') = %s)"  # noqa: S608
            return question, (*in_column, self.type)
        pattern = json.dumps({"tool_calls": [{"type": self.type}]})
        return f"({column} @> %s::jsonb)", (*in_column, pattern)
