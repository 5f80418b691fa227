"""Markers of citations in Markdown: a chip wherever text stands, the marker itself in code, and no way to forge one."""

from __future__ import annotations

import random
import re

import pytest

from chat.web.markdown import BlockStream, CitationMark, render, with_numbers
from tests.web.markdown.samples import SAMPLES
from tests.web.markdown.test_sanitize import HTML, MARKDOWN
from tests.web.markup import Elements, check_harmless

MARKER = "【4:0†foods_*list*_|a.txt】"
CHIP = (
    '<span class="cite" role="button" tabindex="0" aria-haspopup="dialog"'
    ' title="Source 1: foods.txt" aria-label="Source 1: foods.txt">1</span>'
)
NONCHARACTERS = "\ufdd0\ufdd1\ufdd9"


def marks(text: str, marker: str = MARKER, *, label: str = "Source 1: foods.txt") -> list[CitationMark]:
    return [CitationMark(each.start(), each.end(), 1, label) for each in re.finditer(re.escape(marker), text)]


def drawn(text: str) -> str:
    """With ``C`` for the chip, as people would write the expected HTML."""
    return render(text, marks(text)).replace(CHIP, "C")


class TestAChip:
    @pytest.mark.parametrize(
        ("text", "html"),
        [
            ("Cake@.", "<p>CakeC.</p>\n"),
            ("@ begins", "<p>C begins</p>\n"),
            ("@", "<p>C</p>\n"),
            ("a@@b", "<p>aCCb</p>\n"),
            ("line@\nnext@", "<p>lineC\nnextC</p>\n"),
            ("**bold**@ **bold@** **“bold.”**@", None),
            ("_word_@ and *word@*", "<p><em>word</em>C and <em>wordC</em></p>\n"),
            ("~~gone@~~", "<p><s>goneC</s></p>\n"),
            ("# Title@", "<h3>TitleC</h3>\n"),
            ("- one@\n- two\n  - three@", None),
            ("1. one@\n2. two", "<ol>\n<li>oneC</li>\n<li>two</li>\n</ol>\n"),
            ("> quote@", "<blockquote>\n<p>quoteC</p>\n</blockquote>\n"),
            ("太字は**これです。**@次", "<p>太字は<strong>これです。</strong>C次</p>\n"),
            ("😀👩‍👩‍👧@ e\u0301@", "<p>😀👩‍👩‍👧C e\u0301C</p>\n"),
            ("a<br>b@", "<p>a<br>\nbC</p>\n"),
            ("[link](https://a.b)@", None),
            ("1 < 2@ & 3", "<p>1 &lt; 2C &amp; 3</p>\n"),
            ("cost $x$@ and $5@", None),
        ],
        ids=lambda value: repr(value)[:24] if value else "",
    )
    def test_stands_in_the_text(self, text: str, html: str | None) -> None:
        with_markers = text.replace("@", MARKER)
        assert html is None or drawn(with_markers) == html
        # The rest of the text is what it would be with any other bracket in that place.
        assert drawn(with_markers).replace("C", "") == render(text.replace("@", "【】")).replace("【】", "").replace(
            "C", ""
        )

    def test_stands_in_a_table(self) -> None:
        html = drawn(f"| a | b |\n|---|---|\n| one{MARKER} | {MARKER} |\n")
        assert "<td>oneC</td>\n<td>C</td>" in html

    @pytest.mark.parametrize(
        "text", [f"`x{MARKER}`", f"```py\nx = 1  # {MARKER}\n```", f"    indented {MARKER}", f"```{MARKER}\nx\n```"]
    )
    def test_is_not_put_into_code(self, text: str) -> None:
        html = render(text, marks(text))
        assert "cite" not in html
        assert "4:0†foods_" in Elements(html).words

    def test_is_not_put_into_a_formula(self) -> None:
        text = f"$x + {MARKER}$ and\n\n$$\n{MARKER}\n$$"
        assert "cite" not in render(text, marks(text))

    @pytest.mark.parametrize(
        "text",
        [f"[words{MARKER}](https://a.b)", f"[words](https://a.b/{MARKER})", f"![words{MARKER}](https://a.b/i.png)"],
    )
    def test_is_never_inside_a_link_and_its_marker_never_in_an_address(self, text: str) -> None:
        html = render(text, marks(text))
        assert re.search(r"<a[^>]*>(?:(?!</a>).)*<span", html) is None
        assert [each["href"] for each in Elements(html).named("a")] in (
            ["https://a.b"],
            ["https://a.b/"],
            ["https://a.b/i.png"],
        )
        assert "%EF%B7" not in html

    def test_ends_a_bare_address(self) -> None:
        assert Elements(drawn(f"see https://a.b/c{MARKER}")).named("a")[0]["href"] == "https://a.b/c"

    def test_escapes_the_names_of_files(self) -> None:
        label = "Source 1: <b>\"'&.pdf"
        html = render(f"a{MARKER}", marks(f"a{MARKER}", label=label))
        assert "<b>" not in html
        (chip,) = Elements(html).named("span")
        assert chip["title"] == chip["aria-label"] == label

    def test_has_its_number(self) -> None:
        text = "a[x]b[y]c[x]"
        places = [CitationMark(1, 4, 1, "one"), CitationMark(5, 8, 12, "twelve"), CitationMark(9, 12, 1, "one")]
        assert re.findall(r">(\d+)</span>", render(text, places)) == ["1", "12", "1"]

    def test_stands_in_a_text_that_is_too_large_to_be_parsed(self) -> None:
        text = f"a{MARKER}\n" + "x\n" * 20_001
        html = render(text, marks(text))
        assert html.startswith(f'<pre class="as-written">a{CHIP}\n')

    @pytest.mark.parametrize("place", [(-3, 2), (2, 2), (3, 1), (0, 99), (9, 12)])
    def test_is_left_out_where_the_text_has_no_such_place(self, place: tuple[int, int]) -> None:
        assert render("abc def", [CitationMark(*place, 1, "x")]) == "<p>abc def</p>\n"

    def test_is_left_out_where_another_is(self) -> None:
        html = render("abcdef", [CitationMark(1, 4, 1, "x"), CitationMark(2, 5, 2, "y")])
        assert re.findall(r">(\d)</span>", html) == ["1"]


