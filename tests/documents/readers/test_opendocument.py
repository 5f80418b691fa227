"""OpenDocument texts and presentations, OpenDocument 1.3."""

from __future__ import annotations

import pytest

from chat.errors import Unreadable
from tests.documents import samples
from tests.documents.conftest import Reading

CELL = "<table:table-cell{}><text:p>{}</text:p></table:table-cell>"


class TestAnOpenDocumentText:
    async def test_gives_a_section_a_heading(self, reading: Reading) -> None:
        body = "<text:p>before</text:p><text:h>Die <text:s text:c='2'/>Reede</text:h><text:p>x</text:p>"
        outcome = await reading("a.odt", samples.open_text(body))

        assert [(section.page, section.heading, section.text) for section in outcome.sections] == [
            (None, "", "before\n\n"),
            (None, "Die Reede", "Die   Reede\n\nx\n\n"),
        ]

    async def test_has_what_stands_beside_it_behind_its_paragraph(self, reading: Reading) -> None:
        body = (
            "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>"
            "<text:p>Toll<text:note text:note-class='endnote'><text:note-citation>1</text:note-citation>"
            "<text:note-body><text:p>Since 1907</text:p></text:note-body></text:note> rises."
            "<office:annotation><dc:creator>Ada</dc:creator><dc:date>2026</dc:date><text:p>Why?</text:p></office:annotation><draw:frame><draw:image/>"
            "<svg:desc>A gate</svg:desc></draw:frame> <text:span text:style-name='H'>hidden</text:span>"
            "<text:a xlink:href='https://quay.example'>page</text:a><draw:frame><draw:text-box><text:p>boxed</text:p>"
            "</draw:text-box></draw:frame></text:p><text:p>Next</text:p>"
        )
        outcome = await reading("a.odt", samples.open_text(body))

        assert outcome.text == (
            "Toll rises. page (https://quay.example)\n\n[Endnote: Since 1907]\n\n[Comment by Ada: Why?]\n\n"
            "[Picture: A gate]\n\nboxed\n\nNext\n\n"
        )

    async def test_has_the_numbers_of_its_lists(self, reading: Reading) -> None:
        item = "<text:list-item><text:p>{}</text:p>{}</text:list-item>"
        inner = f"<text:list>{item.format('deep', '')}</text:list>"
        body = f"<text:list text:style-name='L'>{item.format('one', inner)}{item.format('two', '')}</text:list>"

        assert (await reading("a.odt", samples.open_text(body))).text == "1. one\na) deep\n2. two\n\n"

    async def test_has_its_tables_with_merged_and_repeated_cells(self, reading: Reading) -> None:
        covered = "<table:covered-table-cell/>"
        rows = (
            CELL.format(" table:number-columns-spanned='2'", "A") + covered + CELL.format("", "B"),
            CELL.format(" table:number-rows-spanned='2'", "V") + CELL.format(" table:number-columns-repeated='2'", "C"),
            covered + CELL.format("", "D") + CELL.format("", "E"),
        )
        body = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
        outcome = await reading("a.odt", samples.open_text(f"<table:table>{body}</table:table>"))

        assert outcome.text == "A | A | B\nV | C | C\nV | D | E\n\n"

    async def test_with_a_password_is_refused(self, reading: Reading) -> None:
        manifest = (
            "<m:manifest xmlns:m='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'><m:encryption-data/></m:manifest>"
        )
        content = samples.changed(samples.open_text("<text:p>x</text:p>"), {"META-INF/manifest.xml": manifest})
        with pytest.raises(Unreadable, match="The OpenDocument text is protected by a password"):
            await reading("a.odt", content)


class TestAnOpenDocumentPresentation:
    async def test_has_notes_in_boxes_of_any_kind_without_what_stands_around_them(self, reading: Reading) -> None:
        box = "<draw:frame{}><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
        notes = box.format("", "mind the frost") + box.format(" presentation:class='footer'", "page 7")
        notes += box.format(" presentation:class='notes'", "and the tide")
        body = f"<draw:page>{box.format('', 'twelve')}<presentation:notes>{notes}</presentation:notes></draw:page>"
        outcome = await reading("b.odp", samples.open_slides(body))

        assert outcome.text == "twelve\n\nNotes: mind the frost\n\nand the tide\n\n"

    async def test_has_slides_as_pages_with_their_titles_and_notes(self, reading: Reading) -> None:
        box = "<draw:frame{}><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
        notes = box.format(" presentation:class='notes'", "say this")
        title = box.format(" presentation:class='title'", "Причалы")
        first = f"{box.format('', 'twelve')}{title}<presentation:notes>{notes}</presentation:notes>"
        body = f"<draw:page>{first}</draw:page><draw:page/><draw:page>{title}</draw:page>"
        outcome = await reading("a.odp", samples.open_slides(body))

        assert [(section.page, section.heading, section.text) for section in outcome.sections] == [
            (1, "Причалы", "Причалы\n\ntwelve\n\nNotes: say this\n\n"),
            (3, "Причалы", "Причалы\n\n"),
        ]
