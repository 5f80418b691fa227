"""Queries that every request or run asks, compiled to SQL once.

Django compiles a query anew each time that it is asked, which takes longer than the database needs for a few rows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from inspect import signature
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import Expression
from django.db.models.query import ModelIterable, get_related_populators

Row = TypeVar("Row")


class Parameter(Expression):
    """The place of a value in a query that is compiled before the value is known."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return "%s", [self]


class PreparedQuery(Generic[Row]):
    """Decorates a function that returns a queryset, of objects or of ``values_list``, for its parameters.

    It is called once, with ``Parameter`` objects. The values of these may be texts, whole numbers, booleans, times.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Row]]) -> None:
        self.build = build
        self._statement: Statement[Row] | None = None

    def rows(self, *values: object, limit: int | None = None) -> list[Row]:
        """Return all rows for these values of the parameters, or the first ``limit``."""
        if self._statement is None:
            self._statement = Statement(self.build(*map(Parameter, range(len(signature(self.build).parameters)))))
        return self._statement.rows(values, limit=limit)

    def first(self, *values: object) -> Row | None:
        """Return the first row for these values of the parameters, None if there is none."""
        return next(iter(self.rows(*values)), None)


def _for_database(value: object) -> object:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


class Statement(Generic[Row]):
    """The SQL of a queryset, and how its columns become an object: as Django's own ``ModelIterable`` does it."""

    def __init__(self, queryset: QuerySet[Any, Row]) -> None:
        compiler: Any = queryset.query.get_compiler(connection=connection)
        self.sql, self.parameters = compiler.as_sql()
        iterable: Any = queryset._iterable_class
        self.model = queryset.model if iterable is ModelIterable else None
        expressions = [expression for expression, *_names in compiler.select]
        self.converters = compiler.get_converters(expressions)
        if self.model:
            places = compiler.klass_info["select_fields"]
            self.own = slice(places[0], places[-1] + 1)
            self.names = [expression.target.attname for expression in expressions[self.own]]
            database = connection.alias
            self.populators = get_related_populators(compiler.klass_info, compiler.select, database)  # type: ignore[call-arg]  # the stubs are of Django 6

    def rows(self, values: tuple[object, ...], *, limit: int | None) -> list[Row]:
        values = tuple(map(_for_database, values))
        parameters: list[Any] = [
            values[each.index] if isinstance(each, Parameter) else each for each in self.parameters
        ]
        sql = self.sql if limit is None else f"{self.sql} LIMIT {limit:d}"
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return [self._row(list(columns)) for columns in cursor.fetchall()]

    def _row(self, columns: list[Any]) -> Any:
        for place, (converters, expression) in self.converters.items():
            for convert in converters:
                columns[place] = convert(columns[place], expression, connection)
        if self.model is None:
            return tuple(columns)
        found = self.model.from_db(connection.alias, self.names, columns[self.own])
        for populator in self.populators:
            populator.populate(columns, found)
        return found
