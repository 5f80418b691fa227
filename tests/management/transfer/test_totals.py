"""Rows are the same whatever the engine made of them."""

from __future__ import annotations

import pytest

from chat.management.transfer.tables import TransferTable
from chat.management.transfer.totals import Totals

TABLE = TransferTable("chat_x", ("id", "data"), conversions=(), json_places=(1,), file_place=None, serial="id")


def totals(*rows: list[object]) -> Totals:
    made = Totals()
    for row in rows:
        made.add_row(TABLE, row)
    return made


class TestDigests:
    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            ('{"b": 1.0, "a": [1e20, 0.10]}', '{"a": [100000000000000000000, 0.10], "b": 1.0}'),
            ('{"a":1,"a":2}', '{"a": 2}'),
            ('"\\u00fc"', '"ü"'),
            ("null", "null"),
        ],
    )
    def test_are_the_same_for_json_as_postgresql_keeps_it(self, written: str, kept: str) -> None:
        assert totals([1, written]) == totals([1, kept])

    def test_are_the_same_in_any_order(self) -> None:
        assert totals([1, None], [2, "[]"]) == totals([2, "[]"], [1, None])

    def test_tell_rows_apart(self) -> None:
        first = totals([1, "[1]"])
        for other in (totals([1, "[2]"]), totals([1, None]), totals([1, "[1]"], [1, "[1]"]), totals()):
            assert first.differences(other, files=True) == ["chat_x"]

    def test_tell_files_apart(self) -> None:
        first, other = Totals(), Totals()
        first.add_file("files/ab/file-ab", 1, "0a")
        other.add_file("files/ab/file-ab", 1, "0b")
        assert first.differences(other, files=True) == ["files"]
        assert first.differences(other, files=False) == []
