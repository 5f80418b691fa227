"""A text that comes in pieces: the same HTML as the whole text, each block once, and linear work."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from chat.web.markdown import BlockStream, render
from tests.web.markdown.samples import SAMPLES

# fmt: off
LINES = [
    "a", "text", "a | b", "|a|b|", "-|-", "|-|-|", "---", "===", "***", "# h", "## a | b", "#", "- a", "-", "* b",
    "1. one", "2. two", "3) x", "  - n", "    - n", "  more", "    code", "\tcode", "> q", ">", "> - q", ">> q",
    "> ```", "```", "```py", "~~~", "````", "   ```", "- ```", "$$", "$$ x $$", "$$ x", "x $$", "$$ x $$ t", "\\[",
    "\\]", "\\[ y \\]", "$a$", "", "", "", "  ", "<div>", "<br>", "**b**", "**", "`c`", "[l](u)", "- [x] done",
    "https://a.b", "--", "- -", "- - - a", "# c $$", "0. z", "text\\", "   x",
]
# fmt: on


def pieces(text: str, *, chance: random.Random, longest: int) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = start + chance.randint(1, longest)
        yield text[start:end]
        start = end


def streamed(text: str, *, chance: random.Random, longest: int) -> BlockStream:
    stream = BlockStream()
    closed = [block for piece in pieces(text, chance=chance, longest=longest) for block in stream.feed(piece)]
    closed += stream.finish()
    assert closed == stream.blocks
    return stream


class TestClosedBlocks:
    @pytest.mark.parametrize("text", SAMPLES)
    def test_are_together_the_html_of_the_whole_text(self, text: str) -> None:
        chance = random.Random(len(text))
        for longest in (1, 1, 3, 9, 40, 1000):
            stream = streamed(text, chance=chance, longest=longest)
            assert "".join(stream.blocks) == render(text)

    def test_are_so_for_any_mixture_of_lines(self) -> None:
        chance = random.Random(20261121)
        for _ in range(400):
            end = chance.choice(["\n", "\n", "\n\n", "\r\n"])
            text = end.join(chance.choices(LINES, k=chance.randint(1, 12))) + chance.choice(["", end])
            for longest in (1, 6, 30):
                assert "".join(streamed(text, chance=chance, longest=longest).blocks) == render(text), text

    def test_do_not_depend_on_the_pieces(self) -> None:
        text = "\n\n".join(SAMPLES[3:36])
        slow = BlockStream()
        for end in range(len(text)):
            slow.feed(text[end])
            if end % 97 == 0:
                at_once = BlockStream()
                at_once.feed(text[: end + 1])
                assert at_once.blocks[: len(slow.blocks)] == slow.blocks

    def test_are_one_for_each_block_of_the_text(self) -> None:
        stream = BlockStream()
        stream.feed("# A\n\ntext\n\n- b\n- c\n\nd")
        assert [block[:4] for block in stream.blocks] == ["<h3>", "<p>t", "<ul>"]

    @pytest.mark.parametrize(
        ("text", "tail"),
        [
            ("a paragraph\n", "a paragraph\n"),
            ("a paragraph\n\n", ""),
            ("# heading\n", ""),
            ("# may be | a table\n", "# may be | a table\n"),
            ("---\n", ""),
            ("```\ncode\n\n```", "```\ncode\n\n```"),
            ("```\ncode\n\n```\n", ""),
            ("$$\nx\n$$\n", ""),
            ("- item\n\n", "- item\n\n"),
            ("- item\n\n-", "- item\n\n-"),
            ("- item\n\n  more\n\n*", "- item\n\n  more\n\n*"),
            ("- item\n\ntext", "text"),
            ("- item\n\n**text", "**text"),
            ("1. item\n\n```\nx", "```\nx"),
            ("> quote\n\n", ""),
            ("|a|\n|-|\n|b|\n\n", ""),
            ("    code\n\n    more\n\n", "    code\n\n    more\n\n"),
            ("[a]: https://example.org\n\nsee [a]\n\n", ""),
            ("- item\n\n[a]: https://example.org\n'a\ntitle", "[a]: https://example.org\n'a\ntitle"),
        ],
    )
    def test_leave_what_may_still_change_in_the_tail(self, text: str, tail: str) -> None:
        stream = BlockStream()
        for character in text:
            stream.feed(character)
        assert stream.tail == tail

    def test_know_the_definitions_before_them(self) -> None:
        stream = BlockStream()
        for character in "[a]: https://example.org\n\nfirst\n\nsee [a]\n\n":
            stream.feed(character)
        assert 'href="https://example.org"' in stream.blocks[-1]

    def test_do_not_know_the_definitions_after_them(self) -> None:
        text = "see [a]\n\n[a]: https://example.org\n"
        assert "".join(streamed(text, chance=random.Random(0), longest=1).blocks) == "<p>see [a]</p>\n"
        assert "href" in render(text)

    def test_stay_when_the_text_grows_too_large(self) -> None:
        stream = BlockStream()
        stream.feed("a\n\n")
        stream.feed("b\n\n" * 20_000)
        assert stream.blocks == ["<p>a</p>\n"]
        assert stream.finish()[0].startswith('<pre class="as-written">b')


class TestText:
    def test_is_what_was_fed(self) -> None:
        text = "a\r\n\r\n\x00b\n\n- c"
        stream = BlockStream()
        for character in text:
            stream.feed(character)
        assert stream.text == text


class TestWork:
    """Counted in characters that the parser was given."""

    @pytest.mark.parametrize(
        "text",
        [
            "- item with some words\n" * 3_000,
            "- item\n\n" * 3_000,
            "- item\n\n    x\n\n" * 2_000,
            "1. item\n1) other\n" * 2_000,
            "> quote\n" * 5_000,
            "> a\nb\n" * 4_000,
            "text\n2. not a list\n" * 3_000,
            "# a | b\ntext\n" * 2_000,
            "|a|b|\n|-|-|\n" + "|c|d|\n" * 5_000,
            "$$\n" + "x\n" * 8_000,
            "    code\n" * 5_000,
            "```\n" + "code\n```x\n" * 3_000,
            "[a]: b\n" * 5_000,
            "words " * 10_000,
            "\n" * 15_000,
            "- a\n" + "b\n$$\n" * 4_000,
        ],
        ids=lambda text: repr(text[:12]),
    )
    @pytest.mark.parametrize("step", [7, 4_000])
    def test_is_linear_whatever_the_text(self, text: str, step: int) -> None:
        stream = BlockStream()
        for start in range(0, len(text), step):
            stream.feed(text[start : start + step])
            assert stream.parsed <= 4 * (start + step) + 4_096

    def test_is_little_more_than_the_text_for_an_answer(self) -> None:
        answer = "\n\n".join(SAMPLES[3:16]) * 8
        stream = streamed(answer, chance=random.Random(4), longest=8)
        assert stream.parsed < 2 * len(answer)

    def test_does_not_begin_for_a_line_that_is_not_whole(self) -> None:
        stream = BlockStream()
        for _ in range(1_000):
            stream.feed("word ")
        assert stream.parsed == 0

    def test_does_not_grow_inside_a_fence(self) -> None:
        stream = BlockStream()
        stream.feed("```py\n")
        before = stream.parsed
        for _ in range(1_000):
            stream.feed("# no heading\n\n- no list\n\ntext\n")
        assert stream.parsed == before
        stream.feed("```\n")
        assert len(stream.blocks) == 1
