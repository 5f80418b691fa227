from __future__ import annotations

import json

import pytest

from tests.documents.conftest import Reading


class TestJson:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ({"port": {"name": "Göteborg 😀", "open": True, "depth": 12.5, "fee": None}},
             "port.name: Göteborg 😀\nport.open: true\nport.depth: 12.5\nport.fee: null\n"),
            ([{"name": "Ada", "crew": [{"age": 33}, {"age": 41}]}, {"name": "Möwe\nII"}],
             "name: Ada | crew.age: 33, 41\nname: Möwe II\n"),
            ({"fleet": {"ships": [{"name": "Ada"}, "none"]}, "year": 1907},
             "fleet.ships: name: Ada\nfleet.ships: none\nyear: 1907\n"),
            ([1, [2, [3]], {}], "1\n2, 3\n"),
            ("one\n\ntwo", "one\n\ntwo\n"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
    async def test_is_a_line_a_record_or_value(self, reading: Reading, value: object, text: str, encoding: str) -> None:
        for content in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=2)):
            assert (await reading("a.json", content.encode(encoding))).text == text

    async def test_may_be_many_values(self, reading: Reading) -> None:
        content = b'{"a": 1, "b": [1, 2]}\n{"a": {"c": "x"}}\n\n[3, 4]\n'
        for name in ("a.jsonl", "a.ndjson", "a.json"):
            assert (await reading(name, content)).text == "a: 1 | b: 1, 2\na.c: x\n3, 4\n"

    @pytest.mark.parametrize("content", ['{"a": 1, // remark\n}', '{"a": NaN}', '{"a": [1', "word"])
    async def test_that_is_none_is_text(self, reading: Reading, content: str) -> None:
        assert (await reading("a.json", content.encode())).text == content

    async def test_of_long_records_comes_in_lines_that_name_their_keys(self, reading: Reading) -> None:
        outcome = await reading("a.json", json.dumps([{"ships": {"name": ["Ada"] * 20_000}}]).encode())

        assert outcome.text.count("Ada") == 20_000
        assert all(len(line) < 40_000 and line.startswith("ships.name: Ada") for line in outcome.text.splitlines())


class TestANotebook:
    async def test_is_its_cells_in_order_without_pictures(self, reading: Reading) -> None:
        outputs = [
            {"output_type": "stream", "text": ["12\n", "13\n"]},
            {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo", "text/plain": "<Figure>"}},
            {"output_type": "execute_result", "data": {"text/plain": "'quay'"}},
            {"output_type": "error", "ename": "ValueError", "evalue": "too deep"},
        ]
        cells = [
            {"cell_type": "markdown", "source": ["# Depths\n", "of the port"]},
            {"cell_type": "code", "source": "# soundings\nprint(depths)", "outputs": outputs},
        ]
        outcome = await reading("a.ipynb", json.dumps({"nbformat": 4, "cells": cells}).encode())

        assert [section.heading for section in outcome.sections] == ["Depths"]
        assert outcome.text == (
            "# Depths\nof the port\n\n```\n# soundings\nprint(depths)\n```\n\n```\n12\n13\n```\n\n```\n'quay'\n```\n\n"
            "```\nValueError: too deep\n```\n\n"
        )
