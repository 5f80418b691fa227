"""What is searched for when the model does not say so itself."""

from __future__ import annotations

import pytest

from chat.tools.follow_up_queries import MOST, rewritten

LIBRARY = "When does the city library open on Sundays?"


class TestAQuestion:
    def test_is_its_own_query(self) -> None:
        assert rewritten([LIBRARY]) == [LIBRARY]

    @pytest.mark.parametrize("question", ["And on Mondays?", "How much does it cost to join?", "What about children?"])
    def test_that_follows_up_is_joined_with_the_one_before(self, question: str) -> None:
        assert rewritten([LIBRARY, question])[-1] == f"{LIBRARY} {question}"

    def test_that_stands_alone_is_left_alone(self) -> None:
        question = "Which museums in Berlin show Egyptian sculpture?"
        assert rewritten([LIBRARY, question]) == [question]

    def test_without_words_asks_for_what_was_asked_before(self) -> None:
        assert rewritten([LIBRARY, "?"]) == [LIBRARY]
        assert rewritten([LIBRARY, "Why?"]) == [LIBRARY]
        assert rewritten(["…"]) == []
        assert rewritten([]) == []

    def test_that_is_long_gives_its_two_ends(self) -> None:
        [query] = rewritten([f"first {'x ' * 5000} last"])
        assert len(query) <= MOST + 1
        assert query.startswith("first")
        assert query.endswith("last")
