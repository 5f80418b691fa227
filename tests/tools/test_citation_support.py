"""Answers without citations get the sources on which they rest."""

from __future__ import annotations

import pytest

from chat.tools.citation_support import supporting_sources
from chat.tools.citations import CitableResult

PASSAGES = [
    "The library opens at nine o'clock on weekdays and closes at six in the evening.",
    "Members may borrow ten books for four weeks. Each late day costs twenty cents.",
    "図書館は平日の午前九時に開きます。",
]
SOURCES = {(4, rank): CitableResult(f"file-{rank}", f"{rank}.txt", text) for rank, text in enumerate(PASSAGES)}


class TestAnAnswer:
    @pytest.mark.parametrize(
        ("answer", "places"),
        [
            ("The library opens at nine on weekdays.", [(4, 0)]),
            ("You may borrow ten books. The library closes at six.", [(4, 1), (4, 0)]),
            ("図書館は九時に開きます。", [(4, 2)]),
            ("The passages do not say anything about parking.", []),
            ("Berlin is the capital of Germany.", []),
            ("", []),
            ("…", []),
        ],
    )
    def test_rests_on_the_passages_that_its_sentences_are_taken_from(self, answer: str, places: list) -> None:
        assert supporting_sources(answer, SOURCES) == places

    def test_names_a_source_once(self) -> None:
        assert supporting_sources("Ten books may be borrowed. Each late day costs twenty cents.", SOURCES) == [(4, 1)]
