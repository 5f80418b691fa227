from __future__ import annotations

import random
import unicodedata
from itertools import pairwise

import pytest

from chat.providers.embedded.minilm.wordpiece import MOST_PIECES, encode, windows

SENTENCE = "The archive keeps every letter that the keeper of the lighthouse wrote. "
ALPHABETS = {
    "english": ["lighthouse", "keeper", "archive", "a", "of", "internationalisation", ".", ",", "\n", "\n\n", " "],
    "cjk": ["灯", "台", "守", "。", "，", "かな", "\n", " "],
    "emoji": ["😀", "👨‍👩‍👧‍👦", "ok", " ", "🇫🇷", "❤️"],
    "accents": ["e\u0301", "n\u0303o", "naïve", " ", "\u0301", "\u200b"],
    "thai": ["สวัสดี", "ครับ", " ", "ฯ"],
    "code": ["def", " ", "(", ")", "[", "]", "->", "\n", "    ", "0x1f", "_"],
}


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in windows(text)]


def pieces(text: str) -> list[int]:
    return encode(text, most=10**9)[1:-1]


class TestTheWindows:
    @pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u0301"])
    def test_of_a_text_without_words_are_none(self, text: str) -> None:
        assert windows(text) == []

    def test_of_a_short_text_are_one_without_the_space_around_it(self) -> None:
        assert windows("  Hello, world.\n") == [(2, 15)]

    @pytest.mark.parametrize("alphabet", ALPHABETS)
    def test_cover_all_words_and_can_each_be_taken_whole(self, alphabet: str) -> None:
        chance = random.Random(alphabet)
        text = "".join(chance.choices(ALPHABETS[alphabet], k=4000))

        found = windows(text)

        assert len(found) > 1
        assert all(before[1] <= after[0] for before, after in pairwise(found))
        assert max(len(pieces(part)) for part in cut(text)) <= MOST_PIECES
        assert [piece for part in cut(text) for piece in pieces(part)] == pieces(text)

    @pytest.mark.parametrize("alphabet", ALPHABETS)
    def test_take_no_mark_from_its_letter(self, alphabet: str) -> None:
        chance = random.Random(alphabet)
        text = "".join(chance.choices(ALPHABETS[alphabet], k=4000))
        assert not any(end < len(text) and unicodedata.category(text[end]) == "Mn" for _start, end in windows(text))

    def test_end_with_sentences(self) -> None:
        found = cut(SENTENCE * 100)
        assert all(part.endswith("wrote.") for part in found)

    def test_end_with_paragraphs_before_sentences(self) -> None:
        paragraphs = [(SENTENCE * 13).strip(), (SENTENCE * 17).strip()]
        assert cut("\n\n".join(paragraphs)) == paragraphs

    def test_end_with_chinese_sentences(self) -> None:
        assert all(part.endswith("。") for part in cut("灯台守は手紙を書いた。" * 100))

    def test_end_between_words_where_there_are_no_sentences(self) -> None:
        assert {word for part in cut("lighthouse keepers " * 1000) for word in part.split()} == {
            "lighthouse",
            "keepers",
        }

    def test_are_as_few_as_possible(self) -> None:
        assert len(cut("keeper " * (2 * MOST_PIECES))) == 2

    def test_are_of_about_one_length(self) -> None:
        sizes = [len(pieces(part)) for part in cut(SENTENCE * 20)]
        assert max(sizes) < 2 * min(sizes)

    def test_cut_a_word_that_never_ends(self) -> None:
        text = "start " + "x" * 10_000 + " end"
        found = cut(text)
        assert found[0].startswith("start")
        assert found[-1].endswith("end")
        assert max(map(len, found)) < 1500
        assert sum(map(len, found)) >= len(text) - len(found)
