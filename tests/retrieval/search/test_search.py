"""Search as a whole: words and meaning together."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from chat.errors import KeyRefused, Unreachable
from chat.models import User, VectorStore, VectorStoreFile
from chat.models.vector_stores import BUILT_IN, store_changed
from chat.retrieval.keywords import index
from chat.retrieval.search import meaning, scores
from chat.retrieval.search.scores import RankingWeights
from chat.retrieval.search.search import Hit, search_stores
from tests.retrieval.making import Thesaurus, add, finder, store_of, texts

pytestmark = pytest.mark.django_db

THESAURUS = Thesaurus("car automobile vehicle", "cat kitten", "bread loaf", "rain drizzle")
find = finder(THESAURUS)


class TestASearch:
    def test_finds_synonyms(self, ada: User) -> None:
        store = store_of(ada, "The automobile stood still.", "Fresh loaf.", embedder=THESAURUS)
        hit = find(store, "vehicle")[0]
        assert hit.passage.text == "The automobile stood still."
        assert (hit.keyword, round(hit.meaning, 1), round(hit.score, 1)) == (0, 1.0, 0.5)

    def test_finds_rare_names(self, ada: User) -> None:
        store = store_of(ada, "Xylotech pays on Fridays.", "Fresh loaf.", embedder=THESAURUS)
        hit = find(store, "What of Xylotech?")[0]
        assert hit.passage.text == "Xylotech pays on Fridays."
        assert hit.keyword > 0

    def test_one_word_of_many_does_not_outweigh_the_meaning(self, ada: User) -> None:
        store = store_of(ada, "The automobile stood still.", "Xylotech bakes bread.", embedder=THESAURUS)
        hits = find(store, "vehicle parking permits issued near Xylotech headquarters")
        assert texts(hits)[0] == "The automobile stood still."

    @pytest.mark.parametrize(
        ("question", "answer", "other"),
        [
            (
                "Wann wird die Maschine entkalkt?",
                "Freitags: Maschine entkalken.",
                "Wann die Sonne scheint, wird es warm.",
            ),
            ("Où est-ce que les chiens dorment ?", "Chiens : au sous-sol.", "Que les gens est où les routes sont."),
        ],
    )
    def test_words_that_say_nothing_are_left_out_in_any_language(
        self, ada: User, question: str, answer: str, other: str
    ) -> None:
        store = store_of(ada, answer, other, embedder=THESAURUS)
        assert texts(find(store, question, weights=RankingWeights(1, 0))) == [answer]

    def test_finds_first_what_fits_by_word_and_meaning(self, ada: User) -> None:
        store = store_of(ada, "The automobile.", "The car of Xylotech.", "Xylotech.", "Rain.", embedder=THESAURUS)
        assert texts(find(store, "Xylotech vehicle"))[0] == "The car of Xylotech."

    def test_finds_words_of_chinese_and_japanese(self, ada: User) -> None:
        store = store_of(ada, "東京都の天気は晴れ。", "大阪の天気は雨。", "Rain.", embedder=THESAURUS)
        assert texts(find(store, "東京"))[0] == "東京都の天気は晴れ。"
        assert find(store, "東京")[0].keyword > 0

    def test_weighs_words_and_meaning_as_it_is_told(self, ada: User) -> None:
        store = store_of(ada, "automobile", "vehicle parts", "nothing", embedder=THESAURUS)
        by_meaning = find(store, "vehicle", weights=RankingWeights(text=0, embedding=2))
        by_words = find(store, "vehicle", weights=RankingWeights(text=1, embedding=0))
        assert [hit.score for hit in by_meaning] == [hit.meaning for hit in by_meaning]
        assert [(hit.passage.text, hit.score) for hit in by_words] == [("vehicle parts", by_words[0].keyword)]

    @pytest.mark.parametrize("weights", [(0, 0), (-1, 2), (1, -0.1)])
    def test_has_no_use_for_weights_of_nothing(self, weights: tuple[float, float]) -> None:
        with pytest.raises(ValueError, match="must not be negative"):
            RankingWeights(*weights)

    def test_leaves_out_what_is_below_the_threshold(self, ada: User) -> None:
        store = store_of(ada, "The automobile.", "The automobile, bread, rain.", "A cat.", embedder=THESAURUS)
        scores = [hit.score for hit in find(store, "vehicle")]
        assert texts(find(store, "vehicle", threshold=scores[1])) == ["The automobile.", "The automobile, bread, rain."]
        assert texts(find(store, "vehicle", threshold=scores[1] + 0.001)) == ["The automobile."]
        assert find(store, "vehicle", threshold=1.0) == []

    def test_gives_no_more_than_the_limit_best_first(self, ada: User) -> None:
        store = store_of(ada, *["car " * n + "bread " * (60 - n) for n in range(60)], embedder=THESAURUS)
        hits = find(store, "vehicle", limit=7)
        everything = find(store, "vehicle", limit=1000)
        assert len(hits) == 7
        assert hits == everything[:7]
        assert [hit.score for hit in everything] == sorted([hit.score for hit in everything], reverse=True)

    def test_answers_the_best_of_several_queries(self, ada: User) -> None:
        store = store_of(ada, "The automobile.", "Xylotech pays.", "A cat.", embedder=THESAURUS)
        apart = {hit.passage.text: hit.score for query in ("vehicle", "Xylotech") for hit in find(store, query)[:1]}
        together = {hit.passage.text: hit.score for hit in find(store, "vehicle", "Xylotech")}
        assert {text: together[text] for text in apart} == pytest.approx(apart)
        assert len(find(store, *["vehicle"] * 40)) == len(find(store, "vehicle"))

    def test_gives_passages_with_their_file_and_place(self, ada: User, django_assert_num_queries) -> None:
        store = store_of(ada, embedder=THESAURUS)
        add(store, "First.\n\n\f# Engines\nThe automobile.", embedder=THESAURUS, name="cars.txt")
        hit = find(store, "vehicle")[0]
        with django_assert_num_queries(0):
            assert hit.passage.entry.file.filename == "cars.txt"
            assert hit.passage.entry.store == store
        assert (hit.passage.page_from, hit.passage.heading) == (2, "Engines")

    def test_finds_nothing_in_no_or_empty_stores(self, ada: User) -> None:
        assert find([], "car") == []
        assert find(VectorStore.objects.create(owner=ada), "car") == []

    @pytest.mark.parametrize(
        "query", ["", " ", "\0", "the of", "?!", '"', "AND", "NEAR(", "*", "\ud800", "x" * 100_000]
    )
    def test_may_be_for_anything(self, ada: User, query: str) -> None:
        store = store_of(ada, "The automobile.", embedder=THESAURUS)
        assert len(find(store, query)) <= 1

    def test_for_no_query_finds_nothing(self, ada: User) -> None:
        store = store_of(ada, "The automobile.", embedder=THESAURUS)
        assert find(store) == find(store, "", "  ") == []


class TestALargeStore:
    def test_finds_the_same_as_if_it_were_small(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        """Words that many passages have are looked for in the likely ones alone."""
        sentences = [
            f"Report {n} of the {'spring' if n % 3 else 'autumn'}, {'sales' if n % 7 else 'losses'}." for n in range(40)
        ]
        store = store_of(ada, *sentences, embedder=THESAURUS)
        questions = ["report losses autumn 21", "spring sales"]
        expected = [find(store, question, limit=12) for question in questions]
        monkeypatch.setattr(index.database, "MOST_ROWS", 8)
        found = [find(store, question, limit=12) for question in questions]
        assert texts(found[0])[0] == "Report 21 of the autumn, losses."
        for hits, those in zip(found, expected, strict=True):
            assert texts(hits) == texts(those)
            assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in those], abs=0.15)

    @pytest.mark.parametrize("compared", [8, 2000])
    def test_compares_exactly_what_it_estimates_to_be_likely(
        self, ada: User, monkeypatch: pytest.MonkeyPatch, compared: int
    ) -> None:
        some = ["car", "cat", "bread", "rain"]
        embedder = Thesaurus(*some)
        drawn = [[word for place, word in enumerate(some) if number >> place & 1] for number in range(1, 16)]
        store = store_of(ada, *[" ".join(words * 3) + " and others" for words in drawn], embedder=embedder)
        queries = [("car",), ("cat rain", "bread"), ("bread cat car rain",)]
        expected = [finder(embedder)(store, *each, limit=3, weights=RankingWeights(0, 1)) for each in queries]
        monkeypatch.setattr(meaning, "MOST_EXACT", 0)
        monkeypatch.setattr(scores, "MOST_COMPARED", compared)
        assert [finder(embedder)(store, *each, limit=3, weights=RankingWeights(0, 1)) for each in queries] == expected

    def test_compares_exactly_what_filters_leave(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        store = store_of(ada, *["The car."] * 30, embedder=THESAURUS)
        add(store, "Rain, rain, automobile.", embedder=THESAURUS, attributes={"wanted": True})
        wanted = {"type": "eq", "key": "wanted", "value": True}
        expected = find(store, "vehicle", filters=wanted)
        monkeypatch.setattr(meaning, "MOST_EXACT", 0)
        monkeypatch.setattr(scores, "MOST_COMPARED", 2)
        assert find(store, "vehicle", filters=wanted) == expected

    def test_finds_nothing_while_its_files_are_being_read(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(index.database, "MOST_ROWS", 1)
        store = store_of(ada, embedder=THESAURUS)
        for number in range(3):
            add(store, f"Report {number}, sales.", embedder=THESAURUS, status="in_progress")
        assert find(store, "report of sales") == []


class TestTheQuote:
    @staticmethod
    def of(hit: Hit) -> str:
        return hit.passage.text[hit.quote[0] - hit.passage.char_from : hit.quote[1] - hit.passage.char_from]

    @pytest.fixture
    def store(self, ada: User) -> VectorStore:
        text = (
            "Preface.\n\nOne two three four five six seven eight. A small automobile was here with Xylotech paint once."
        )
        return store_of(ada, text, embedder=THESAURUS)

    def test_is_the_window_of_the_meaning(self, store: VectorStore) -> None:
        assert self.of(find(store, "vehicle")[0]) == "A small automobile was here with Xylotech paint"

    def test_is_the_window_of_the_words(self, store: VectorStore) -> None:
        assert self.of(find(store, "four five")[0]) == "One two three four five six seven eight"

    @pytest.mark.parametrize(
        ("text", "question", "quote"),
        [
            ("京は都で東にある。\n" * 8 + "東京は晴れ。", "東京", "東京は晴れ"),
            ("Die Katze schläft. " * 2 + "Der Ofen wird nur im Winter geheizt.", "Wann wird der Ofen geheizt?", "Ofen"),
        ],
    )
    def test_is_the_window_of_the_words_in_any_language(self, ada: User, text: str, question: str, quote: str) -> None:
        store = store_of(ada, text, embedder=Thesaurus())
        assert quote in self.of(find(store, question, weights=RankingWeights(1, 0))[0])

    def test_is_the_window_of_the_words_when_there_are_no_vectors(self, store: VectorStore) -> None:
        VectorStoreFile.objects.update(embedded_by="another")
        store_changed(store.id)
        assert self.of(find(store, "Xylotech")[0]) == "A small automobile was here with Xylotech paint"


class TestFilters:
    @pytest.fixture
    def store(self, ada: User) -> VectorStore:
        store = store_of(ada, embedder=THESAURUS)
        for year in range(2000, 2024):
            add(store, f"Cars, cars, cars of {year}.", embedder=THESAURUS, attributes={"year": year})
        add(store, "Far away, where people walked, there was one automobile.", embedder=THESAURUS)
        return store

    def test_narrow_a_search(self, store: VectorStore) -> None:
        wanted = {"type": "gte", "key": "year", "value": 2022}
        assert set(texts(find(store, "cars", filters=wanted))) == {
            "Cars, cars, cars of 2022.",
            "Cars, cars, cars of 2023.",
        }

    def test_lose_nothing_that_others_would_have_come_before(self, store: VectorStore) -> None:
        wanted = {"type": "ne", "key": "year", "value": 2000}
        missing = {"type": "and", "filters": [wanted, {"type": "nin", "key": "year", "value": list(range(2100))}]}
        assert texts(find(store, "cars vehicle", limit=1, filters=missing)) == [
            "Far away, where people walked, there was one automobile."
        ]

    def test_may_leave_nothing(self, store: VectorStore) -> None:
        assert find(store, "cars", filters={"type": "eq", "key": "year", "value": 1}) == []

    def test_see_attributes_as_they_are_now(self, store: VectorStore) -> None:
        find(store, "cars")
        store.entries.filter(attributes__year=2005).update(attributes={"year": 1})
        hits = find(store, "cars", filters={"type": "eq", "key": "year", "value": 1})
        assert texts(hits) == ["Cars, cars, cars of 2005."]

    def test_of_unknown_type_are_an_error(self, store: VectorStore) -> None:
        with pytest.raises(ValueError, match="not a type of filter"):
            find(store, "cars", filters={"type": "like", "key": "year", "value": 1})


class TestStores:
    def test_are_searched_together(self, ada: User) -> None:
        stores = [
            store_of(ada, "The automobile.", "Loaf.", embedder=THESAURUS),
            store_of(ada, "Car, bread.", "Rain.", embedder=THESAURUS),
        ]
        assert texts(find(stores, "vehicle", limit=2)) == ["The automobile.", "Car, bread."]
        assert {hit.passage.entry.store_id for hit in find(stores, "vehicle", limit=2)} == {s.id for s in stores}

    def test_may_be_named_twice(self, ada: User) -> None:
        store = store_of(ada, "The automobile.", embedder=THESAURUS)
        assert len(find([store, store], "vehicle")) == 1

    def test_that_are_not_searched_give_nothing(self, ada: User, bob: User) -> None:
        mine = store_of(ada, "The automobile.", embedder=THESAURUS)
        store_of(bob, "The automobile vehicle, Xylotech.", embedder=THESAURUS)
        store_of(ada, "The automobile vehicle, Xylotech.", embedder=THESAURUS)
        assert texts(find(mine, "Xylotech vehicle")) == ["The automobile."]

    def test_that_have_expired_give_nothing(self, ada: User) -> None:
        store = store_of(ada, "The automobile.", embedder=THESAURUS, expires_after=1)
        assert len(find(store, "vehicle")) == 1
        VectorStore.objects.update(last_active_at=timezone.now() - timedelta(days=2))
        assert find(store, "vehicle") == []

    def test_are_embedded_for_once(self, ada: User) -> None:
        stores = [store_of(ada, "A car.", embedder=THESAURUS) for _ in range(3)]
        before = len(THESAURUS.asked)
        find(stores, "one", "two")
        assert THESAURUS.asked[before:] == ["one", "two"]


class TestWithoutTheEmbedder:
    def test_words_alone_decide(self, ada: User, caplog: pytest.LogCaptureFixture) -> None:
        failing = Thesaurus("car automobile")
        store = store_of(ada, "The car of Xylotech.", "The automobile.", embedder=failing)
        failing.failure = Unreachable()
        with caplog.at_level(logging.WARNING, logger="chat"):
            hits = finder(failing)(store, "car")
        assert [(hit.passage.text, hit.meaning) for hit in hits] == [("The car of Xylotech.", 0)]
        assert hits[0].score == pytest.approx(0.5 * hits[0].keyword)
        assert f"by words alone, because the embedder {BUILT_IN} failed" in caplog.text

    def test_words_alone_decide_when_its_provider_cannot_be_used(self, ada: User) -> None:
        store = store_of(ada, "The car of Xylotech.", "The automobile.", embedder=THESAURUS)

        def refuse(_store: VectorStore) -> Thesaurus:
            raise KeyRefused

        assert texts(search_stores([store], ["car"], limit=5, embedder_of=refuse)) == ["The car of Xylotech."]

    def test_vectors_of_another_width_count_for_nothing(self, ada: User) -> None:
        store = store_of(ada, "The car of Xylotech.", "The automobile.", embedder=THESAURUS)
        assert texts(finder(Thesaurus("car"))(store, "car")) == ["The car of Xylotech."]
