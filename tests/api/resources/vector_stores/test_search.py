"""Searching a vector store over the API: reference, sections 4 and 9."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import File, User, VectorStore
from chat.retrieval.embedders import embedder_of
from tests.api.calling import Api, Body, absent, refused, told
from tests.retrieval.making import add

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
OPENING = "The museum is open from nine to five, on Thursdays until eight."
TICKETS = "A ticket costs twelve euros. Children under ten pay nothing."
RESTAURANT = "The restaurant in the garden serves soup and cake."


@pytest.fixture
def store(ada: User) -> VectorStore:
    """A store with a file a year: what one finds out about a museum."""
    store = VectorStore.objects.create(owner=ada)
    embedder = embedder_of(store)
    add(store, OPENING, embedder=embedder, name="opening.txt", attributes={"year": 2023, "topic": "time"})
    add(store, TICKETS, embedder=embedder, name="tickets.md", attributes={"year": 2024, "topic": "money"})
    add(store, RESTAURANT, embedder=embedder, name="restaurant.pdf", attributes={"draft": True})
    return store


@pytest.fixture
def path(store: VectorStore) -> str:
    return f"/vector_stores/{store.id}/search"


def names(shown: Body) -> list[str]:
    return [item["filename"] for item in shown["data"]]


class TestASearch:
    def test_finds_what_answers_best_first(self, api: Api, path: str) -> None:
        shown = api.made(path, {"query": "How much is a ticket for a child?"})
        best = shown["data"][0]
        assert 0 < best.pop("score") <= 1
        assert best == {
            "file_id": File.objects.get(filename="tickets.md").id,
            "filename": "tickets.md",
            "attributes": {"year": 2024, "topic": "money"},
            "content": [{"type": "text", "text": TICKETS}],
        }
        rest = {name: value for name, value in shown.items() if name != "data"}
        assert rest == {
            "object": "vector_store.search_results.page",
            "search_query": ["How much is a ticket for a child?"],
            "has_more": False,
            "next_page": None,
        }

    def test_may_have_several_queries(self, api: Api, path: str) -> None:
        queries = ["soup and cake", "open on Thursdays"]
        shown = api.made(path, {"query": queries, "max_num_results": 2})
        assert shown["search_query"] == queries
        assert sorted(names(shown)) == ["opening.txt", "restaurant.pdf"]

    def test_has_as_many_results_as_wanted_at_most(self, api: Api, path: str) -> None:
        assert len(api.made(path, {"query": "museum ticket soup"})["data"]) == 3
        assert len(api.made(path, {"query": "museum ticket soup", "max_num_results": 1})["data"]) == 1

    def test_leaves_out_what_scores_less_than_the_threshold(self, api: Api, path: str) -> None:
        query = "museum ticket soup"
        scores = [item["score"] for item in api.made(path, {"query": query})["data"]]
        assert scores == sorted(scores, reverse=True)
        shown = api.made(path, {"query": query, "ranking_options": {"score_threshold": scores[1]}})
        assert [item["score"] for item in shown["data"]] == scores[:2]

    def test_can_weigh_words_against_meaning(self, api: Api, path: str) -> None:
        def found(**weights: float) -> Body:
            return api.made(path, {"query": "price of admission", "ranking_options": {"hybrid_search": weights}})

        assert names(found(embedding_weight=0.0, text_weight=1.0)) == []  # no word of it is there
        assert names(found(embedding_weight=1.0, text_weight=0.0))[0] == "tickets.md"

    @pytest.mark.parametrize("ranker", ["none", "auto", "default-2024-11-15"])
    def test_takes_the_rankers_by_their_names(self, api: Api, path: str, ranker: str) -> None:
        shown = api.made(path, {"query": "soup", "ranking_options": {"ranker": ranker}})
        assert names(shown)[0] == "restaurant.pdf"

    @pytest.mark.parametrize(
        ("asked", "searched"), [(True, "price of a ticket"), (False, "What is the price of a ticket?")]
    )
    def test_looks_for_what_is_asked_if_told_to_rewrite(self, api: Api, path: str, asked: bool, searched: str) -> None:
        shown = api.made(path, {"query": "What is the price of a ticket?", "rewrite_query": asked})
        assert shown["search_query"] == [searched]

    def test_is_a_use_of_the_store(self, api: Api, path: str, store: VectorStore) -> None:
        VectorStore.objects.update(expires_after=7, last_active_at=timezone.now() - timedelta(days=6))
        api.made(path, {"query": "soup"})
        assert VectorStore.objects.get().last_active_at > timezone.now() - timedelta(minutes=1)

    def test_of_an_empty_store_finds_nothing(self, api: Api, ada: User) -> None:
        empty = VectorStore.objects.create(owner=ada)
        assert api.made(f"/vector_stores/{empty.id}/search", {"query": "soup"})["data"] == []


class TestAFilter:
    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            ({"type": "eq", "key": "year", "value": 2024}, ["tickets.md"]),
            ({"type": "gt", "key": "year", "value": 2022.5}, ["opening.txt", "tickets.md"]),
            ({"type": "ne", "key": "topic", "value": "time"}, ["restaurant.pdf", "tickets.md"]),
            ({"type": "in", "key": "topic", "value": ["time", "money"]}, ["opening.txt", "tickets.md"]),
            ({"type": "eq", "key": "draft", "value": True}, ["restaurant.pdf"]),
            (
                {
                    "type": "and",
                    "filters": [
                        {"type": "gte", "key": "year", "value": 2023},
                        {
                            "type": "or",
                            "filters": [
                                {"type": "eq", "key": "topic", "value": "none"},
                                {"type": "nin", "key": "topic", "value": ["money"]},
                            ],
                        },
                    ],
                },
                ["opening.txt"],
            ),
        ],
    )
    def test_leaves_files_out_by_their_attributes(self, api: Api, path: str, filters: Body, found: list[str]) -> None:
        assert sorted(names(api.made(path, {"query": "museum ticket soup", "filters": filters}))) == found

    def test_sees_attributes_as_they_are_now(self, api: Api, path: str, store: VectorStore) -> None:
        soup = {"query": "soup", "filters": {"type": "eq", "key": "season", "value": "winter"}}
        assert names(api.made(path, soup)) == []
        entry = store.entries.get(file__filename="restaurant.pdf")
        api.made(f"/vector_stores/{store.id}/files/{entry.file_id}", {"attributes": {"season": "winter"}})
        assert names(api.made(path, soup)) == ["restaurant.pdf"]

    @pytest.mark.parametrize(
        ("filters", "param", "message"),
        [
            (
                {"type": "in", "key": "a", "value": 1},
                "filters",
                "Invalid 'filters': 'in' compares with an array.",
            ),
            (
                {"type": "and", "filters": [{"type": "eq", "key": "a", "value": [1]}]},
                "filters.filters[0]",
                "Invalid 'filters.filters[0]': 'eq' compares with one value.",
            ),
            (
                {"type": "or", "filters": [{"type": "eq", "key": "a", "value": 1}] * 101},
                "filters",
                "Invalid 'filters': it has 101 comparisons, and at most 100 are made.",
            ),
        ],
    )
    def test_that_compares_what_cannot_be_compared_is_refused(
        self, api: Api, path: str, filters: Body, param: str, message: str
    ) -> None:
        expected = refused(message, param=param, code="invalid_value")
        assert told(api.post(path, {"query": "x", "filters": filters})) == expected


class TestWhatIsGone:
    def test_is_not_found_any_more(self, api: Api, path: str, store: VectorStore) -> None:
        assert names(api.made(path, {"query": "soup"}))[0] == "restaurant.pdf"
        file_id = File.objects.get(filename="restaurant.pdf").id
        api.delete(f"/vector_stores/{store.id}/files/{file_id}")
        assert "restaurant.pdf" not in names(api.made(path, {"query": "soup and cake"}))

    def test_with_its_file_is_not_found_any_more(self, api: Api, path: str) -> None:
        api.delete(f"/files/{File.objects.get(filename='restaurant.pdf').id}")
        assert "restaurant.pdf" not in names(api.made(path, {"query": "soup and cake"}))

    def test_while_it_is_read_anew_is_not_found(self, api: Api, path: str, store: VectorStore) -> None:
        file_id = File.objects.get(filename="tickets.md").id
        api.made(f"/vector_stores/{store.id}/files", {"file_id": file_id})
        assert "tickets.md" not in names(api.made(path, {"query": "ticket euros"}))


class TestASearchThatCannotBe:
    @pytest.mark.parametrize(
        ("body", "param", "code"),
        [
            ({}, "query", "missing_required_parameter"),
            ({"query": 7}, "query", "invalid_type"),
            ({"query": [7]}, "query[0]", "invalid_type"),
            ({"query": ""}, "query", "string_below_min_length"),
            ({"query": []}, "query", "array_below_min_length"),
            ({"query": "x" * 4097}, "query", "string_above_max_length"),
            ({"query": ["x"] * 17}, "query", "array_above_max_length"),
            ({"query": "x", "max_num_results": 0}, "max_num_results", "integer_below_min_value"),
            ({"query": "x", "max_num_results": 51}, "max_num_results", "integer_above_max_value"),
            ({"query": "x", "rewrite_query": "yes"}, "rewrite_query", "invalid_type"),
            ({"query": "x", "limit": 5}, "limit", "unknown_parameter"),
            ({"query": "x", "filters": {}}, "filters.type", "missing_required_parameter"),
            ({"query": "x", "filters": {"type": "like", "key": "a", "value": "b"}}, "filters.type", "invalid_value"),
            ({"query": "x", "filters": {"type": "eq", "value": "b"}}, "filters.key", "missing_required_parameter"),
            ({"query": "x", "filters": {"type": "eq", "key": "a", "value": None}}, "filters.value", "invalid_type"),
            ({"query": "x", "filters": {"type": "in", "key": "a", "value": [[]]}}, "filters.value[0]", "invalid_type"),
            ({"query": "x", "ranking_options": {"ranker": "best"}}, "ranking_options.ranker", "invalid_value"),
            (
                {"query": "x", "ranking_options": {"score_threshold": 1.1}},
                "ranking_options.score_threshold",
                "decimal_above_max_value",
            ),
            (
                {"query": "x", "ranking_options": {"hybrid_search": {"embedding_weight": 0, "text_weight": 0}}},
                "ranking_options.hybrid_search",
                "invalid_value",
            ),
        ],
    )
    def test_is_refused_by_the_parameter_at_fault(self, api: Api, path: str, body: Body, param: str, code: str) -> None:
        status, answer = told(api.post(path, body))
        assert (status, answer["error"]["param"], answer["error"]["code"]) == (400, param, code)

    def test_is_of_a_store_that_has_expired(self, api: Api, path: str, store: VectorStore) -> None:
        VectorStore.objects.update(expires_after=1, last_active_at=timezone.now() - timedelta(days=1))
        message = f"Vector store '{store.id}' has expired."
        assert told(api.post(path, {"query": "soup"})) == refused(message, param="vector_store_id")

    def test_is_of_someone_elses_store(self, path: str, store: VectorStore, bob: User) -> None:
        before: Any = VectorStore.objects.values()
        reply = Api(bob).post(path, {"query": "soup"})
        assert told(reply) == absent(f"No vector store found with id '{store.id}'.")
        assert list(before) == list(VectorStore.objects.values())
