"""Filters over attributes (reference, section 9)."""

from __future__ import annotations

from typing import Any

import pytest

from chat.retrieval.search.filters import matches

ATTRIBUTES = {"region": "EU", "year": 2024, "price": 9.5, "draft": False, "final": True, "zero": 0}


def of(type: str, key: str, value: Any) -> dict[str, Any]:
    return {"type": type, "key": key, "value": value}


def both(*filters: dict[str, Any]) -> dict[str, Any]:
    return {"type": "and", "filters": list(filters)}


def either(*filters: dict[str, Any]) -> dict[str, Any]:
    return {"type": "or", "filters": list(filters)}


EU, US = of("eq", "region", "EU"), of("eq", "region", "US")
NEW, OLD = of("gt", "year", 2020), of("lt", "year", 2020)


class TestAFilter:
    @pytest.mark.parametrize(
        "filters",
        [
            EU,
            of("eq", "year", 2024),
            of("eq", "year", 2024.0),
            of("eq", "draft", False),
            of("ne", "region", "US"),
            of("ne", "region", 1),
            of("gt", "year", 2023),
            of("gt", "price", 9),
            of("gte", "year", 2024),
            of("lt", "year", 2025),
            of("lte", "price", 9.5),
            of("gt", "region", "AU"),
            of("lte", "region", "EU"),
            of("in", "region", ["US", "EU"]),
            of("in", "year", [2023, 2024.0]),
            of("nin", "region", ["US", "UK"]),
            of("nin", "region", []),
            both(EU, NEW),
            either(US, NEW),
            both(EU, either(OLD, both(NEW, of("eq", "final", True)))),
            both(),
        ],
        ids=str,
    )
    def test_matches(self, filters: dict[str, Any]) -> None:
        assert matches(filters, attributes=ATTRIBUTES)

    @pytest.mark.parametrize(
        "filters",
        [
            US,
            of("eq", "region", "eu"),
            of("eq", "year", "2024"),
            of("ne", "region", "EU"),
            of("gt", "year", 2024),
            of("gte", "year", 2025),
            of("lt", "year", 2024),
            of("lte", "price", 9),
            of("lt", "region", "AU"),
            of("in", "region", ["US"]),
            of("in", "region", []),
            of("nin", "region", ["US", "EU"]),
            both(EU, OLD),
            either(US, OLD),
            either(US, both(EU, either(OLD, US))),
            either(),
        ],
        ids=str,
    )
    def test_does_not_match(self, filters: dict[str, Any]) -> None:
        assert not matches(filters, attributes=ATTRIBUTES)

    @pytest.mark.parametrize(("type", "value"), [("eq", 1), ("gt", 0), ("gte", 0), ("lt", 2), ("lte", 2), ("in", [1])])
    def test_takes_a_boolean_for_no_number(self, type: str, value: Any) -> None:
        assert not matches(of(type, "final", value), attributes=ATTRIBUTES)

    def test_takes_a_number_for_no_boolean(self) -> None:
        assert not matches(of("eq", "zero", False), attributes=ATTRIBUTES)
        assert matches(of("nin", "zero", [False, ""]), attributes=ATTRIBUTES)

    @pytest.mark.parametrize("type", ["gt", "gte", "lt", "lte"])
    def test_puts_no_order_between_strings_and_numbers(self, type: str) -> None:
        assert not matches(of(type, "region", 5), attributes=ATTRIBUTES)
        assert not matches(of(type, "year", "2000"), attributes=ATTRIBUTES)
        assert not matches(of(type, "final", True), attributes=ATTRIBUTES)

    @pytest.mark.parametrize(
        ("type", "value"), [("eq", "x"), ("gt", 0), ("gte", 0), ("lt", 9), ("lte", 9), ("in", ["x"])]
    )
    def test_never_matches_a_missing_key(self, type: str, value: Any) -> None:
        assert not matches(of(type, "colour", value), attributes=ATTRIBUTES)

    @pytest.mark.parametrize(("type", "value"), [("ne", "x"), ("nin", ["x"])])
    def test_matches_a_missing_key_if_it_asks_for_a_difference(self, type: str, value: Any) -> None:
        assert matches(of(type, "colour", value), attributes=ATTRIBUTES)

    def test_of_unknown_type_is_refused(self) -> None:
        with pytest.raises(ValueError, match="'like' is not a type of filter"):
            matches(of("like", "region", "E%"), attributes=ATTRIBUTES)
