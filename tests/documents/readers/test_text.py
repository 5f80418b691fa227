from __future__ import annotations

import pytest

from chat.documents.passages import cut_passages
from tests.documents.conftest import Reading


class TestATextFile:
    @pytest.mark.parametrize("name", ["notes.txt", "main.py", "feed.xml", "conf.yaml", "query.sql", "NOTES.TXT"])
    async def test_is_read_as_it_is(self, reading: Reading, name: str) -> None:
        text = "first\n    indented <b>&amp;</b>\n\nlast: 世界 😀 مرحبا"
        outcome = await reading(name, text.encode())

        assert outcome.text == text
        assert outcome.summary.kind == "text"
        assert {section.page for section in outcome.sections} == {None}

    @pytest.mark.parametrize(
        ("encoding", "text"),
        [
            ("utf-8-sig", "Zürich\n"),
            ("utf-16", "Zürich 世界 😀\n"),
            ("utf-16-le", "Zurich without a mark\n"),
            ("utf-16-be", "Zurich without a mark\n"),
            ("utf-32", "Zürich 😀\n"),
            ("cp1252", "Die Straßen von Zürich führen über Brücken nach Köln. Öl, Übermut, Ärger. " * 5),
            ("cp1251", "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива. " * 5),
            ("shift_jis", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。" * 5),
        ],
    )
    async def test_may_be_in_another_encoding(self, reading: Reading, encoding: str, text: str) -> None:
        assert (await reading("a.txt", text.encode(encoding))).text == text

    async def test_with_a_few_bad_bytes_is_read_with_a_warning(self, reading: Reading) -> None:
        content = "Grüße aus Köln. ".encode() * 100 + b"\xff" + "schöne Grüße ".encode() * 100
        outcome = await reading("a.txt", content)

        assert "Köln. \ufffdschöne" in outcome.text
        assert outcome.summary.warnings == ("Some characters could not be decoded.",)

    async def test_of_json_has_its_letters_as_letters(self, reading: Reading) -> None:
        text = r'{"a": "F\u00e4hre \ud83d\ude00", "b": "\\u00e4 \u0007"}'
        assert (await reading("a.txt", text.encode())).text == r'{"a": "Fähre 😀", "b": "\\u00e4 \u0007"}'
        assert (await reading("a.py", rb"x = '\u00e4'")).text == r"x = '\u00e4'"

    async def test_has_plain_line_ends_and_no_control_characters(self, reading: Reading) -> None:
        outcome = await reading("a.txt", b"one\r\ntwo\rthree\x00\x07 four\x0bfive " + b"words " * 100)

        assert outcome.text.startswith("one\ntwo\nthree four\nfive words")
        assert outcome.summary.pages == 0

    async def test_has_a_page_after_each_form_feed(self, reading: Reading) -> None:
        outcome = await reading("a.txt", b"ropes\fchains\nanchors\n\f\fbuoys\n\f")

        assert [(section.page, section.text) for section in outcome.sections] == [
            (1, "ropes\n"),
            (2, "chains\nanchors\n\n"),
            (4, "buoys\n\n"),
        ]
        assert outcome.summary.pages == 4

    async def test_is_read_without_what_terminals_and_printers_are_told(self, reading: Reading) -> None:
        content = b"N\bNA\bAM\bME\bE _\bl_\bs\x00 \x1b[1;31mred\x1b[0m\x07\n"
        assert (await reading("a.txt", content)).text == "NAME ls red\n"

    @pytest.mark.parametrize("ending", ["", "\n", "\f"])
    async def test_has_pages_that_end_at_form_feeds(self, reading: Reading, ending: str) -> None:
        outcome = await reading("a.txt", f"ropes\n\fchains\f\fbuoys{ending}".encode())

        assert [(section.page, section.text.strip()) for section in outcome.sections] == [
            (1, "ropes"),
            (2, "chains"),
            (4, "buoys"),
        ]
        assert "chains\n" in outcome.text

    async def test_of_many_sections_keeps_counting_its_pages(self, reading: Reading) -> None:
        outcome = await reading("a.txt", "".join(f"{'word ' * 900}\n\f" for _ in range(20)).encode())
        assert {section.page for section in outcome.sections} == set(range(1, 21))

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.xml", "<?xml version='1.0' encoding='koi8-r'?><p>шлюз</p>"),
            ("a.py", "# -*- coding: koi8-r -*-\nx = 'шлюз'"),
            ("a.css", '@charset "koi8-r";\n/* шлюз */'),
        ],
    )
    async def test_is_decoded_as_it_says(self, reading: Reading, name: str, content: str) -> None:
        assert (await reading(name, content.encode("koi8-r"))).text == content

    async def test_that_says_what_it_is_not_is_decoded_as_it_looks(self, reading: Reading) -> None:
        content = "<?xml version='1.0' encoding='shift_jis'?><p>Die Fähre fährt täglich übers Öresund</p>"
        assert (await reading("a.xml", content.encode("cp1252"))).text == content

    async def test_of_one_endless_line_comes_in_pieces_that_join_up(self, reading: Reading) -> None:
        text = "é" * 300_000
        outcome = await reading("a.txt", text.encode())

        assert len(outcome.sections) > 1
        assert outcome.text == text


