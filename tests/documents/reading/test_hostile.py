"""Files that are broken or meant to harm: each ends as a refusal in words, or as its text."""

from __future__ import annotations

import pytest

from chat.documents.sections import Section
from chat.errors import Unreadable
from tests.documents import hostile
from tests.documents.conftest import Reading

pytestmark = pytest.mark.slow


class TestAFileThatCannotBeRead:
    @pytest.mark.parametrize("case", hostile.REFUSED.values(), ids=hostile.REFUSED)
    async def test_is_refused_in_words(self, reading_in_a_child: Reading, case: hostile.Case) -> None:
        name, make, code, words = case
        with pytest.raises(Unreadable) as refusal:
            await reading_in_a_child(name, make())

        assert refusal.value.code == code
        assert words in refusal.value.message
        assert "Traceback" not in refusal.value.message
        assert refusal.value.message.endswith(".")


class TestAFileThatCanBeReadAfterAll:
    @pytest.mark.parametrize("case", hostile.READ.values(), ids=hostile.READ)
    async def test_gives_its_text_and_nothing_else(self, reading_in_a_child: Reading, case) -> None:
        name, make, words = case
        outcome = await reading_in_a_child(name, make())

        assert words in outcome.text
        assert not any(line in outcome.text for line in hostile.passwords())
        assert "hahaha" not in outcome.text

    async def test_may_be_a_million_rows(self, reading_in_a_child: Reading, tmp_path) -> None:
        path = tmp_path / "rows.csv"
        path.write_bytes(b"name,value\n" + b"abc,def\n" * 1_000_000)
        outcome = await reading_in_a_child("rows.csv", path)

        assert outcome.text.count("name: abc | value: def\n") == 1_000_000


class TestManySections:
    async def test_never_hold_more_than_fits_a_line(self, reading_in_a_child: Reading) -> None:
        outcome = await reading_in_a_child("a.md", b"# heading\n" + "界".encode() * 500_000)

        assert all(isinstance(section, Section) and len(section.text) <= 1 << 16 for section in outcome.sections)
