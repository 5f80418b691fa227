"""Answers without citations get the sources on which they rest."""

from __future__ import annotations

import pytest

from chat.tools.citation_support import supporting_sources
from chat.tools.citations import CitableResult

PASSAGES = [
    "The library opens at nine o'clock on weekdays and closes at six in the evening.",
    "Members may borrow ten books for four weeks. Each late day costs twenty cents.",
    "図書館は平日の午前九時に開きます。",
]
SOURCES = {(4, rank): CitableResult(f"file-{rank}", f"{rank}.txt", text) for rank, text in enumerate(PASSAGES)}


class TestAnAnswer:
    @pytest.mark.parametrize(
        ("answer", "places"),
        [
            ("The library opens at nine on weekdays.", [(4, 0)]),
            ("You may borrow ten books. The library closes at six.", [(4, 1), (4, 0)]),
            ("図書館は九時に開きます。", [(4, 2)]),
            ("The passages do not say anything about parking.", []),
            ("Berlin is the capital of Germany.", []),
            ("", []),
            ("…", []),
        ],
    )
    def test_rests_on_the_passages_that_its_sentences_are_taken_from(self, answer: str, places: list) -> None:
        assert supporting_sources(answer, SOURCES) == places

    def test_names_a_source_once(self) -> None:
        assert supporting_sources("Ten books may be borrowed. Each late day costs twenty cents.", SOURCES) == [(4, 1)]


MANY = {
    "de": (
        ["Die Bücherei öffnet werktags um neun Uhr.", "Für den Parkplatz ist die Verwaltung zuständig."],
        {"Werktags öffnet die Bücherei um neun.": [0], "Für das ist der Bürgermeister da.": []},
    ),
    "fr": (
        ["La bibliothèque ouvre à neuf heures.", "Le parking est géré par la mairie depuis que la gare est fermée."],
        {"La bibliothèque ouvre à neuf heures.": [0], "Que la piscine est gratuite par semaine.": []},
    ),
    "es": (
        ["La biblioteca abre a las nueve.", "El aparcamiento es para los que viven en la calle."],
        {"La biblioteca abre a las nueve.": [0], "Los perros en la piscina no son para nosotros.": []},
    ),
    "ru": (
        ["Библиотека открывается в девять часов.", "Стоянка бесплатна для жителей."],
        {"Библиотека открывается в девять.": [0], "Это не для всех.": []},
    ),
    "ja": (
        ["図書館は九時に開館します。", "駐車場は市役所が管理しています。"],
        {"図書館の開館は九時です。": [0], "水族館は月曜日に閉まります。": []},
    ),
    "zh": (
        ["图书馆九点开门。", "停车场由市政府管理。"],
        {"图书馆在九点开门。": [0], "水族馆星期一关闭。": []},
    ),
}


class TestAnAnswerInAnotherLanguage:
    @pytest.mark.parametrize("language", MANY)
    def test_rests_on_words_that_say_something(self, language: str) -> None:
        passages, answers = MANY[language]
        sources = {(4, rank): CitableResult(f"file-{rank}", "a.txt", text) for rank, text in enumerate(passages)}
        found = {answer: [rank for _, rank in supporting_sources(answer, sources)] for answer in answers}
        assert found == answers
