"""What people see of a Markdown text; what they must never see is in ``test_markdown_safety``."""

from __future__ import annotations

import itertools
import sys
import time
from types import FrameType

import pytest

from chat.web.markdown import render
from tests.web.markdown.samples import SAMPLES
from tests.web.markup import Elements

# fmt: off
HOSTILE = [
    "[", "](", "![", "[a](<b", "[a](b \"", "*", "*a_ ", "a**b", "_*", "`", "``` `", ">", "> a\n", "- ", "- a\n",
    "1) ", "<", "<a ", "<!--", "&", "&amp;", "\\", "\\\n", "$", "$x$ ", "\\(", "\\[\n", "\\[ ", "$$a\n", "$$x$$\n\n",
    "|", "a|b\n|-|-|\n", "~~a ", "http://", "http://a.b/( ", "a@b.", "[a]: b '\n", "[a]: <", "\t", "    a\n",
    "a\n=\n", "#\n", "- [ ] a\n", ">\n\n", "<br>", "```\n", "*a**b", "((((", "https://", "w", "é",
]
# fmt: on


def calls(source: str) -> int:
    """How many functions are called to render a text: work without a clock."""
    count = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        render(source)
    finally:
        sys.setprofile(before)
    return count


class TestText:
    @pytest.mark.parametrize(
        ("source", "html"),
        [
            ("a **b** *c* ~~d~~ `e`", "<p>a <strong>b</strong> <em>c</em> <s>d</s> <code>e</code></p>\n"),
            ("a\nb  \nc", "<p>a\nb<br>\nc</p>\n"),
            ("a<br>b<BR />c", "<p>a<br>\nb<br>\nc</p>\n"),
            ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
            ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>\n'),
            ("> a", "<blockquote>\n<p>a</p>\n</blockquote>\n"),
            ("---", "<hr>\n"),
            ("AT&T &amp; &copy; 1 < 2", "<p>AT&amp;T &amp; © 1 &lt; 2</p>\n"),
            ("\\*a\\*", "<p>*a*</p>\n"),
            ("", ""),
        ],
    )
    def test_is_commonmark(self, source: str, html: str) -> None:
        assert render(source) == html

    def test_has_headings_below_those_of_the_page(self) -> None:
        html = render("# 1\n## 2\n### 3\n#### 4\n##### 5\n###### 6\nA\n=\n")
        assert [tag for tag, _ in Elements(html).all] == ["h3", "h4", "h5", "h6", "h6", "h6", "h3"]

    def test_has_tables_whose_cells_are_aligned_by_class(self) -> None:
        html = render("| a | b | c | d |\n|---|:--|:-:|--:|\n| 1 | 2 | 3 |\n")
        elements = Elements(html)
        assert elements.all[0] == ("div", {"class": "table"})
        assert elements.named("th") == [{}, {"class": "left"}, {"class": "center"}, {"class": "right"}]
        assert len(elements.named("td")) == 4

    def test_has_task_lists(self) -> None:
        elements = Elements(render("- [x] done\n- [ ] to do\n"))
        assert elements.named("ul") == [{"class": "contains-task-list"}]
        assert ["checked" in box for box in elements.named("input")] == [True, False]

    def test_may_hold_anything(self) -> None:
        for sample in SAMPLES:
            assert render(sample) == render(sample)

    def test_is_marked_safe(self) -> None:
        assert hasattr(render("a"), "__html__")


