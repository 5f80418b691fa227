from __future__ import annotations

import pytest

from chat.actions.knowledge.query_rewriting import rewrite_query


class TestAQuestion:
    @pytest.mark.parametrize(
        ("question", "search"),
        [
            ("What is the return policy?", "return policy"),
            ("Could you please tell me what the return policy is?", "return policy"),
            ("What’s new in Python 3.11?", "new in Python 3.11"),
            ("how do I install it", "install it"),
            ("Is the API free?", "API free"),
            ("Please show me the price of tea. Thank you!", "price of tea"),
            ('Tell me about "The Who"', '"The Who"'),
        ],
    )
    def test_is_searched_for_by_what_it_asks(self, question: str, search: str) -> None:
        assert rewrite_query(question) == search

    @pytest.mark.parametrize(
        "words",
        [
            "return policy",
            "The Who",
            "what-if analysis",
            "is-a relations",
            "can't log in",
            "東京はどこ?",
            "",
            "have-nots",
            "Was kostet der Eintritt am Sonntag?",
            "Hi, wie lange ist die Bibliothek offen?",
        ],
    )
    def test_is_none_if_nobody_asks(self, words: str) -> None:
        assert rewrite_query(words) == words

    @pytest.mark.parametrize("question", ["What?", "Who is who?", "What is it?", "Please", "What is , ?"])
    def test_of_which_nothing_would_be_left_stays(self, question: str) -> None:
        assert rewrite_query(question) == question
