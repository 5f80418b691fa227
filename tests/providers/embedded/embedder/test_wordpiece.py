from __future__ import annotations

import random
import unicodedata
from itertools import pairwise

import pytest

from chat.providers.embedded.embedder.wordpiece import FIRST, LAST, MOST_PIECES, UNKNOWN, encode, windows, words

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


class TestTheTokenizer:
    """The numbers are those of the model's published tokenizer."""

    @pytest.mark.parametrize(
        ("text", "numbers"),
        [
            ("", []),
            ("Hello, World!", [7592, 1010, 2088, 999]),
            ("unaffable embeddings", [14477, 20961, 3468, 7861, 8270, 4667, 2015]),
            ("don't", [2123, 1005, 1056]),
            ("a+b=$5", [1037, 1009, 1038, 1027, 1002, 1019]),
            ("Émile Zoë", [17127, 11199]),
            ("E\u0301mile", [17127]),
            ("ΣΊΣΥΦΟΣ", [1173, 18199, 29733, 29735, 29736, 29730, 29733]),
            ("İstanbul", [9960]),
            ("日本 x", [1864, 1876, 1060]),
            ("≮", [1026]),
            ("soft\u00adhyphen zero\u200bwidth", [3730, 10536, 8458, 2368, 5717, 9148, 11927, 2232]),
            ("tab\tline\r\nbell\x07 end", [21628, 2240, 4330, 2203]),
            ("great😀", [UNKNOWN]),
            ("[CLS] [SEP]", [1031, 18856, 2015, 1033, 1031, 19802, 1033]),
            ("x" * 101, [UNKNOWN]),
        ],
    )
    def test_gives_the_numbers_of_the_pieces(self, text: str, numbers: list[int]) -> None:
        assert pieces(text) == numbers

    def test_frames_what_it_gives(self) -> None:
        assert encode("hello", most=10) == [FIRST, 7592, LAST]

    def test_leaves_out_what_is_too_much(self) -> None:
        assert encode("hello " * 20, most=3) == [FIRST, 7592, 7592, 7592, LAST]

    @pytest.mark.parametrize("text", ["\ud800", "a\udc00b", "\0\ufffd\u0301"])
    def test_stands_what_no_text_should_have(self, text: str) -> None:
        assert pieces(text) == pieces("".join(char for char in text if char.isascii() and char.isprintable()))


class TestTheWords:
    @pytest.mark.parametrize(
        ("text", "parts"),
        [
            (" two  words ", ["two", "words"]),
            ("stop. go", ["stop", ".", "go"]),
            ("日本語 and 中文", ["日", "本", "語", "and", "中", "文"]),
            ("cafe\u0301 nai\u0308ve", ["cafe\u0301", "nai\u0308ve"]),
            ("𝒜 👨‍👩‍👧‍👦 b", ["𝒜", "👨‍👩‍👧‍👦", "b"]),
            ("한국어 ไทย", ["한국어", "ไทย"]),
            ("\u200b\n\x07\u0301", []),
        ],
    )
    def test_stand_where_they_are_said_to_stand(self, text: str, parts: list[str]) -> None:
        assert [text[word.start : word.end] for word in words(text)] == parts

    def test_have_as_many_pieces_as_the_model_is_given(self) -> None:
        text = "Pneumonoultramicroscopic words, naïve 日本語 & 3.14!"
        assert sum(word.pieces for word in words(text)) == len(pieces(text))

    def test_count_by_their_length_when_they_cannot_be_spelt(self) -> None:
        assert [word.pieces for word in words("😀 " + "x" * 102)] == [1, 26]

    def test_fall_into_parts_when_they_never_end(self) -> None:
        found = list(words("x" * 1_000_000))
        assert max(word.pieces for word in found) <= 254
        assert sum(word.end - word.start for word in found) == 1_000_000


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
