"""Addresses of files that code has made, in Markdown: links and pictures of known files, and no way to forge one."""

from __future__ import annotations

import random
import re

import pytest

from chat.web.markdown import BlockStream, render
from chat.web.markdown.sanitize import LOST, link_placeholder, picture_placeholder
from tests.web.markdown.samples import SAMPLES
from tests.web.markdown.test_sanitize import HTML, MARKDOWN
from tests.web.markup import Elements, check_harmless

CSV, PLOT = "sandbox:/mnt/data/a_b_c.csv", "sandbox:/mnt/data/plot%201.png"
LINKS = {CSV: "/files/file-1/", PLOT: "/files/file-2/"}
GONE = "sandbox:/mnt/data/gone.csv"
LOST_WORDS = '<span class="lost" title="There is no such file.">{}</span>'


def drawn(text: str, links: dict[str, str] = LINKS) -> str:
    return str(render(text, (), links))


def link(words: str, number: int = 1) -> str:
    return f'<a class="made" href="/files/file-{number}/" download>{words}</a>'


class TestALink:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (f"[data]({CSV})", "data"),
            (f"[*the* `data`]({CSV})", "<em>the</em> <code>data</code>"),
            (f"see {CSV}", "a_b_c.csv"),
            (f"({CSV}).", "a_b_c.csv"),
            (f"<{CSV}>", CSV),
            (f"![no picture]({CSV})", "no picture"),
            (f"![]({CSV})", "a_b_c.csv"),
            (f"[data][1]\n\n[1]: {CSV}", "data"),
            (f"- item\n  - [data]({CSV} 'a title')", "data"),
            (f"| a |\n|---|\n| [data]({CSV}) |", "data"),
            (f"# [data]({CSV})", "data"),
        ],
    )
    def test_leads_to_the_file(self, text: str, words: str) -> None:
        assert link(words) in drawn(text)

    @pytest.mark.parametrize(
        "text",
        [f"[x]({PLOT})", "[x](<sandbox:/mnt/data/plot 1.png>)"],
    )
    def test_finds_a_name_with_blanks_however_it_is_written(self, text: str) -> None:
        assert link("x", 2) in drawn(text)

    def test_finds_a_name_in_any_script(self) -> None:
        name = "sandbox:/mnt/data/Größe 表.csv"
        assert link("x") in drawn(f"[x](<{name}>)", {name: "/files/file-1/"})

    @pytest.mark.parametrize("text", [f"`{CSV}`", f"```\n[x]({CSV})\n```", f"    {CSV}"])
    def test_is_left_as_it_is_in_code(self, text: str) -> None:
        assert "<a" not in drawn(text)
        assert CSV in drawn(text)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (f"[data]({GONE})", "data"),
            (f"[**data**]({GONE})", "<strong>data</strong>"),
            (f"![chart]({GONE})", "chart"),
            (f"![]({GONE})", "gone.csv"),
            ("[x](sandbox:)", "x"),
        ],
    )
    def test_without_a_file_is_words_that_say_so(self, text: str, words: str) -> None:
        assert drawn(text) == f"<p>{LOST_WORDS.format(words)}</p>\n"

    def test_is_a_matter_of_its_own_text_alone(self) -> None:
        assert link("x") in drawn(f"[x]({CSV})")
        assert "<a" not in drawn(f"[x]({CSV})", {})


class TestAPicture:
    def test_is_shown(self) -> None:
        html = drawn(f'![A "chart" <b>]({PLOT})')
        elements = Elements(html)
        assert elements.named("img") == [{"src": "/files/file-2/", "alt": 'A "chart" <b>', "loading": "lazy"}]
        assert elements.named("a")[0]["href"] == "/files/file-2/"
        assert "<b>" not in html

    def test_in_a_link_is_its_words(self) -> None:
        assert drawn(f"[![chart]({PLOT})]({PLOT})") == f"<p>{link('chart', 2)}</p>\n"

    def test_is_named_after_its_file_if_it_has_no_words(self) -> None:
        assert 'alt="plot 1.png"' in drawn(f"![]({PLOT})")


class TestAStream:
    TEXT = f"Here: [data]({CSV}), [gone]({GONE}).\n\n![chart]({PLOT})\n\n- {CSV}\n\nEnd"

    @pytest.mark.parametrize("seed", range(20))
    def test_has_the_links_of_the_whole_text(self, seed: int) -> None:
        chance, stream, at = random.Random(seed), BlockStream(), 0
        while at < len(self.TEXT):
            more = self.TEXT[at : (at := at + chance.randint(1, 30))]
            stream.feed(more, (), LINKS)
        stream.finish()
        assert "".join(stream.blocks) == drawn(self.TEXT)


class TestNobody:
    """can bring about a link or a picture that is none."""

    @pytest.mark.parametrize("text", [*HTML, *MARKDOWN, *SAMPLES])
    def test_by_a_text(self, text: str) -> None:
        check_harmless(drawn(text))

    @pytest.mark.parametrize(
        "text",
        [
            "[x](https://file-0123456789abcdef0123456789abcdef/0)",
            '<span class="file-0123456789abcdef0123456789abcdef">0</span>',
            '<a class="made" href="/sign-out/" download>x</a>',
            "[x](sandbox:/../../sign-out/)",
            "[x](sandbox:javascript:alert(1))",
        ],
    )
    def test_by_what_looks_like_one(self, text: str) -> None:
        check_harmless(drawn(text))

    def test_sees_the_marks(self) -> None:
        html = drawn(f"[x]({CSV}) ![y]({PLOT}) [z]({GONE})")
        secret = re.search(r"file-[0-9a-f]{32}", picture_placeholder(0))[0]
        assert secret in link_placeholder(0)
        assert secret not in html
        assert LOST not in html

    def test_by_the_name_of_a_file(self) -> None:
        name = 'sandbox:/mnt/data/"><img src=x onerror=alert(1)>.png'
        for text in (f"![{name}](<{name}>)", f"[x](<{name}>)", name):
            html = drawn(text, {name: '/files/"><script>/'})
            assert "<script" not in html
            assert all(each["src"].startswith("/files/") for each in Elements(html).named("img"))
