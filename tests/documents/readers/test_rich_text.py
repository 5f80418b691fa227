"""Rich text, RTF's specification 1.9.1."""

from __future__ import annotations

import pytest

from tests.documents.conftest import Reading


def rich(body: str, head: str = r"\ansi\ansicpg1252") -> bytes:
    return f"{{\\rtf1{head} {body}}}".encode("latin-1")


class TestRichText:
    @pytest.mark.parametrize("name", ["note.rtf", "note.txt", "note.doc", "note.docx"])
    async def test_is_read_as_such_whatever_its_name(self, reading: Reading, name: str) -> None:
        outcome = await reading(name, rich(r"{\b The ferry} leaves\par at noon."))

        assert outcome.text == "The ferry leaves\n\nat noon.\n\n"
        assert outcome.summary.kind == "rich_text"

    @pytest.mark.parametrize(
        ("head", "body", "text"),
        [
            (r"\ansi\ansicpg1252", r"F\'e4hre \'80", "Fähre €"),
            (r"\ansi\ansicpg1251", r"\'cf\'f0\'e8\'f7\'e0\'eb", "Причал"),
            (r"\ansi\ansicpg932", r"\'8d\'60", "港"),
            (r"\ansi\ansicpg932", r"\'83A\'83\'4b", "アガ"),
            (r"\mac", r"F\'8ahre", "Fähre"),
            (r"\pc", r"F\'84hre", "Fähre"),
            (r"\ansi{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}}", r"\f0 \'e4\f1\'e4\f0\'e4", "äдä"),
            (r"\ansi", r"F\u228?hre \u8364\'80 \uc2\u28207\'8d\'60{\uc0\u228x}!", "Fähre € 港äx!"),
            (r"\ansi", r"\u-10179?\u-8704?", "😀"),
            (r"\ansi", "F\xc3\xa4hre in UTF-8", "Fähre in UTF-8"),
            (r"\ansi", "F\xe4hre\\~\\{\\}\\emdash \\\\", "Fähre\xa0{}—\\"),
        ],
    )
    async def test_has_its_letters_in_every_code_page(self, reading: Reading, head: str, body: str, text: str) -> None:
        assert (await reading("a.rtf", rich(body, head))).text == f"{text}\n\n"

    async def test_is_cut_at_its_headings(self, reading: Reading) -> None:
        styles = r"{\stylesheet{\s0 Normal;}{\s1 heading 1;}{\s2\outlinelevel1 Kapitel;}{\*\cs3 Link;}}"
        body = r"\pard\s0 before\par\pard\s1 Ropes\par\pard\s0 hemp\par\pard\s2 Chains\par\pard iron\par"
        outcome = await reading("a.rtf", rich(styles + body))

        assert [(section.heading, section.text) for section in outcome.sections] == [
            ("", "before\n\n"),
            ("Ropes", "Ropes\n\nhemp\n\n"),
            ("Chains", "Chains\n\niron\n\n"),
        ]

    async def test_has_what_stands_beside_it_behind_its_paragraph(self, reading: Reading) -> None:
        body = (
            r"Toll{\super\chftn}{\footnote\pard {\super\chftn} Since 1907\par} rises.{\*\atnauthor Ada}\chatn"
            r"{\*\annotation{\*\atndate 7}\pard Why?\par}{\shp{\*\shpinst{\sp{\sn shapeType}{\sv 202}}"
            r"{\shptxt boxed\par}}{\shprslt old}}"
            r"{\*\shppict{\pict{\*\picprop{\sp{\sn wzDescription}{\sv A gate}}}00ff}}\par"
            r" Next{\field{\*\fldinst HYPERLINK "
            '"https://quay.example/x"'
            r"}{\fldrslt  page}}.\par{\header Port 7\par}"
        )
        assert (await reading("a.rtf", rich(body))).text == (
            "Toll rises.\n\n[Footnote: Since 1907]\n\n[Comment by Ada: Why?]\n\nboxed\n\n[Picture: A gate]\n\n"
            "Next page (https://quay.example/x).\n\n[Page header: Port 7]\n\n"
        )

    async def test_leaves_out_what_nobody_sees(self, reading: Reading) -> None:
        body = r"{\info{\title T}}a{\v hidden} b\v hidden\v0  c{\deleted gone}{\*\new x}{\pict 00ff}\bin4 }}}} d"
        assert (await reading("a.rtf", rich(body))).text == "a b c d\n\n"

    async def test_has_its_tables_with_merged_cells_repeated(self, reading: Reading) -> None:
        row = r"\trowd{}\pard\intbl {}\cell {}\cell {}\cell\row"
        body = (
            row.format(r"\clmgf\cellx1\clmrg\cellx2\cellx3", "A", "", "B")
            + row.format(r"\clvmgf\cellx1\cellx2\cellx3", "V", r"C\par D", "E")
            + row.format(r"\clvmrg\cellx1\cellx2\cellx3", "", "F", "G")
        )
        text = (await reading("a.rtf", rich(rf"x\par {body}\pard y\par"))).text

        assert text == "x\n\nA | A | B\nV | C D | E\nV | F | G\n\ny\n\n"
