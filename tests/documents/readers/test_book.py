"""E-books, EPUB 3.3 and 2.0.1."""

from __future__ import annotations

import pytest

from chat.errors import Unreadable
from tests.documents import samples
from tests.documents.conftest import Reading


class TestABook:
    @pytest.mark.parametrize("extension", ["epub", "zip.epub"])
    async def test_is_read_in_the_order_of_its_spine(self, reading: Reading, extension: str) -> None:
        chapters = {
            "one.xhtml": "<h1>Ropes</h1><p>hemp</p><h2>Knots</h2><p>bowline</p>",
            "a b.xhtml": "<p>iron &amp; steel</p>",
        }
        outcome = await reading(f"a.{extension}", samples.book(chapters, titles={"a%20b.xhtml": "Chains"}))

        assert [(section.heading, section.text) for section in outcome.sections] == [
            ("Ropes", "Ropes\n\nhemp\n\n"),
            ("Knots", "Knots\n\nbowline\n\n"),
            ("Chains", "Chains\n\niron & steel\n\n"),
        ]

    async def test_says_when_chapters_are_missing(self, reading: Reading) -> None:
        content = samples.book({"one.xhtml": "<p>hemp</p>"}, titles={}, spine=["one.xhtml", "gone.xhtml"])
        outcome = await reading("a.epub", content)

        assert outcome.text == "hemp\n\n"
        assert outcome.summary.warnings == ("1 of 2 chapters are missing in the file.",)

    @pytest.mark.parametrize(
        ("algorithm", "is_read"),
        [("http://www.idpf.org/2008/embedding", True), ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", False)],
    )
    async def test_that_is_protected_is_refused(self, reading: Reading, algorithm: str, is_read: bool) -> None:
        encryption = f"<e xmlns='urn:e'><EncryptionMethod Algorithm='{algorithm}'/></e>"
        content = samples.changed(
            samples.book({"one.xhtml": "<p>hemp</p>"}, titles={}), {"META-INF/encryption.xml": encryption}
        )
        if is_read:
            assert (await reading("a.epub", content)).text == "hemp\n\n"
        else:
            with pytest.raises(Unreadable, match="DRM"):
                await reading("a.epub", content)
