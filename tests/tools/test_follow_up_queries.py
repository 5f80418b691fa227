"""What is searched for when the model does not say so itself."""

from __future__ import annotations

import pytest

from chat.tools.follow_up_queries import MOST, follow_up_queries
from tests.tools.follow_up_questions import ALONE, LEANING

LIBRARY = "When does the city library open on Sundays?"


class TestAQuestion:
    def test_is_its_own_query(self) -> None:
        assert follow_up_queries([LIBRARY]) == [LIBRARY]

    @pytest.mark.parametrize("question", ["And on Mondays?", "How much does it cost to join?", "What about children?"])
    def test_that_follows_up_is_joined_with_the_one_before(self, question: str) -> None:
        assert follow_up_queries([LIBRARY, question])[-1] == f"{LIBRARY} {question}"

    def test_that_stands_alone_is_left_alone(self) -> None:
        question = "Which museums in Berlin show Egyptian sculpture?"
        assert follow_up_queries([LIBRARY, question]) == [question]

    def test_without_words_asks_for_what_was_asked_before(self) -> None:
        assert follow_up_queries([LIBRARY, "?"]) == [LIBRARY]
        assert follow_up_queries([LIBRARY, "Why?"]) == [LIBRARY]
        assert follow_up_queries(["…"]) == []
        assert follow_up_queries([]) == []

    def test_that_is_long_gives_its_two_ends(self) -> None:
        [query] = follow_up_queries([f"first {'x ' * 5000} last"])
        assert len(query) <= MOST + 1
        assert query.startswith("first")
        assert query.endswith("last")


class TestAQuestionInAnyLanguage:
    @pytest.mark.parametrize("language", LEANING)
    def test_that_follows_up_is_mostly_searched_for_with_the_one_before(self, language: str) -> None:
        before = ALONE[language].split("\n")[1]
        questions = LEANING[language].strip().split("\n")
        joined = [question for question in questions if before in follow_up_queries([before, question])[-1]]
        assert len(joined) >= 0.8 * len(questions)

    def test_that_stands_alone_is_hardly_ever_joined(self) -> None:
        questions = {language: text.strip().split("\n") for language, text in ALONE.items()}
        asked = [(each[at - 1], each[at]) for each in questions.values() for at in range(len(each))]
        joined = [pair for pair in asked if len(follow_up_queries(pair)) > 1]
        assert len(joined) <= 0.05 * len(asked)

    @pytest.mark.parametrize("question", ["Warum?", "Pourquoi ?", "¿Por qué?", "Почему?", "なぜ？", "为什么？"])
    def test_without_words_asks_for_what_was_asked_before(self, question: str) -> None:
        language = {"W": "de", "P": "fr", "¿": "es", "П": "ru", "な": "ja", "为": "zh"}[question[0]]
        before = ALONE[language].split("\n")[1]
        assert before in follow_up_queries([before, question])[-1]