class TestXml:
    async def test_has_its_letters_as_letters(self, reading: Reading) -> None:
        text = "<p>F&#228;hre &amp; M&ouml;we &#x1F600; &unknown; <![CDATA[a < b &&amp; c]]></p>"
        outcome = await reading("a.xml", text.encode())
        assert outcome.text == "<p>Fähre & Möwe 😀 &unknown; a < b && c</p>"
        assert (await reading("a.py", b"x = '&amp;'")).text == "x = '&amp;'"

    async def test_has_the_short_words_that_it_declares(self, reading: Reading) -> None:
        text = '<!DOCTYPE d [<!ENTITY toll "twelve"><!ENTITY a "&toll;&toll;"><!ENTITY f SYSTEM "/etc/passwd">]>\n'
        outcome = await reading("a.xml", f"{text}<d>&toll; &a; &f;</d>".encode())
        assert outcome.text.endswith("<d>twelve &a; &f;</d>")


class TestMarkdown:
    async def test_is_cut_at_its_headings_but_not_in_code(self, reading: Reading) -> None:
        text = "before\n# Cats #\npurr\n```sh\n# not a heading\n```\n## 子猫 🐈\nmew\n#hashtag\n"
        outcome = await reading("a.MD", text.encode())

        assert [(section.heading, section.text) for section in outcome.sections] == [
            ("", "before\n"),
            ("Cats", "# Cats #\npurr\n```sh\n# not a heading\n```\n"),
            ("子猫 🐈", "## 子猫 🐈\nmew\n#hashtag\n"),
        ]

    async def test_has_short_tables_as_they_are_and_names_the_columns_of_long_ones(self, reading: Reading) -> None:
        head = "Ports:\n\n| Port | Depth |\n|:-----|------:|\n"
        short, long = (
            head + "".join(f"| Quay {row} | {row} m |\n" for row in range(rows)) + "\nafter | it\n" for rows in (9, 90)
        )

        assert (await reading("a.md", short.encode())).text == short
        named = (await reading("a.md", long.encode())).text
        assert named.startswith("Ports:\n\nPort: Quay 0 | Depth: 0 m\n")
        assert named.endswith("Port: Quay 89 | Depth: 89 m\n\nafter | it\n")

    async def test_has_the_names_of_columns_in_each_passage_of_a_table(self, reading: Reading) -> None:
        table = "| Port | Depth |\n|---|---|\n" + "".join(f"| Quay {row} | {row} m |\n" for row in range(300))
        outcome = await reading("a.md", table.encode())
        passages = list(cut_passages(outcome.sections, max_tokens=200, overlap=50, count=lambda text: len(text) // 4))

        assert len(passages) > 5
        assert all("Port: " in passage.text and "Depth: " in passage.text for passage in passages)

    async def test_has_underlined_headings(self, reading: Reading) -> None:
        text = "Fees of the\nport\n====\ntwelve\n\nHours\n---\nseven\n\n"
        text += "- item\nmore\n---\n> quote\n===\n\n---\n```\nx\n---\n```\n"
        outcome = await reading("a.md", text.encode())

        assert [section.heading for section in outcome.sections] == ["Fees of the port", "Hours"]
        assert outcome.text == text

    async def test_begins_with_the_title_of_its_front_matter(self, reading: Reading) -> None:
        text = "---\ntitle: 'Port rules'\ndate: 2026\n---\nThe lock opens.\n# Fees\ntwelve\n"
        outcome = await reading("a.md", text.encode())

        assert [section.heading for section in outcome.sections] == ["Port rules", "Fees"]
        assert outcome.text == text

    async def test_says_where_links_lead_at_the_links(self, reading: Reading) -> None:
        text = "See [the page][P], [p][] and [q][r].\n\n[p]: <https://e.org/p> 'Page'\n"
        outcome = await reading("a.md", text.encode())
        assert outcome.text.startswith("See [the page](https://e.org/p), [p](https://e.org/p) and [q][r].\n")

    @pytest.mark.parametrize(
        ("line", "text"),
        [
            ("<h2 align=center>Fees</h2>", "## Fees"),
            ('The <b>lock</b> <!-- x --> <a href="https://e.org">opens</a>', "The lock [opens](https://e.org)"),
            ("<tr><td>Tarn</td><td>12</td></tr>", "| Tarn | 12"),
            ("<img src=a alt='The mole'>", "[Picture: The mole]"),
            ("x < y, List<String>, <a@b.org> &euro;12", "x < y, List<String>, <a@b.org> €12"),
            ("`<b>` &amp;", "`<b>` &amp;"),
            ("```\n<b>&amp;</b>\n```", "``` <b>&amp;</b> ```"),
        ],
    )
    async def test_is_read_without_tags(self, reading: Reading, line: str, text: str) -> None:
        assert " ".join((await reading("a.md", f"{line}\n".encode())).text.split()) == text


class TestLatex:
    async def test_is_cut_at_its_sections(self, reading: Reading) -> None:
        text = "\\title{T}\n\\section*{The \\emph{first} one}\nalpha\n\\subsection[short]{Second}\nbeta\n"
        outcome = await reading("a.tex", text.encode())

        assert [section.heading for section in outcome.sections] == ["", "The first one", "Second"]
        assert outcome.text == text

    @pytest.mark.parametrize(
        ("source", "text"),
        [
            (r"F\"ahre, \"{o}, {\"u}, \'{\i}, \^\i le, caf\'e", "Fähre, ö, ü, í, île, café"),
            (r"{\o}re, \o re, \ss{} Gro\ss e, \c{c}a, \v{s}, \v s, \l\'od\'z", "øre, øre, ß Große, ça, š, š, łódź"),
            (r"pages 3--7 --- ``yes''; --help", "pages 3–7 — “yes”; --help"),
            (r"hy\-phen a~b 50\% \& \$5 a\_b \ldots and \S 5", "hyphen a b 50% & $5 a_b … and § 5"),
            ("word % comment\n% whole line\nnext", "word next"),
            (r"\input{one} \theta \url{x} C:\users \\ \emph{x}", r"\input{one} \theta \url{x} C:\users \\ \emph{x}"),
            ('\\begin{verbatim}\n\\"a % b\n\\end{verbatim}', '\\begin{verbatim} \\"a % b \\end{verbatim}'),
        ],
    )
    async def test_has_its_letters_as_letters(self, reading: Reading, source: str, text: str) -> None:
        assert " ".join((await reading("a.tex", source.encode())).text.split()) == text


class TestCsv:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^"])
    async def test_names_the_column_of_every_cell(self, reading: Reading, delimiter: str) -> None:
        rows = [["name", "born", "quote"], ["Ada", "1815", f'"a{delimiter} b"'], ["李白", "701", ""]]
        outcome = await reading("a.csv", "\n".join(delimiter.join(row) for row in rows).encode())

        assert (
            outcome.text
            == f"name: Ada | born: 1815 | quote: {' '.join(f'a{delimiter} b'.split())}\nname: 李白 | born: 701\n"
        )

    async def test_with_cells_beyond_its_header_keeps_them(self, reading: Reading) -> None:
        assert (await reading("a.csv", b"x,y\na,b,c,d\n")).text == "x: a | y: b | c | d\n"

    @pytest.mark.parametrize(
        ("rows", "text"),
        [
            ("Port,2022,2023\nGullvik,closed,open\nTarn,31,29\n",
             "Port: Gullvik | 2022: closed | 2023: open\nPort: Tarn | 2022: 31 | 2023: 29\n"),
            (",2022,2023\nTarn,31,29\nMole,1,2\n", "Tarn | 2022: 31 | 2023: 29\nMole | 2022: 1 | 2023: 2\n"),
            ("Company:,Chandlers\n\nArticle,Shelf,Price\nShackle,B12,4\nRope,C1,9\n",
             "Company: | Chandlers\nArticle: Shackle | Shelf: B12 | Price: 4\nArticle: Rope | Shelf: C1 | Price: 9\n"),
            ("Ada,1815,1852\nBob,a,b\n", "Ada | 1815 | 1852\nBob | a | b\n"),
            ("only,words\n", "only | words\n"),
            ("sep=;\nArtikel;Preis\nKausche;1,20\n", "Artikel: Kausche | Preis: 1,20\n"),
        ],
    )  # fmt: skip
    async def test_has_the_header_that_a_person_sees(self, reading: Reading, rows: str, text: str) -> None:
        assert (await reading("a.csv", rows.encode())).text == text

    @pytest.mark.parametrize(
        ("rows", "text"),
        [
            ('Part,Size,Price\nHose,"long,4\nPipe,"a, b",3\nRope,c,5\n',
             'Part: Hose | Size: "long | Price: 4\nPart: Pipe | Size: a, b | Price: 3\n'
             "Part: Rope | Size: c | Price: 5\n"),
            ('Part,Size\nHose,wide\nPipe,"long\n', 'Part: Hose | Size: wide\nPart: Pipe | Size: "long\n'),
        ],
    )  # fmt: skip
    async def test_with_an_unclosed_quotation_mark_is_read_with_a_notice(
        self, reading: Reading, rows: str, text: str
    ) -> None:
        outcome = await reading("a.csv", rows.encode())

        assert outcome.text == text
        line = next(number for number, row in enumerate(rows.splitlines(), start=1) if row.count('"') % 2)
        assert outcome.summary.warnings == (f"The quotation mark in line {line} of the file is never closed.",)

    @pytest.mark.parametrize(
        ("rows", "text"),
        [
            ('Part,Size\nPipe,1/2" long\nHose,"3/4" wide"\n',
             'Part: Pipe | Size: 1/2" long\nPart: Hose | Size: 3/4 wide"\n'),
            ('Part,Note\nPipe,"long,\nand ""wide"""\n', 'Part: Pipe | Note: long, and "wide"\n'),
            ('Part, Note\nPipe, "long, wide"\n', "Part: Pipe | Note: long, wide\n"),
        ],
    )  # fmt: skip
    async def test_may_have_quotation_marks_of_other_meanings(self, reading: Reading, rows: str, text: str) -> None:
        outcome = await reading("a.csv", rows.encode())

        assert outcome.text == text
        assert outcome.summary.warnings == ()

    async def test_has_the_delimiter_that_parts_most_lines_alike(self, reading: Reading) -> None:
        rows = "Report of May, all ports\n\nPort;Price;Note\nGullvik;3,50;a|b\nTarn;4,75;c|d\n"
        assert (await reading("a.csv", rows.encode())).text == (
            "Report of May, all ports\nPort: Gullvik | Price: 3,50 | Note: a|b\nPort: Tarn | Price: 4,75 | Note: c|d\n"
        )

    async def test_of_numbers_alone_has_no_header(self, reading: Reading) -> None:
        assert (await reading("a.csv", b"1,2\n3,4\n")).text == "1 | 2\n3 | 4\n"
