from __future__ import annotations

import pytest

from chat.tools.file_search import MOST_QUERIES, queries_of


class TestQueries:
    @pytest.mark.parametrize(
        ("arguments", "queries"),
        [
            ('{"queries": ["tea", "coffee"]}', ["tea", "coffee"]),
            ('{"query": "tea"}', ["tea"]),
            ('{"text": "tea", "limit": 5}', ["tea"]),
            ('["tea", 7, null, "tea", " "]', ["tea"]),
            ("tea", ["tea"]),
            ('{"queries": 7}', []),
            ('{"queries": ["\\ud83d", "a\\u0000b"]}', ["?", "a\ufffdb"]),
            ("9" * 5000, ["9" * 1000]),
            ("", []),
        ],
    )
    def test_are_what_the_model_meant(self, arguments: str, queries: list[str]) -> None:
        assert [query[:1000] for query in queries_of(arguments)] == queries

    def test_are_few_and_short_whatever_the_model_writes(self) -> None:
        for arguments in ("[" * 100_000, f"{[str(number) for number in range(5000)]}".replace("'", '"')):
            queries = queries_of(arguments)
            assert 0 < len(queries) <= MOST_QUERIES
            assert all(len(query) < 10_000 for query in queries)