class TestLinks:
    @pytest.mark.parametrize(
        ("source", "targets"),
        [
            ("[a](https://example.org/x?y=1&z=2)", ["https://example.org/x?y=1&z=2"]),
            ("<mailto:me@example.org> <me@example.org>", ["mailto:me@example.org"] * 2),
            ("see https://example.org/a_b_c.", ["https://example.org/a_b_c"]),
            (
                "(https://example.org/a_(b)), **https://example.org**",
                ["https://example.org/a_(b)", "https://example.org"],
            ),
            ("https://example.org/日本。次", ["https://example.org/%E6%97%A5%E6%9C%AC"]),
            ("[a]: http://example.org\n\n[a], [b][a]", ["http://example.org"] * 2),
            ("[https://example.org/a](https://example.org/b)", ["https://example.org/b"]),
            ("`https://example.org` xhttps://example.org http://", []),
        ],
    )
    def test_lead_to_addresses_of_the_web_and_of_mail(self, source: str, targets: list[str]) -> None:
        assert [link["href"] for link in Elements(render(source)).named("a")] == targets

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("[data.csv](sandbox:/mnt/data/data.csv)", "data.csv"),
            ("[the page](/admin/)", "the page"),
            ("[**bold** word](#x)", "bold word"),
            ("[a](javascript:alert(1))", "a"),
            ("[a](smb://evil.example/share)", "a"),
            ("a vector<std::string> and <foo:bar>", "a vector<std::string> and <foo:bar>"),
        ],
    )
    def test_keep_only_their_words_otherwise(self, source: str, words: str) -> None:
        elements = Elements(render(source))
        assert elements.named("a") == []
        assert elements.words.strip() == words

    @pytest.mark.parametrize(
        ("source", "targets", "words"),
        [
            ("![a *cat*](https://example.org/cat.png)", ["https://example.org/cat.png"], "a cat"),
            ("![](https://example.org/cat.png)", ["https://example.org/cat.png"], "https://example.org/cat.png"),
            ("[![badge](https://example.org/a.svg)](https://example.org)", ["https://example.org"], "badge"),
            ("![chart](data:image/png;base64,AAAA)", [], "chart"),
        ],
    )
    def test_stand_for_images(self, source: str, targets: list[str], words: str) -> None:
        elements = Elements(render(source))
        assert elements.named("img") == []
        assert [link["href"] for link in elements.named("a")] == targets
        assert elements.words.strip() == words


class TestCode:
    def test_is_highlighted_by_classes(self) -> None:
        html = render("```py\ndef f(): return '<b>'\n```")
        assert '<span class="k">def</span>' in html
        assert Elements(html[html.index("<pre") :]).words.strip() == "def f(): return '<b>'"

    @pytest.mark.parametrize(
        ("info", "label"),
        [
            ("python", "Python"),
            ("JS title=x", "JavaScript"),
            ("c++", "C++"),
            ("matlab", "MATLAB"),
            ("", ""),
            ("brainf-ck", "brainf-ck"),
            ("x" * 99, "x" * 30),
            ("&lt;b&gt;", "<b>"),
        ],
    )
    def test_says_its_language(self, info: str, label: str) -> None:
        html = render(f"```{info}\nx\n```")
        assert Elements(html.split("<button")[0]).words == label

    def test_has_a_button_to_copy_it(self) -> None:
        html = render("```\na\n```\n\n    b\n\n> ```\n> c\n")
        assert html.count('<button type="button" class="copy">') == 3

    @pytest.mark.parametrize("source", ["\n\n  a\n\n b\n\n", "\ttab <&> \"'\n", "é\u2028\n"])
    @pytest.mark.parametrize("info", ["python", "text", ""])
    def test_keeps_each_character(self, source: str, info: str) -> None:
        html = render(f"~~~{info}\n{source}~~~")
        assert Elements(html[html.index("<code>") :]).words == source + "\n"

    @pytest.mark.parametrize(
        "source",
        ["x = 1 + 2 + 3 + 4 + 5 + 6\n" * 4_000, "x = '" + "a" * 1_000 + "'\n"],
        ids=["more than 100,000 characters", "a line of 1,000"],
    )
    def test_is_not_highlighted_when_that_would_take_long(self, source: str) -> None:
        html = render(f"```python\n{source}```")
        assert Elements(html).named("span") == [{"class": "lang"}]

    def test_is_left_plain_when_its_lexer_is_slow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(time, "thread_time", itertools.count(0.0, 0.1).__next__)
        html = render("```c\n" + "int x;\n" * 100 + "```\n\n```c\nint x;\n```\n")
        assert Elements(html).named("span") == [{"class": "lang"}] * 2


