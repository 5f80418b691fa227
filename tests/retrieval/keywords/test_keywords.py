"""Words: how texts and questions are cut, and what is found."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection

from chat.models import Passage, User, VectorStore
from chat.retrieval.keywords import index
from chat.retrieval.keywords.terms import MOST_TERMS, terms, weight
from tests.retrieval.making import Thesaurus, add, store_of

PLAIN = Thesaurus()


def found(store: VectorStore, question: str, *, total: int = 100) -> dict[str, float]:
    """The texts that are found, best first, with their scores."""
    match = index.search(question, store=store, total=total)
    if not len(match.keys):
        return {}
    scores = index.normalize(index.count_terms(match, match.keys, store=store), highest=match.highest)
    best = sorted(zip(match.keys.tolist(), scores.tolist(), strict=True), key=lambda each: -each[1])
    return {Passage.objects.get(pk=key).text: score for key, score in best}


class TestTheTermsOfAQuestion:
    @pytest.mark.parametrize(
        ("question", "expected"),
        [
            ("Where is the DATABASE?", [("database",)]),
            ("the of and to", []),
            ("?!… --- ***", []),
            ("", []),
            ("file file FILE", [("file",)]),
            ("set max_tokens to 5", [("set",), ("max", "tokens"), ("5",)]),
            ("東京都", [("東", "京"), ("京", "都")]),
            ("猫", [("猫",)]),
            ("GPUの温度", [("gpu",), ("の", "温"), ("温", "度")]),
            ("서울 날씨", [("서", "울"), ("날", "씨")]),
            ("ｗｉｄｅ ﬁnal", [("wide",), ("final",)]),
            ("हिन्दी", [("ह", "न", "द")]),
            ("a\0b", [("b",)]),
            ("Wie lange ist der Käse haltbar?", [("lange",), ("kase",), ("haltbar",)]),
            ("Quand est-ce que les chiens peuvent entrer ?", [("chiens",), ("peuvent",), ("entrer",)]),
            ("¿Dónde se puede aparcar los domingos?", [("aparcar",), ("domingos",)]),
            ("Где можно оставить машину?", [("оставить",), ("машину",)]),
            ("car insurance", [("car",), ("insurance",)]),
            ("What is the die used for in the mint?", [("die",), ("used",), ("mint",)]),
        ],
    )
    def test_are(self, question: str, expected: list[tuple[str, ...]]) -> None:
        assert terms(question) == expected

    def test_are_limited(self) -> None:
        assert len(terms(" ".join(f"word{number}" for number in range(50_000)))) == MOST_TERMS


@pytest.mark.django_db
class TestWords:
    def test_find_the_passages_that_have_them(self, ada: User) -> None:
        store = store_of(ada, "The cat sleeps.", "A dog barks.", embedder=PLAIN)
        assert list(found(store, "Does the dog bark?")) == ["A dog barks."]

    def test_find_other_forms_of_themselves(self, ada: User) -> None:
        store = store_of(ada, "Connections were closed.", "Zürich is a city.", embedder=PLAIN)
        assert list(found(store, "closing a connection")) == ["Connections were closed."]
        assert list(found(store, "zurich")) == ["Zürich is a city."]

    def test_count_for_more_the_more_often_they_are_there_and_the_shorter_the_passage(self, ada: User) -> None:
        long = " ".join(f"word{number}" for number in range(40))
        texts = ["zebra", f"zebra zebra {long}", f"zebra {long}"]
        store = store_of(ada, *reversed(texts), *["Nothing of it."] * 20, embedder=PLAIN)
        assert list(found(store, "zebra")) == texts

    def test_count_for_more_the_rarer_they_are(self, ada: User) -> None:
        common = [f"Report number {number}." for number in range(20)]
        store = store_of(ada, *common, "Xylotech number one.", embedder=PLAIN)
        assert next(iter(found(store, "report of Xylotech", total=21))) == "Xylotech number one."

    def test_score_between_0_and_1(self, ada: User) -> None:
        store = store_of(ada, "zebra " * 300, "One zebra.", embedder=PLAIN)
        scores = found(store, "zebra", total=100_000)
        assert 0 < min(scores.values()) < max(scores.values()) < 1

    def test_find_characters_that_stand_together(self, ada: User) -> None:
        store = store_of(ada, "東京都の天気は晴れ。", "京都の東にある。", "Nothing of it.", embedder=PLAIN)
        assert list(found(store, "東京")) == ["東京都の天気は晴れ。"]

    def test_count_for_less_if_they_are_endings_and_particles(self, ada: User) -> None:
        store = store_of(ada, "これです。", "図書の一覧。", embedder=PLAIN)
        assert list(found(store, "図書です", total=2)) == ["図書の一覧。", "これです。"]
        assert weight(("図", "書")) == weight(("max", "tokens")) == 1
        assert weight(("で", "す")) == weight(("書", "か")) == 0.5

    def test_find_names_that_are_joined_by_underscores(self, ada: User) -> None:
        store = store_of(ada, "Set max_num_results.", "Results of num and max.", embedder=PLAIN)
        assert list(found(store, "max_num_results")) == ["Set max_num_results."]

    def test_find_a_passage_by_the_heading_that_it_stands_under(self, ada: User) -> None:
        store = store_of(ada, "# Holidays\nThirty days a year.", embedder=PLAIN)
        passage = Passage.objects.get()
        passage.text = "Thirty days a year."
        passage.save()
        index.add([passage], store=store)
        assert list(found(store, "holidays")) == ["Thirty days a year."]

    @pytest.mark.parametrize(
        "question",
        [
            "",
            " ",
            "the",
            "?!",
            '"',
            "'",
            '""" OR """',
            "AND OR NOT NEAR",
            "NEAR(cat dog, 5)",
            "cat*",
            "words: cat",
            "{words}: ^cat",
            "cat + dog",
            "-cat",
            "\0",
            "cat\0dog",
            "%s %d {}",
            "\ud800 cat",
            "'; DROP TABLE chat_passage_words; --",
            "x" * 100_000,
            "cat " * 25_000,
            "(" * 5_000,
            "猫" * 30_000,
            "e\u0301" * 10_000,
        ],
        ids=lambda question: repr(question[:30]),
    )
    def test_may_be_anything(self, ada: User, question: str) -> None:
        store = store_of(ada, "The cat sleeps.", embedder=PLAIN)
        assert set(found(store, question)) <= {"The cat sleeps."}
        assert list(found(store, "cat")) == ["The cat sleeps."]

    def test_find_nothing_of_other_stores(self, ada: User) -> None:
        stores = [store_of(ada, f"Cat of store {number}.", embedder=PLAIN) for number in range(12)]
        assert all(list(found(store, "cat")) == [f"Cat of store {n}."] for n, store in enumerate(stores))

    def test_are_no_less_rare_because_other_stores_have_them(self, ada: User) -> None:
        store = store_of(ada, "The cat sleeps.", "A dog barks.", "Birds sing.", embedder=PLAIN)
        before = found(store, "cat", total=3)["The cat sleeps."]
        store_of(ada, *["A cat, a cat, a cat."] * 30, *["A bird sings."] * 30, embedder=PLAIN)
        assert found(store, "cat", total=3)["The cat sleeps."] == pytest.approx(before, rel=0.25)

    def test_added_again_replace_those_before(self, ada: User) -> None:
        store = store_of(ada, "The cat sleeps.", embedder=PLAIN)
        passage = Passage.objects.get()
        index.add([passage], store=store)
        once = found(store, "cat")
        passage.text = "A dog barks."
        index.add([passage], store=store)
        assert once == {"The cat sleeps.": once["The cat sleeps."]}
        assert (list(found(store, "cat")), len(found(store, "dog"))) == ([], 1)

    def test_go_with_their_passages(self, ada: User) -> None:
        store = store_of(ada, "The cat sleeps.", "A dog barks.", embedder=PLAIN)
        keys = set(Passage.objects.values_list("pk", flat=True))
        store.entries.all()[0].file.delete()
        with connection.cursor() as cursor:
            cursor.execute("SELECT rowid FROM chat_passage_words")
            left = keys.intersection(key for (key,) in cursor.fetchall())
        assert left == set(Passage.objects.values_list("pk", flat=True))
        assert len(left) == 1
        VectorStore.objects.all().delete()
        assert not Passage.objects.exists()
        assert len(index.search("cat dog", store=store, total=2).keys) == 0


@pytest.mark.django_db
class TestWordsThatVeryManyPassagesHave:
    @pytest.fixture
    def store(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> VectorStore:
        """Ten passages are very many."""
        monkeypatch.setattr(index.database, "MOST_ROWS", 10)
        common = [f"Common words {number}." for number in range(10)]
        return store_of(
            ada,
            *common,
            "A rare thing of quite another different kind.",
            "A rare thing of common common words.",
            embedder=PLAIN,
        )

    def test_are_not_looked_for_beside_rarer_ones(self, store: VectorStore) -> None:
        match = index.search("common rare", store=store, total=12)
        assert (len(match.keys), list(match.weights), list(match.passages)) == (
            2,
            [("rare",), ("common",)],
            [("rare",)],
        )

    def test_are_looked_for_when_there_are_no_others(self, store: VectorStore) -> None:
        assert len(found(store, "common", total=12)) == 11

    def test_are_not_looked_for_beside_less_common_ones(self, ada: User, store: VectorStore) -> None:
        for number in range(30):
            add(store, f"Usual {number}.", embedder=PLAIN)
        match = index.search("usual common", store=store, total=42)
        assert (len(match.keys), list(match.passages)) == (11, [("common",)])

    def test_are_counted_in_the_likely_passages(self, store: VectorStore) -> None:
        match = index.search("common rare", store=store, total=12)
        plain, both = Passage.objects.order_by("pk")[10:]
        both_has, plain_has, gone_has = index.count_terms(match, np.array([both.pk, plain.pk, 0]), store=store)
        assert both_has > plain_has > gone_has == 0

    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ("Connections close.", "closing"),
            ("It was closed.", "closes"),
            ("Boxes.", "box"),
            ("The query.", "queries"),
            ("A class.", "classes"),
            ("Zürich", "zurich"),
            ("東京都", "東京"),
            ("max_tokens", "max_token"),
        ],
    )
    def test_are_counted_in_all_their_forms(self, ada: User, text: str, word: str) -> None:
        store = store_of(ada, text, "Nothing of it.", embedder=PLAIN)
        key, other = store.entries.order_by("pk").values_list("passages", flat=True)
        everywhere = np.ones((2, 1), np.bool_)
        times, _ = index.database.times(np.array([other, key]), terms(word), where=everywhere, scope=store.pk)
        assert times.tolist() == [[0], [1]]
