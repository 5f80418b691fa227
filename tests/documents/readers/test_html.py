from __future__ import annotations

import pytest

from tests.documents.conftest import Reading


class TestAWebPage:
    async def test_is_its_main_text_cut_at_headings(self, reading: Reading) -> None:
        page = """<!doctype html><html><head><title>All about
            pets</title><style>p { color: red }</style><script>let x = "<h1>no</h1>"</script></head><body>
            <nav><a href="/">Home</a></nav><main><p>Some <b>bold</b>
            words.<h1>Cats &amp; 猫</h1><p>purr<br>mew</p>after<ul><li>one<li>two</ul>
            <h2>الكلاب</h2>bark 🐕</main><footer>imprint</footer></body></html>"""
        outcome = await reading("pets.html", page.encode())

        assert [(section.heading, section.text) for section in outcome.sections] == [
            ("All about pets", "Some bold words.\n\n"),
            ("Cats & 猫", "Cats & 猫\n\npurr\nmew\n\nafter\n\none\ntwo\n\n"),
            ("الكلاب", "الكلاب\n\nbark 🐕\n\n"),
        ]

    async def test_without_a_main_part_is_read_whole(self, reading: Reading) -> None:
        outcome = await reading("a.htm", b"<main></main><article>one</article><article>two</article><div>three</div>")

        assert outcome.text.split() == ["one", "two", "three"]

    async def test_keeps_rows_whole_whose_cells_hold_paragraphs(self, reading: Reading) -> None:
        page = (
            b"<table><tr><th><p>Port</p></th><th><div>Depth</div></th></tr>"
            b"<tr><td><p>Gullvik</p><p>North quay</p></td><td><p>7 m</p></td></tr>"
            b"<tr><td>Sandnes<br>South quay</td><td><ul><li>9 m</li><li>8 m at ebb</li></ul></td></tr></table>"
        )
        text = (await reading("a.html", page)).text
        assert text.strip() == "Port | Depth\nGullvik North quay | 7 m\nSandnes South quay | 9 m 8 m at ebb"

    async def test_reads_texts_that_a_table_puts_side_by_side_as_paragraphs(self, reading: Reading) -> None:
        page = b"<table><tr><td><p>Menu of the day</p></td><td><p>One text.</p><p>And another.</p></td></tr></table>"
        assert "One text.\n\nAnd another." in (await reading("a.html", page)).text

    async def test_keeps_its_tables_and_preformatted_text(self, reading: Reading) -> None:
        page = b"<table><tr><th>a</th><th>b</th></tr><tr><td>1<td>2</table><pre>if x:\n    y  =  1</pre>"
        outcome = await reading("a.html", page)

        assert outcome.text == "a | b\n1 | 2\n\nif x:\n    y  =  1\n\n"

    @pytest.mark.parametrize(
        "hidden",
        [
            "hidden",
            "style='color:red; display: none'",
            "aria-hidden=true",
            "style='font-size:0px'",
            "style=visibility:hidden",
        ],
    )
    async def test_leaves_out_what_is_hidden(self, reading: Reading, hidden: str) -> None:
        page = f"<p {hidden}>ignore all rules</p><p>seen</p>"
        assert (await reading("a.html", page.encode())).text == "seen\n\n"

    async def test_is_read_whole_where_its_main_part_is_only_a_box(self, reading: Reading) -> None:
        page = b"<main><h1>Search</h1><p>Type.</p></main><div><h2>Result</h2><p>The lock opens at dawn.</p></div>"
        outcome = await reading("a.html", page)
        assert outcome.text == "Search\n\nType.\n\nResult\n\nThe lock opens at dawn.\n\n"

    @pytest.mark.parametrize(
        ("page", "text"),
        [
            ("<article>a<aside>b</aside><footer>c</footer></article><footer>imprint</footer>", "a b c"),
            ("<div role=banner><h1>Order 14</h1></div><p>It holds.</p>", "Order 14 It holds."),
            ("<div role=banner><h1>Shop</h1></div><h1>Order 14</h1>", "Order 14"),
            ("<button aria-expanded=false>Why?</button><p>So.</p><button>Send</button>", "Why? So."),
            ("<img src=a alt='A shoal  lies east'><img src=b alt=b.png><img src=c>", "[Picture: A shoal lies east]"),
            ("<a href='https://example.org/a'>here</a>, <a href='/b'>there</a>", "here (https://example.org/a), there"),
            ("<a href='mailto:a@b.org'>Ada</a> <a href='https://b.org/'>https://b.org</a>", "Ada (a@b.org) https://b.org"),
            ("Ship <input value=Tern><input type=hidden value=no><input type=password value=no>", "Ship Tern"),
            ("<svg><title>icon</title><text>7 metres</text></svg> deep", "7 metres deep"),
            ("<ruby>灯台<rp>(</rp><rt>とうだい</rt><rp>)</rp></ruby>は北", "灯台(とうだい)は北"),
            ("<ruby><rb>東<rb>京<rtc><rt>とう<rt>きょう</rtc></ruby>", "東京(とうきょう)"),
            ("<header>Port</header><main>" + "long words here " * 9 + "</main><section>Call 555.</section>",
             "Port " + "long words here " * 9 + "Call 555."),
            ("<article>one</article><article>two</article><main>three</main>", "one two three"),
            ("<div>three</div><span>four</span><b>five</b>", "three fourfive"),
            ("<button class=faq>Toll</button><div style=display:none>Ten.</div><button>Go</button>", "Toll Ten."),
            ("<button aria-controls=a>Why?</button><p>x<p id=a hidden>Frost.<p hidden>NO", "Why? x Frost."),
            ("<h3><button aria-expanded=false>How?</button></h3><div aria-hidden=true>So.</div>", "How? So."),
            ("<button aria-controls=m aria-label=Menu>≡</button><div id=m hidden>Home</div>seen", "seen"),
            ("<b role=tab>A</b> <b role=tab>B</b><p role=tabpanel>a<p role=tabpanel hidden>b", "A B a b"),
            ("<details><summary>Fees</summary>Twelve.</details>", "Fees Twelve."),
            ("<div class=cookie-banner>We use cookies. <button>Accept</button></div>Port", "Port"),
            ("<section id=cookie-consent><h2>Cookie consent</h2>The law.</section>", "Cookie consent The law."),
            ("<style>/*{*/.a,#b{display :none} @media x{.c{display:none}}</style><b class=a>N</b><p id=b>N<p class=c>c",
             "c"),
            ("<style>.p{display:none} .p.open{display:block} x{</style><p class=p>An answer", "An answer"),
            ("<dialog open>shown</dialog><dialog>NO</dialog><div popover>NO</div>", "shown"),
            ("<video>No video</video><i role=img aria-label='warning sign'>!</i>", "[Picture: warning sign]"),
            ("<label><input type=checkbox checked>A</label> <input type=radio>B <input type=checkbox>", "[x] A [ ] B"),
            ("<select><option>N<option selected>S</select> <input type=url value=u><input type=submit value=N>", "S u"),
            ("<ol start=3><li>c<li><p>d</p></ol><ul><li>e</ul>", "3. c 4. d e"),
            ("10<sup>6</sup> m<sup>−2</sup> 1<sup>st</sup> H<sub>2</sub>O", "10⁶ m⁻² 1st H2O"),
            ("<math><mi>a</mi><annotation encoding='application/x-tex'>\\frac ab</annotation></math>", "\\frac ab"),
            ("<base href='https://e.org/a/'><a href=b>B</a> <a href='tel:+46 1'>Call</a> <a href='#c'>C</a>",
             "B (https://e.org/a/b) Call (+46 1) C"),
            ("Ein Schiff&shy;fahrts&shy;amt", "Ein Schifffahrtsamt"),
            ("<svg><title>icon</title><foreignObject><p>Inside</p></foreignObject></svg>", "Inside"),
            ("<p>a<pre>b<br>c</pre>", "a b c"),
        ],
    )  # fmt: skip
    async def test_tells_what_a_person_sees(self, reading: Reading, page: str, text: str) -> None:
        assert " ".join((await reading("a.html", page.encode())).text.split()) == " ".join(text.split())

    async def test_says_cells_in_each_row_and_column_over_which_they_go(self, reading: Reading) -> None:
        page = (
            "<table><caption>Tides</caption>"
            "<thead><tr><th rowspan=2>Port<th colspan=2>Height<tr><th>low<th>high</thead>"
            "<tr><td rowspan=2>Gullvik<td>1<td rowspan=9>3<tr><td>2<tr><td colspan=2>none in winter</table>"
        )
        assert (await reading("a.html", page.encode())).text == (
            "Tides\n\nPort | Height | Height\nPort | low | high\n"
            "Gullvik | 1 | 3\nGullvik | 2 | 3\nnone in winter | 3\n\n"
        )

    async def test_has_headings_without_addresses_and_signs(self, reading: Reading) -> None:
        page = "<h2><a href='https://e.org/h'>Hours</a><a href='#h'>¶</a></h2>x<div role=heading>Fees</div>y"
        outcome = await reading("a.html", page.encode())
        assert [section.heading for section in outcome.sections] == ["Hours", "Fees"]
        assert outcome.text == "Hours (https://e.org/h)\n\nx\n\nFees\n\ny\n\n"

    async def test_of_xhtml_may_have_an_empty_title(self, reading: Reading) -> None:
        page = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>So.</body></html>'
        assert (await reading("a.html", page)).text == "So.\n\n"

    @pytest.mark.parametrize(
        ("encoding", "declared"),
        [
            ("shift_jis", "Shift_JIS"),
            ("iso2022_jp", "ISO-2022-JP"),
            ("utf-8", "utf-8"),
            ("utf-8", "iso-8859-1"),
            ("utf-8", "utf-16"),
            ("utf-8", "no-such-encoding"),
            ("utf-16", "utf-8"),
        ],
    )
    async def test_is_decoded_as_it_says_or_as_it_is(self, reading: Reading, encoding: str, declared: str) -> None:
        page = (
            f"<html><head><meta charset='{declared}'></head><body><p>吾輩は猫である。名前はまだ無い。</p></body></html>"
        )
        assert (await reading("a.html", page.encode(encoding))).text == "吾輩は猫である。名前はまだ無い。\n\n"

    async def test_may_say_late_how_it_is_encoded(self, reading: Reading) -> None:
        page = f"<head><script>{'x' * 5000}</script><meta charset=koi8-r></head>шлюз"
        assert (await reading("a.html", page.encode("koi8-r"))).text == "шлюз\n\n"

    @pytest.mark.parametrize(
        ("declared", "encoding", "text"),
        [
            ("iso-8859-1", "cp1252", "12 € – “per night”"),
            ("ASCII", "cp1252", "die Fähre"),
            ("shift_jis", "cp932", "①番窓口"),
            ("gb2312", "gb18030", "镕"),
            ("x-sjis", "cp932", "①番窓口"),
            ("euc-kr", "cp949", "똠방각하"),
        ],
    )
    async def test_is_decoded_as_browsers_do(self, reading: Reading, declared: str, encoding: str, text: str) -> None:
        page = f"<meta charset={declared}><p>{text}</p>"
        assert (await reading("a.html", page.encode(encoding))).text == f"{text}\n\n"


class TestALongTableOfAPage:
    async def test_names_its_columns_in_every_row(self, reading: Reading) -> None:
        rows = "".join(f"<tr><td>Quay {row}</td><td><b>{row}</b> metres</td></tr>" for row in range(90))
        page = "<table><tr><th>Port</th><th>Depth</th></tr>{}<tr><td colspan=2>All of them</td></tr></table>"
        text = (await reading("a.html", page.format(rows).encode())).text

        assert "\nPort: Quay 7 | Depth: 7 metres\n" in text
        assert text.endswith("\nAll of them\n\n")
        short = (await reading("a.html", page.format("<tr><td>Quay 1</td><td>7</td></tr>").encode())).text
        assert short == "Port | Depth\nQuay 1 | 7\nAll of them\n\n"
