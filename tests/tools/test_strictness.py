"""Schemas that are to be followed to the letter."""

from __future__ import annotations

from typing import Any

import pytest

from chat.tools.strictness import breach

TEXT = {"type": "string"}
OPEN = {"type": "object", "properties": {}}


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


class TestAStrictSchema:
    @pytest.mark.parametrize(
        "schema",
        [
            closed(),
            closed(a=TEXT, b={"type": ["string", "null"]}),
            closed(people={"type": "array", "items": closed(name=TEXT)}),
            closed(next={"anyOf": [{"$ref": "#"}, {"type": "null"}]}),
            {"type": "object", "additionalProperties": False},
            closed(odd=True),
        ],
    )
    def test_is_closed_and_complete(self, schema) -> None:
        assert breach(schema) is None

    @pytest.mark.parametrize("given", [True, {"type": "object"}])
    def test_allows_no_other_properties(self, given) -> None:
        assert breach(closed(a=TEXT) | {"additionalProperties": given}) == (
            "In context=(), 'additionalProperties' is required to be supplied and to be false."
        )

    @pytest.mark.parametrize("required", [[], ["b"]])
    def test_requires_every_property(self, required) -> None:
        assert breach(closed(a=TEXT, b=TEXT) | {"required": required}) == (
            "In context=(), 'required' is required to be supplied and to be an array including every key in"
            " properties. Missing 'a'."
        )

    def test_requires_nothing_that_is_not_there(self) -> None:
        assert str(breach(closed(a=TEXT) | {"required": ["a", "z"]})).endswith("Extra required key 'z' supplied.")

    def test_has_a_list_of_what_it_requires(self) -> None:
        assert "to be an array" in str(breach(closed(a=TEXT) | {"required": "a"}))

    @pytest.mark.parametrize("schema", [{}, {"type": "array", "items": TEXT}, None])
    def test_is_one_of_an_object(self, schema) -> None:
        assert "schema must be a JSON Schema of 'type: \"object\"'" in str(breach(schema))

    @pytest.mark.parametrize(
        ("schema", "context"),
        [
            (closed(a=OPEN), ("properties", "a")),
            (closed(a={"type": "array", "items": OPEN}), ("properties", "a", "items")),
            (closed(a={"anyOf": [TEXT, OPEN]}), ("properties", "a", "anyOf", "1")),
            (closed(a=TEXT) | {"$defs": {"B": OPEN}}, ("$defs", "B")),
            (closed(a={"type": ["object", "null"], "properties": {}}), ("properties", "a")),
            (closed(properties=closed(items=OPEN)), ("properties", "properties", "properties", "items")),
        ],
    )
    def test_has_strict_schemas_inside(self, schema, context) -> None:
        assert str(breach(schema)).startswith(f"In context={context!r}, 'additionalProperties'")

    def test_may_be_as_deep_as_it_likes(self) -> None:
        schema: dict[str, Any] = closed()
        for _level in range(5000):
            schema = closed(a=schema)
        assert breach(schema) is None
