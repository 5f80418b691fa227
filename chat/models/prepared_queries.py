"""Queries that every request or run asks, and rows that each writes, compiled to SQL once.

Django compiles a query anew each time that it is asked, which takes longer than the database needs for a few rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from inspect import signature
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Field, Model, QuerySet
from django.db.models.expressions import Expression
from django.db.models.query import ModelIterable, get_related_populators
from django.db.models.sql import InsertQuery, UpdateQuery

Row = TypeVar("Row")
AnyModel = TypeVar("AnyModel", bound=Model)


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


def _parameters(compiled: Iterable[Any], values: tuple[object, ...]) -> list[Any]:
    """Return the parameters that Django ``compiled``, with ``values`` in their places."""
    return [_for_database(values[each.index]) if isinstance(each, Parameter) else each for each in compiled]


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
        sql = self.sql if limit is None else f"{self.sql} LIMIT {limit:d}"
        with connection.cursor() as cursor:
            cursor.execute(sql, _parameters(self.parameters, values))
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


class PreparedUpdate:
    """Decorates a function that returns the queryset, for its parameters, whose rows are to be updated."""

    def __init__(self, build: Callable[..., QuerySet[Any]]) -> None:
        self.build = build
        self._statements: dict[tuple[str, ...], UpdateStatement] = {}  # by the names of the columns

    def update(self, *values: object, **columns: object) -> int:
        """Set ``columns`` in the rows for these values of the parameters. Return how many rows there were."""
        names = tuple(columns)
        if names not in self._statements:
            parameters = map(Parameter, range(len(signature(self.build).parameters)))
            self._statements[names] = UpdateStatement(self.build(*parameters), names)
        return self._statements[names].execute(values, columns.values())


class UpdateStatement:
    """The UPDATE of the rows of a queryset. ``names`` are those of the columns, as the model's fields have them."""

    def __init__(self, queryset: QuerySet[Any], names: tuple[str, ...]) -> None:
        query: Any = queryset.query.chain(UpdateQuery)
        self.fields = [query.get_meta().get_field(name) for name in names]
        query.add_update_fields([(field, None, Parameter(-1)) for field in self.fields])
        self.sql, parameters = query.get_compiler(connection=connection).as_sql()
        self.parameters = parameters[len(names) :]  # before them stand those of the columns

    def execute(self, values: tuple[object, ...], columns: Iterable[object]) -> int:
        parameters: list[Any] = [
            field.get_db_prep_save(value, connection) for field, value in zip(self.fields, columns, strict=True)
        ]
        parameters += _parameters(self.parameters, values)
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            return int(cursor.rowcount)


def insert(row: AnyModel) -> AnyModel:
    """Insert ``row``, which is new, as ``row.save(force_insert=True)`` does but without signals. Return it."""
    sql, fields = _insert_statement(type(row))
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, connection.alias
    return row


@cache
def _insert_statement(model: type[Model]) -> tuple[str, list[Field[Any, Any]]]:
    """Return the INSERT of a row, which returns its primary key, and the fields whose values it takes."""
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
    query: Any = InsertQuery(model)
    query.insert_values(fields, [model()])
    compiler = query.get_compiler(connection=connection)
    compiler.returning_fields = [model._meta.pk]
    ((sql, _values),) = compiler.as_sql()
    return sql, fields