class TestAForgery:
    def test_a_marker_that_no_annotation_names_is_text(self) -> None:
        assert render(f"typed {MARKER}") == "<p>typed 【4:0†foods_<em>list</em>_|a.txt】</p>\n"

    @pytest.mark.parametrize(
        "text", [f"a 【{NONCHARACTERS}】 b", f"【\ufdd0】 {MARKER}", NONCHARACTERS, "`【\ufdd0】`"]
    )
    def test_our_characters_in_a_text_mean_nothing(self, text: str) -> None:
        html = render(text, marks(text))
        assert html.count("<span") == text.count(MARKER)
        assert "\ufffd" in html
        assert not set(NONCHARACTERS) & set(html)

    def test_nor_do_they_when_they_are_written_as_entities_or_in_addresses(self) -> None:
        text = "&#xFDD0; 【&#xFDD0;】 [x](https://a/%E3%80%90%EF%B7%90%E3%80%91) " + MARKER
        html = render(text, marks(text))
        assert html.count("<span") == 1
        assert "%E3%80%90%EF%B7%90%E3%80%91" in html

    def test_nor_do_they_beside_a_marker(self) -> None:
        text = f"【\ufdd0{MARKER}\ufdd1】"
        assert render(text, marks(text)).count("<span") == 1

    def test_no_text_brings_anything_active_beside_chips(self) -> None:
        chance = random.Random(4711)
        known = [
            *HTML,
            *MARKDOWN,
            *([MARKER] * 20),
            "【\ufdd0】",
            "\n\n",
            "- ",
            "`",
            "```\n",
            "$",
            "**",
            "[",
            "](",
            ")",
            "|",
            "<",
            ">",
        ]
        for _ in range(300):
            text = "".join(chance.choices(known, k=chance.randint(2, 12)))
            check_harmless(render(text, marks(text)).replace(CHIP, ""))


class TestAStream:
    def fed(self, text: str, places: list[CitationMark], *, chance: random.Random) -> BlockStream:
        """In pieces that break no marker: the engine sees to that."""
        stream, start = BlockStream(), 0
        while start < len(text):
            end = start + chance.randint(1, 9)
            for mark in places:
                end = mark.end if mark.start < end < mark.end else end
            inside = [mark for mark in places if start <= mark.start < end]
            stream.feed(text[start:end], inside)
            start = end
        return stream

    @pytest.mark.parametrize("sample", SAMPLES)
    def test_shows_what_the_whole_text_shows(self, sample: str) -> None:
        chance = random.Random(len(sample))
        words = re.split(r"(?<= )", sample)
        text = "".join(word + (MARKER if chance.random() < 0.2 else "") for word in words)
        places = marks(text)
        stream = self.fed(text, places, chance=chance)
        stream.finish()
        assert "".join(stream.blocks) == render(text, places)

    def test_has_numbers_in_its_open_end(self) -> None:
        text = f"Cake{MARKER}.\n\nAnd tea{MARKER}, and"
        stream = self.fed(text, marks(text), chance=random.Random(1))
        assert stream.blocks == [f"<p>Cake{CHIP}.</p>\n"]
        assert stream.tail == "And tea[1], and"
        assert stream.text == text

    def test_counts_places_from_its_begin_whatever_the_line_ends(self) -> None:
        text = f"a\r\n\r\n😀{MARKER}\r\n\r\nb"
        stream = self.fed(text, marks(text), chance=random.Random(2))
        assert stream.blocks[1] == f"<p>😀{CHIP}</p>\n"


class TestAPlainText:
    def test_has_numbers_in_brackets(self) -> None:
        text = f"日本😀{MARKER} and 【4:1†typed】"
        assert with_numbers(text, marks(text)) == "日本😀[1] and 【4:1†typed】"
