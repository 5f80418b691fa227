"""Which words of a text say what it is about."""

from __future__ import annotations

import pytest

from chat.documents.words import stem, words


class TestWords:
    def test_are_stems_in_order_without_stop_words(self) -> None:
        assert words("When do the City's libraries open, and who borrows books?") == [
            "city",
            "librar",
            "open",
            "borrow",
            "book",
        ]

    def test_of_an_eastern_script_are_its_characters_in_twos(self) -> None:
        assert words("図書館はカフェの隣、猫") == ["図書", "書館", "カフ", "フェ", "隣", "猫"]

    def test_have_no_accents(self) -> None:
        assert words("Käse aus Zürich", stop_words={"aus"}) == ["kase", "zurich"]

    def test_are_none_in_a_text_of_stop_words(self) -> None:
        assert words("What is it, and why? …") == []


class TestStem:
    @pytest.mark.parametrize(
        ("forms", "expected"),
        [
            (("open", "opens", "opened", "opening", "openings"), "open"),
            (("class", "classes"), "class"),
            (("prefix", "prefixes"), "prefix"),
            (("watch", "watches"), "watch"),
            (("house", "houses"), "house"),
            (("studies", "studied"), "stud"),
        ],
    )
    def test_is_what_forms_of_a_word_share(self, forms: tuple[str, ...], expected: str) -> None:
        assert {stem(form) for form in forms} == {expected}

    @pytest.mark.parametrize("word", ["is", "used", "sing", "bus", "red"])
    def test_leaves_short_words_alone(self, word: str) -> None:
        assert stem(word) == word
