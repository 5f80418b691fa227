"""The table of routes as the API itself has it, those that its documentation hides too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from ninja import NinjaAPI
from ninja.operation import Operation
from pydantic import BaseModel

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Route:
    """One operation. ``path`` is as in ``/threads/{thread_id}``; ``parameters`` are the names in it, in order."""

    name: str
    method: str
    path: str
    parameters: tuple[str, ...]
    query: tuple[str, ...]
    body: Schema | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def id_places(self) -> list[str]:
        """Where ids stand in the body, as in ``messages[].attachments[].file_id``."""
        return sorted(set(places(self.body, self.body.get("$defs", {})))) if self.body else []


def routes(api: NinjaAPI) -> list[Route]:
    """All operations. Of several at one address the first is meant."""
    found: dict[str, Route] = {}
    for _prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                for method in operation.methods:
                    route = route_of(operation, method, path)
                    found.setdefault(str(route), route)
    return list(found.values())


def route_of(operation: Operation, method: str, path: str) -> Route:
    path = re.sub(r"\{path:(\w+)\}", r"{\1}", path)
    hints = get_type_hints(operation.view_func)
    query, body = model_in(hints.get("query")), model_in(hints.get("body"))
    return Route(
        name=operation.view_func.__name__,
        method=method,
        path=path,
        parameters=tuple(re.findall(r"\{(\w+)\}", path)),
        query=tuple(query.model_fields) if query else (),
        body=body.model_json_schema() if body else None,
    )


def model_in(hint: Any) -> type[BaseModel] | None:
    """The model of an argument that may be None."""
    found = [each for each in (hint, *get_args(hint)) if isinstance(each, type) and issubclass(each, BaseModel)]
    return found[0] if found else None


def places(
    schema: Schema, known: Mapping[str, Schema], at: str = "", within: frozenset[str] = frozenset()
) -> Iterator[str]:
    """The ways to all properties that are named like ids. What is ``within`` itself, such as filters, is seen once."""
    reference = schema.get("$ref", "").rpartition("/")[2]
    if reference and reference not in within:
        yield from places(known[reference], known, at, within | {reference})
    for way in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(way, ()):
            yield from places(each, known, at, within)
    if "items" in schema:
        yield from places(schema["items"], known, f"{at}[]", within)
    for name, inner in schema.get("properties", {}).items():
        place = f"{at}.{name}".lstrip(".")
        if name.endswith(("_id", "_ids")):
            yield place
        else:
            yield from places(inner, known, place, within)