class TestFormulas:
    @pytest.mark.parametrize(
        ("source", "display"),
        [
            ("$x^2$", "inline"),
            ("\\(x^2\\)", "inline"),
            ("$$x^2$$", "block"),
            ("\\[x^2\\]", "block"),
            ("so $$ x^2 $$.", "block"),
            ("so\n\\[\nx^2\n\\]\nnow", "block"),
            ("- a\n  $$\n  x^2\n  $$\n", "block"),
            ("> $$\n> x^2\n> $$\n", "block"),
            ("| a |\n|---|\n| $x^2$ |\n", "inline"),
        ],
    )
    def test_are_drawn(self, source: str, display: str) -> None:
        html = render(source)
        assert Elements(html).named("math") == [{"display": display, "alttext": "x^2"}]
        assert "<msup><mi>x</mi><mn>2</mn></msup>" in html

    @pytest.mark.parametrize(
        "source",
        [
            "$5 and $6",
            "$5-$6",
            "US$5 or A$6",
            "a $ b $ c",
            "\\$x\\$",
            "`$x$`",
            "$",
            "$$",
            "$$\n$$",
            "\\\\(x\\\\)",
            "$x\n\ny$",
            "$$\n\nx\n\n$$",
        ],
    )
    def test_are_not_seen_where_there_are_none(self, source: str) -> None:
        assert "<math" not in render(source)

    def test_may_hold_what_markdown_would_take_for_its_own(self) -> None:
        html = render("$$\na\n+ b_1 * c_2 * d\n= e\n$$")
        assert Elements(html).named("math")[0]["alttext"] == "a\n+ b_1 * c_2 * d\n= e"
        assert "<ul>" not in html

    @pytest.mark.parametrize(
        "tex",
        [
            *("\\frac{", "x^", "\\left( x", "\\unicode"),
            *("\\def\\a{\\a\\a}\\a", "\\newcommand{\\a}{b}\\a", "\\begin{nothing}x\\end{nothing}"),
            *("x" * 4_001, "{" * 1_000 + "}" * 1_000),
        ],
    )
    def test_are_shown_as_code_when_they_cannot_be_drawn(self, tex: str) -> None:
        html = render(f"$${tex}$$")
        assert Elements(html).all[-1] == ("code", {"class": "tex"})
        assert Elements(html).words.strip() == tex

    def test_are_shown_as_code_when_there_are_very_many(self) -> None:
        html = render("$" + "x" * 999 + "$\n\n")
        assert "<math" in html
        many = render(("$" + "x" * 999 + "$\n\n") * 40)
        assert many.count("<math") == 30
        assert many.count('<code class="tex">') == 10

    @pytest.mark.parametrize(
        ("tex", "mathml"),
        [
            ("a<b\\text{ & c}", "<mo>&lt;</mo><mi>b</mi><mtext>&nbsp;&amp;&nbsp;c</mtext>"),
            ("\\begin{aligned}a&=b\\end{aligned}", '<mtd class="tex-right"><mi>a</mi></mtd><mtd class="tex-left">'),
            ("\\boxed{x}", '<mrow class="tex-box">'),
            ("\\lim_{x}", "<munder><mo>lim</mo>"),
            ("\\begin{pmatrix}a\\end{pmatrix}^2", "<msup><mrow><mo>(</mo><mtable>"),
            ("\\arg x", "<mo>arg</mo>"),
            ("\\mathbb{R}", "<mi>ℝ</mi>"),
            ("x\\label{eq}\\nonumber", "<mrow><mi>x</mi></mrow></math>"),
        ],
    )
    def test_are_what_browsers_understand(self, tex: str, mathml: str) -> None:
        assert mathml in render(f"$${tex}$$")


class TestLargeTexts:
    """No text may take long."""

    @pytest.mark.parametrize(
        "source",
        ["a\n" * 20_001, "a" * 1_000_001, "- " * 50_001, "|" * 50_001, ">" * 50_001],
        ids=["lines", "characters", "list items", "cells", "quotes"],
    )
    def test_are_shown_as_they_are(self, source: str) -> None:
        assert render(source) == f'<pre class="as-written">{source.replace(">", "&gt;")}</pre>\n'

    @pytest.mark.parametrize("source", ["> " * 21 + "deep *a*", "- " * 11 + "deep *a*"])
    def test_keep_their_words_where_they_are_too_deep(self, source: str) -> None:
        html = render(f"{source}\n\nbelow\n")
        assert Elements(html).words.strip().startswith(source[:2])
        assert "deep <em>a</em>" in html
        assert html.endswith("<p>below</p>\n")

    def test_have_very_long_paragraphs_without_markup(self) -> None:
        assert render("*a*" + " word" * 4_000) == f"<p>*a*{' word' * 4_000}</p>\n"
        assert render("*a*\n\n" + "[" * 20_000).startswith("<p><em>a</em></p>")

    def test_have_markup_only_up_to_a_sum(self) -> None:
        html = render(("[" * 10_000 + "\n\n") * 6 + "*a*")
        assert html.endswith("<p>*a*</p>\n")

    @pytest.mark.parametrize("part", HOSTILE)
    def test_take_work_in_proportion(self, part: str) -> None:
        once, twice = (calls(part * (length // len(part))) for length in (2_000, 4_000))
        assert twice < 2.3 * once + 1_000

    @pytest.mark.parametrize("part", HOSTILE)
    def test_come_to_an_end(self, part: str) -> None:
        assert isinstance(render(part * (100_000 // len(part))), str)
