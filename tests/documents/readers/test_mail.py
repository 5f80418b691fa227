from __future__ import annotations

from email.message import EmailMessage

import pytest

from tests.documents.conftest import Reading


def message(**headers: str) -> EmailMessage:
    made = EmailMessage()
    for name, value in ({"From": "Åsa <asa@quay.example>", "Subject": "Fähre 港"} | headers).items():
        made[name] = value
    return made


class TestAnEmail:
    async def test_is_its_headers_and_its_text_under_its_subject(self, reading: Reading) -> None:
        sent = message(To="bo@quay.example", Date="Mon, 02 Feb 2026 10:00:00 +0100")
        sent.set_content("No ferry: größe Ebbe.\n")
        sent.add_alternative("<p>the same as a page</p>", subtype="html")
        outcome = await reading("a.eml", bytes(sent))

        assert {section.heading for section in outcome.sections} == {"Fähre 港"}
        assert outcome.text == (
            "From: Åsa <asa@quay.example>\nTo: bo@quay.example\nDate: Mon, 02 Feb 2026 10:00:00 +0100\n"
            "Subject: Fähre 港\n\nNo ferry: größe Ebbe.\n\n"
        )

    async def test_may_be_a_web_page(self, reading: Reading) -> None:
        sent = message()
        sent.set_content("<h1>Toll</h1><p>zw&ouml;lf", subtype="html", charset="iso-8859-1")
        outcome = await reading("a.eml", bytes(sent))

        assert outcome.text.endswith("\n\nToll\n\nzwölf\n\n")
        assert outcome.sections[-1].heading == "Toll"

    async def test_names_what_is_attached(self, reading: Reading) -> None:
        sent, inner = message(), message(Subject="Earlier plan")
        inner.set_content("inner words")
        sent.set_content("see below")
        sent.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Plan für März.pdf")
        sent.add_attachment("a,b", filename="list.txt")
        sent.add_attachment(inner)
        outcome = await reading("a.eml", bytes(sent))

        names = "Plan für März.pdf, list.txt, Earlier plan"
        assert outcome.summary.warnings == (f"What is attached to the message was not read: {names}.",)
        assert "Attachment: Plan für März.pdf\n" in outcome.text
        assert "inner words" not in outcome.text

    @pytest.mark.parametrize(
        ("charset", "content"),
        [("iso-8859-1", b"F\xe4hre"), ("unknown-1", "Fähre".encode()), ("us-ascii", "Fähre".encode())],
    )
    async def test_has_its_letters_whatever_it_declares(self, reading: Reading, charset: str, content: bytes) -> None:
        head = f"From: a@b.example\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
        assert (await reading("a.eml", head.encode() + content)).text.endswith("\n\nFähre\n\n")
