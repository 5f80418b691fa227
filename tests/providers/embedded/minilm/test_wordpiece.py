from __future__ import annotations

import pytest

from chat.providers.embedded.minilm.wordpiece import FIRST, LAST, UNKNOWN, encode, words


def pieces(text: str) -> list[int]:
    return encode(text, most=1000)[1:-1]


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
