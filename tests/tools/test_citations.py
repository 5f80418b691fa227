"""Markers of citations are found in a text however it is cut, and no half of one is ever passed on."""

from __future__ import annotations

import pytest

from chat.tools.citations import CitableResult, Citation, MarkerReader, marker, place_of, without_markers
from tests.tools.joined import joined

FOODS = CitableResult("file-foods", "foods.txt", "Filip: cake")
SOURCES = {(4, 0): FOODS, (4, 1): CitableResult("file-plan", "план 【draft】.pdf", "…"), (12, 3): FOODS}


def read(*pieces: str, sources=SOURCES) -> list[str | Citation]:
    reader = MarkerReader(sources)
    return joined([*(item for piece in pieces for item in reader.feed(piece)), *reader.rest()])


CITED = Citation("【4:0†foods.txt】", "file-foods")


class TestAMarker:
    @pytest.mark.parametrize(
        "text",
        [
            "Cake【4:0†foods.txt】.",
            "Cake【4:0†source】.",
            "Cake【4:0】.",
            "Cake【4:0†】.",
            "Cake[4:0†foods.txt].",
            "Cake[4:0†another name].",
        ],
    )
    def test_is_found_whatever_the_model_makes_of_it(self, text: str) -> None:
        assert read(text) == ["Cake", CITED, "."]

    def test_is_found_however_it_is_cut(self) -> None:
        text = "Cake【4:0†foods.txt】 and 【12:3†foods.txt】"
        for first in range(len(text)):
            for second in range(first, len(text)):
                pieces = [piece for piece in (text[:first], text[first:second], text[second:]) if piece]
                assert read(*pieces) == ["Cake", CITED, " and ", Citation("【12:3†foods.txt】", "file-foods")]

    def test_is_never_passed_on_in_halves(self) -> None:
        reader = MarkerReader(SOURCES)
        for character in "Cake【4:0†foods.txt":
            assert all("【" not in item for item in reader.feed(character) if isinstance(item, str))

    def test_that_stands_for_nothing_is_left_out(self) -> None:
        assert read("Cake【9:9†foods.txt】.") == ["Cake."]

    @pytest.mark.parametrize(
        "text", ["【12:30】に会いましょう", "【注意】", "a[0:1] and x[4]", "[link](https://example.org)", "【4:0"]
    )
    def test_is_not_seen_where_there_is_none(self, text: str) -> None:
        assert read(*text) == [text]

    def test_is_text_like_any_other_when_nothing_was_searched(self) -> None:
        reader = MarkerReader({})
        assert list(reader.feed("【4:0†foods.txt")) == ["【4:0†foods.txt"]

    def test_names_a_file_without_breaking_itself(self) -> None:
        text = marker((4, 1), SOURCES[4, 1].file_name)
        assert text == "【4:1†план draft .pdf】"
        assert place_of(text) == (4, 1)
        assert read(text) == [Citation(text, "file-plan")]

    def test_that_somebody_typed_is_no_place(self) -> None:
        assert place_of("[4:0†foods.txt]") is None
        assert place_of("cake") is None


class TestTheMarkersOfAText:
    def test_can_be_taken_out_of_it(self) -> None:
        text = f"Cake{CITED.text}, and tea{CITED.text}"
        first, second = text.index("【"), text.rindex("【")
        annotations = [
            {"type": "file_citation", "start_index": start, "end_index": start + len(CITED.text)}
            for start in (first, second)
        ]
        assert without_markers(text, annotations) == "Cake, and tea"
