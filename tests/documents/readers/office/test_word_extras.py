"""What Word shows and keeps beside the text."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from tests.documents import samples
from tests.documents.conftest import Reading
from tests.documents.samples import add_part, saved

MATH = "xmlns:m='http://schemas.openxmlformats.org/officeDocument/2006/math'"


def add(document: Any, xml: str) -> None:
    """Add a paragraph of these runs to the end."""
    paragraph = parse_xml(f"<w:p {nsdecls('w', 'r', 'wp', 'a')} {MATH}>{xml}</w:p>")
    document.element.body.insert(len(document.element.body) - 1, paragraph)


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t xml:space='preserve'>{text}</w:t></w:r>"


class TestNotes:
    @pytest.mark.parametrize("kind", ["footnote", "endnote"])
    async def test_stand_behind_the_paragraph_that_they_are_for(self, reading: Reading, kind: str) -> None:
        document = docx.Document()
        note = f"<w:{kind} w:id='2'><w:p><w:r><w:t>Not on Sundays.</w:t></w:r></w:p></w:{kind}>"
        add_part(document, f"{kind}s", f"<w:{kind}s {nsdecls('w')}>{note}</w:{kind}s>")
        add(document, f"{run('The ferry runs daily')}<w:r><w:{kind}Reference w:id='2'/></w:r>{run('.')}")
        add(document, run("It is free."))

        outcome = await reading("n.docx", saved(document))

        kind = kind.capitalize()
        assert outcome.text == f"The ferry runs daily.\n\n[{kind}: Not on Sundays.]\n\nIt is free.\n\n"

    async def test_of_readers_have_their_names(self, reading: Reading) -> None:
        document = docx.Document()
        comment = f"<w:comment w:id='0' w:author='Ada'><w:p>{run('Is this so?')}</w:p></w:comment>"
        add_part(document, "comments", f"<w:comments {nsdecls('w')}>{comment}</w:comments>")
        add(document, f"{run('The fee is 4.')}<w:r><w:commentReference w:id='0'/></w:r>")

        outcome = await reading("n.docx", saved(document))

        assert outcome.text == "The fee is 4.\n\n[Comment by Ada: Is this so?]\n\n"

    async def test_that_are_missing_cost_nothing(self, reading: Reading) -> None:
        document = docx.Document()
        add(document, f"{run('a')}<w:r><w:footnoteReference w:id='9'/></w:r>")

        assert (await reading("n.docx", saved(document))).text == "a\n\n"


class TestHeadersAndFooters:
    async def test_are_read_once_each(self, reading: Reading) -> None:
        document = docx.Document()
        for section in (document.sections[0], document.add_section()):
            section.header.is_linked_to_previous = section.footer.is_linked_to_previous = False
            section.header.paragraphs[0].text = "Number RV-2291"
            section.footer.paragraphs[0].text = "12"  # the number of a page
        document.add_paragraph("The terms.")

        outcome = await reading("h.docx", saved(document))

        assert outcome.text == "The terms.\n\n[Page header: Number RV-2291]\n\n"


class TestARun:
    async def test_that_is_hidden_is_not_read(self, reading: Reading) -> None:
        document = docx.Document()
        add(document, run("Shown. ") + run("Hidden.", "<w:vanish/>") + run("Too.", "<w:vanish w:val='0'/>"))

        assert (await reading("r.docx", saved(document))).text == "Shown. Too.\n\n"

    async def test_of_a_symbol_is_the_symbol(self, reading: Reading) -> None:
        document = docx.Document()
        add(document, "<w:r><w:sym w:font='Wingdings' w:char='F0FE'/></w:r>" + run(" paid"))

        assert (await reading("r.docx", saved(document))).text == "☑ paid\n\n"

    async def test_with_its_reading_above_has_it_behind(self, reading: Reading) -> None:
        document = docx.Document()
        ruby = f"<w:ruby><w:rt>{run('とうだい')}</w:rt><w:rubyBase>{run('灯台')}</w:rubyBase></w:ruby>"
        add(document, f"<w:r>{ruby}</w:r>{run('です。')}")

        assert (await reading("r.docx", saved(document))).text == "灯台(とうだい)です。\n\n"


class TestALink:
    @pytest.mark.parametrize(
        ("words", "text"),
        [
            ("the page", "See the page (https://example.org/a)."),
            ("https://example.org/a", "See https://example.org/a."),
        ],
    )
    async def test_has_its_address_behind_it(self, reading: Reading, words: str, text: str) -> None:
        document = docx.Document()
        id = document.part.relate_to("https://example.org/a", f"{samples.RELATIONS}/hyperlink", is_external=True)
        add(document, f"{run('See ')}<w:hyperlink r:id='{id}'>{run(words)}</w:hyperlink>{run('.')}")

        assert (await reading("l.docx", saved(document))).text == f"{text}\n\n"


LEVEL = "<w:lvl w:ilvl='{}'><w:start w:val='{}'/><w:numFmt w:val='{}'/><w:lvlText w:val='{}'/></w:lvl>"


class TestNumbersOfLists:
    async def test_are_those_that_word_shows(self, reading: Reading) -> None:
        document = docx.Document()
        levels = LEVEL.format(0, 1, "decimal", "%1.") + LEVEL.format(1, 3, "lowerLetter", "%1.%2)")
        levels += LEVEL.format(2, 4, "upperRoman", "%3:") + LEVEL.format(3, 1, "bullet", "•")
        numbering = document.part.numbering_part.element
        numbering.insert(0, parse_xml(f"<w:abstractNum {nsdecls('w')} w:abstractNumId='90'>{levels}</w:abstractNum>"))
        numbering.append(parse_xml(f"<w:num {nsdecls('w')} w:numId='90'><w:abstractNumId w:val='90'/></w:num>"))
        for level, text in ((0, "a"), (1, "b"), (1, "c"), (0, "d"), (1, "e"), (2, "f"), (3, "g"), (2, "h")):
            place = f"<w:numPr><w:ilvl w:val='{level}'/><w:numId w:val='90'/></w:numPr>"
            add(document, f"<w:pPr>{place}</w:pPr>{run(text)}")
        add(document, "<w:pPr><w:numPr><w:numId w:val='0'/></w:numPr></w:pPr>" + run("none"))

        outcome = await reading("l.docx", saved(document))

        assert outcome.text.split("\n\n")[:-1] == [
            "1. a", "1.c) b", "1.d) c", "2. d", "2.c) e", "IV: f", "g", "V: h", "none",
        ]  # fmt: skip

    async def test_come_from_the_style_too(self, reading: Reading) -> None:
        document = docx.Document()
        for text in ("Tie up.", "Stop."):
            document.add_paragraph(text, style="List Number")

        assert (await reading("l.docx", saved(document))).text == "1. Tie up.\n\n2. Stop.\n\n"


SUM = "<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{a}</m:sub><m:sup>{b}</m:sup><m:e>{a}</m:e></m:nary>"
ROW = "<m:mr><m:e>{}</m:e><m:e>{}</m:e></m:mr>"


class TestAnEquation:
    @pytest.mark.parametrize(
        ("xml", "text"),
        [
            ("<m:f><m:num>{a}</m:num><m:den>{b}</m:den></m:f>", "(a)/(b)"),
            ("<m:sSup><m:e>{a}</m:e><m:sup>{b}</m:sup></m:sSup>", "a^(b)"),
            ("<m:rad><m:deg/><m:e>{a}</m:e></m:rad>", "√(a)"),
            ("<m:d><m:e>{a}</m:e><m:e>{b}</m:e></m:d>", "(a, b)"),
            (SUM, "∑_(a)^(b) a"),
            (f"<m:m>{ROW.format('{a}', '{b}')}{ROW.format('{b}', '{a}')}</m:m>", "[a, b; b, a]"),
        ],
    )
    async def test_is_a_line(self, reading: Reading, xml: str, text: str) -> None:
        document = docx.Document()
        letters = {letter: f"<m:r><m:t>{letter}</m:t></m:r>" for letter in "ab"}
        add(document, f"{run('so ')}<m:oMath>{xml.format(**letters)}</m:oMath>{run('.')}")

        assert (await reading("e.docx", saved(document))).text == f"so {text}.\n\n"


class TestATableWithMergedCells:
    async def test_repeats_them_over_columns_and_rows(self, reading: Reading) -> None:
        document = docx.Document()
        table = document.add_table(3, 3)
        for row, texts in enumerate((("Winter", "", "Summer"), ("Small", "Large", "Any"), ("", "2", "3"))):
            for column, text in enumerate(texts):
                table.cell(row, column).text = text
        table.cell(0, 0).merge(table.cell(0, 1))
        table.cell(1, 0).merge(table.cell(2, 0))

        outcome = await reading("t.docx", saved(document))

        assert outcome.text == "Winter | Winter | Summer\nSmall | Large | Any\nSmall | 2 | 3\n\n"


class TestAStrictFile:
    async def test_is_read_as_any_other(self, reading: Reading) -> None:
        document = docx.Document()
        document.add_heading("Tides")
        document.add_paragraph("The ebb begins at four.")
        strict = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(saved(document))) as usual, zipfile.ZipFile(strict, "w") as archive:
            for member in usual.infolist():
                content = re.sub(
                    rb"http://schemas\.openxmlformats\.org/(officeDocument|wordprocessingml|drawingml)/2006/",
                    rb"http://purl.oclc.org/ooxml/\1/",
                    usual.read(member),
                )
                archive.writestr(member.filename, content)

        outcome = await reading("s.docx", strict.getvalue())

        assert outcome.text == "Tides\n\nThe ebb begins at four.\n\n"
