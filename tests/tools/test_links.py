"""Links to files are found in a text however it is cut, and nothing of the text is lost."""

from __future__ import annotations

import pytest

from chat.tools.links import FileLink, LinkReader
from tests.tools.joined import joined

FILES = {"out.csv": "file-csv", "out.csv.gz": "file-gz", "my chart.png": "file-png", "sub/a.txt": "file-a"}


def read(*pieces: str, files=FILES) -> list[str | FileLink]:
    reader = LinkReader(files)
    return joined([*(item for piece in pieces for item in reader.feed(piece)), *reader.rest()])


CSV = FileLink("sandbox:/mnt/data/out.csv", "file-csv")


class TestALink:
    def test_is_found_however_it_is_cut(self) -> None:
        text = "See [it](sandbox:/mnt/data/out.csv), and more."
        for first in range(len(text)):
            for second in range(first, len(text)):
                pieces = [piece for piece in (text[:first], text[first:second], text[second:]) if piece]
                assert read(*pieces) == ["See [it](", CSV, "), and more."]

    @pytest.mark.parametrize(
        ("address", "file_id"),
        [
            ("sandbox:/mnt/data/out.csv.gz", "file-gz"),
            ("sandbox:/mnt/data/my chart.png", "file-png"),
            ("sandbox:/mnt/data/my%20chart.png", "file-png"),
            ("sandbox:/mnt/data/sub/a.txt", "file-a"),
        ],
    )
    def test_names_its_file(self, address: str, file_id: str) -> None:
        assert read(*f"[x]({address})") == ["[x](", FileLink(address, file_id), ")"]

    def test_may_end_a_sentence(self) -> None:
        assert read(*"See sandbox:/mnt/data/out.csv. And") == ["See ", CSV, ". And"]
        assert read(*"See sandbox:/mnt/data/out.csv.") == ["See ", CSV, "."]

    def test_may_end_the_text(self) -> None:
        assert read(*"sandbox:/mnt/data/out.csv") == [CSV]

    @pytest.mark.parametrize(
        "text",
        [
            "sandbox:/mnt/data/other.csv",
            "sandbox:/mnt/data/out.csv.zip",
            "sandbox:/mnt/data/out.csvx",
            "sandbox: a place",
            "a sandbo",
            "/mnt/data/out.csv",
        ],
    )
    def test_to_nothing_stays_text(self, text: str) -> None:
        assert read(*text) == [text]

    def test_is_waited_for_only_while_it_may_come(self) -> None:
        reader = LinkReader(FILES)
        assert [list(reader.feed(piece)) for piece in ("a sand", "castle")] == [["a "], ["sandcastle"]]

    def test_is_not_looked_for_without_files(self) -> None:
        assert read("sandbox:", "/mnt/data/out.csv", files={}) == ["sandbox:/mnt/data/out.csv"]
