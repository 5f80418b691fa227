"""The rules for a schema that a model follows to the letter: every object is closed, and nothing is optional."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
Path = tuple[str, ...]
# Where a schema keeps others: under names of its own, in a list, or one alone.
BY_NAME = ("properties", "$defs", "definitions")
LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
ALONE = ("items",)


def breach(schema: Any) -> str | None:
    """The first breach of the rules in ``schema``, as OpenAI words it; None if there is none."""
    if kind := not_an_object(schema):
        return kind
    for path, part in _objects(schema):
        if problem := _breach_of(part):
            return f"In context={path!r}, {problem}"
    return None


def not_an_object(schema: Any) -> str | None:
    """That ``schema`` is not the schema of an object, as OpenAI words it; None if it is."""
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    return None if kind == "object" else f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."


def _breach_of(schema: Schema) -> str | None:
    if schema.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    names, required = list(schema.get("properties") or ()), schema.get("required", [])
    every = "'required' is required to be supplied and to be an array including every key in properties."
    if not isinstance(required, list):
        return every
    if missing := next((name for name in names if name not in required), None):
        return f"{every} Missing '{missing}'."
    if extra := next((name for name in required if name not in names), None):
        return f"{every} Extra required key '{extra}' supplied."
    return None


def _objects(schema: Schema) -> Iterator[tuple[Path, Schema]]:
    """The schemas of objects in ``schema``, each with the way to it; outer before inner, in their order."""
    open: list[tuple[Path, Any]] = [((), schema)]
    while open:
        path, part = open.pop()
        if not isinstance(part, Mapping):
            continue
        if part.get("type") in ("object", ["object", "null"], ["null", "object"]) or "properties" in part:
            yield path, part
        open.extend(reversed(list(_inner(path, part))))


def _inner(path: Path, schema: Schema) -> Iterator[tuple[Path, Any]]:
    for key in BY_NAME:
        named = schema.get(key)
        for name, part in named.items() if isinstance(named, Mapping) else ():
            yield (*path, key, name), part
    for key in LISTED:
        listed = schema.get(key)
        for place, part in enumerate(listed if isinstance(listed, list) else ()):
            yield (*path, key, str(place)), part
    for key in ALONE:
        if key in schema:
            yield (*path, key), schema[key]
