"""What an answer cites: numbers, places, and what is left when a step or an annotation does not say enough."""

from __future__ import annotations

import pytest

from chat.actions.conversation import citations, threads
from chat.models import Run, Thread, User, VectorStoreFile
from chat.models.threads import text_part
from tests.cited import annotated, answer, finished_run, read_file, result, search_step, store_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def thread(ada: User, assistant) -> Thread:
    return threads.create(ada, assistant=assistant)


@pytest.fixture
def run(thread: Thread) -> Run:
    return finished_run(thread)


@pytest.fixture
def foods(ada: User, media) -> VectorStoreFile:
    return read_file(store_of(ada), "foods.pdf", ["Ada likes cake.", "Bob likes tea.", "Nobody likes rain."])


class TestCitations:
    def test_are_numbered_in_the_order_of_the_text_each_passage_once(self, thread, run, foods):
        search_step(run, result(foods, 0), result(foods, 1))
        text = "Tea【4:1†foods.pdf】, cake【4:0†foods.pdf】 and tea【4:1†foods.pdf】."
        part = annotated(text, {"【4:0†foods.pdf】": foods.file, "【4:1†foods.pdf】": foods.file})
        message = answer(thread, run, part)
        first, second = citations.citations_of(message)
        assert (first.number, first.file_name, first.place.page_from, first.place.heading) == (
            1,
            "foods.pdf",
            2,
            "Part 2",
        )
        assert (second.number, second.place.page_from) == (2, 1)
        cited = citations.parse_citations(message.content, searches=citations.searches_of_runs([run.id])[run.id].all)
        assert [each.citation.number for each in cited.references] == [1, 2, 1]
        assert all(cited.text[each.start : each.end].startswith("【4:") for each in cited.references)

    def test_of_a_passage_that_two_searches_found_are_one(self, thread, run, foods):
        search_step(run, result(foods, 0), marker=4)
        search_step(run, result(foods, 1), result(foods, 0), marker=6)
        files = {"【4:0†foods.pdf】": foods.file, "【6:1†foods.pdf】": foods.file}
        message = answer(thread, run, annotated("a【4:0†foods.pdf】 b【6:1†foods.pdf】", files))
        assert [each.place.page_from for each in citations.citations_of(message)] == [1]

    def test_count_across_the_parts_of_a_message(self, thread, run, foods):
        search_step(run, result(foods, 0), result(foods, 1))
        parts = [annotated(f"😀 one {marker}", {marker: foods.file}) for marker in ("【4:1†f】", "【4:0†f】")]
        message = answer(thread, run, parts[0], parts[1])
        cited = citations.parse_citations(message.content, searches=citations.searches_of_runs([run.id])[run.id].all)
        assert cited.text == message.text
        assert [cited.text[each.start : each.end] for each in cited.references] == ["【4:1†f】", "【4:0†f】"]

    def test_keep_the_name_of_the_file_when_no_step_tells_more(self, thread, run, foods):
        message = answer(thread, run, annotated("a【9:0†foods.pdf】", {"【9:0†foods.pdf】": foods.file}))
        (only,) = citations.citations_of(message)
        assert (only.file_id, only.file_name, only.place) == (foods.file_id, "foods.pdf", None)

    def test_that_are_not_true_of_their_text_are_left_out(self, thread, run, foods):
        part = annotated("a【4:0†foods.pdf】", {"【4:0†foods.pdf】": foods.file})
        part["text"]["annotations"][0]["start_index"] = 0
        assert citations.citations_of(answer(thread, run, part)) == []

    def test_are_none_of_a_text_without_annotations(self, thread, run, foods):
        search_step(run, result(foods, 0))
        assert citations.citations_of(answer(thread, run, text_part("a【4:0†foods.pdf】"))) == []

    def test_of_another_kind_are_not_ours(self, thread, run):
        note = {"type": "file_path", "text": "a", "start_index": 0, "end_index": 1, "file_path": {"file_id": "file-1"}}
        assert citations.citations_of(answer(thread, run, text_part("a", [note]))) == []


class TestSearches:
    def test_belong_to_the_message_that_follows_them(self, thread, run, foods):
        search_step(run, result(foods, 0), queries=["one"])
        first = answer(thread, run, text_part("First."))
        search_step(run, queries=["two", "three"], marker=6)
        second = answer(thread, run, text_part("Second."))
        of_run = citations.searches_of_runs([run.id])[run.id]
        assert [each.queries for each in of_run.all] == [("one",), ("two", "three")]
        assert [each.queries for each in of_run.before[first.id]] == [("one",)]
        assert [(each.queries, each.results) for each in of_run.before[second.id]] == [(("two", "three"), ())]
