"""What one may see behind a citation: the text around it, and the file itself for those who may have it."""

from __future__ import annotations

import pytest

from chat.actions.conversation import cited_sources, threads
from chat.actions.files import files
from chat.errors import Absent
from chat.models import Assistant, Message, Passage, Thread, User, VectorStoreFile
from tests.cited import annotated, answer, finished_run, read_file, result, search_step, store_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
PAGES = ["Ada likes cake. It is sweet.", "Bob likes tea. It is hot.", "Nobody likes rain. It is wet."]


@pytest.fixture
def thread(ada: User, assistant) -> Thread:
    return threads.create(ada, assistant=assistant)


@pytest.fixture
def foods(ada: User) -> VectorStoreFile:
    return read_file(store_of(ada), "foods.pdf", PAGES)


def cite(thread: Thread, entry: VectorStoreFile, *places: int, quote: str = "") -> Message:
    """An answer that cites passages of ``entry``."""
    run = finished_run(thread)
    search_step(run, *(result(entry, place, quote=quote) for place in places))
    markers = [f"【4:{rank}†x】" for rank in range(len(places))]
    return answer(thread, run, annotated("Look: " + " ".join(markers), dict.fromkeys(markers, entry.file)))


class TestASource:
    def test_shows_the_page_with_the_quote_in_it(self, ada, thread, foods):
        message = cite(thread, foods, 1, 0, quote="")
        found = cited_sources.get(ada, thread.id, message.id, 1)
        assert (found.excerpt.before, found.excerpt.quote, found.excerpt.after) == ("", PAGES[1], "")
        assert (found.citation.place.page_from, found.total, found.may_download) == (2, 2, True)

    def test_shows_what_is_around_the_quote(self, ada, thread, foods):
        message = cite(thread, foods, 1, quote="tea")
        excerpt = cited_sources.get(ada, thread.id, message.id, 1).excerpt
        assert (excerpt.before, excerpt.quote, excerpt.after) == ("Bob likes ", "tea", ". It is hot.")
        assert not excerpt.is_cut_before
        assert not excerpt.is_cut_after

    def test_shows_only_the_page_and_joins_passages_that_overlap(self, ada, thread, foods):
        text = "One.\n\nTwo is a little longer.\n\nThree."
        foods.passages.all().delete()
        for place, (begin, end, pages) in enumerate(
            [(0, 20, [[0, 1], [6, 2]]), (10, 25, [[10, 2]]), (21, 37, [[21, 2], [31, 3]])]
        ):
            span = {
                "page_from": pages[0][1],
                "page_to": pages[-1][1],
                "pages": pages,
                "char_from": begin,
                "char_to": end,
            }
            Passage.objects.create(entry=foods, place=place, text=text[begin:end], window_from=0, window_to=1, **span)
        message = cite(thread, foods, 0, quote="is a")
        excerpt = cited_sources.get(ada, thread.id, message.id, 1).excerpt
        assert (excerpt.before, excerpt.quote, excerpt.after) == ("Two ", "is a", " little longer.")

    def test_without_pages_shows_what_is_near_the_quote(self, ada, thread):
        lines = [f"Line {number} of a long text without any pages in it." for number in range(200)]
        entry = read_file(store_of(ada), "notes.txt", lines, paged=False)
        message = cite(thread, entry, 100, quote="Line 100")
        excerpt = cited_sources.get(ada, thread.id, message.id, 1).excerpt
        assert "Line 99 " in excerpt.before
        assert excerpt.after.startswith(" of a long text")
        assert excerpt.is_cut_before
        assert excerpt.is_cut_after
        assert len(excerpt.before) <= cited_sources.MARGIN
        assert len(excerpt.after) <= cited_sources.MARGIN

    def test_of_a_deleted_file_has_no_text(self, ada, thread, foods):
        message = cite(thread, foods, 0)
        files.delete(ada, foods.file_id)
        found = cited_sources.get(ada, thread.id, message.id, 1)
        assert (found.is_gone, found.excerpt, found.may_download) == (True, None, False)
        assert found.citation.file_name == "foods.pdf"

    def test_that_is_read_anew_has_no_text_for_a_while(self, ada, thread, foods):
        message = cite(thread, foods, 0)
        foods.passages.all().delete()
        found = cited_sources.get(ada, thread.id, message.id, 1)
        assert (found.is_gone, found.excerpt) == (False, None)

    @pytest.mark.parametrize("number", [0, 2, 10**9])
    def test_with_another_number_is_absent(self, ada, thread, foods, number):
        message = cite(thread, foods, 0)
        with pytest.raises(Absent):
            cited_sources.get(ada, thread.id, message.id, number)

    def test_of_someone_elses_thread_is_as_absent_as_one_that_never_was(self, bob, thread, foods):
        message = cite(thread, foods, 0)
        for find in (cited_sources.get, cited_sources.get_file):
            with pytest.raises(Absent) as refused:
                find(bob, thread.id, message.id, 1)
            assert refused.value.message == f"No thread found with id '{thread.id}'."

    def test_of_a_message_of_another_thread_is_absent(self, ada, thread, foods, assistant):
        message = cite(thread, foods, 0)
        other = threads.create(ada, assistant=assistant)
        with pytest.raises(Absent):
            cited_sources.get(ada, other.id, message.id, 1)


class TestSharedKnowledge:
    """The store is Bob's; Ada asks an assistant of his that searches it."""

    @pytest.fixture
    def shared(self, bob: User) -> VectorStoreFile:
        return read_file(store_of(bob, lends_files=False), "foods.pdf", PAGES)

    @pytest.fixture
    def helper(self, bob: User, shared, scripted) -> Assistant:
        resources = {"file_search": {"vector_store_ids": [shared.store_id]}}
        return Assistant.objects.create(owner=bob, name="Helper", audience="everyone", tool_resources=resources)

    @pytest.fixture
    def message(self, ada, helper, shared) -> Message:
        return cite(threads.create(ada, assistant=helper), shared, 1)

    def test_is_seen_where_it_is_cited_but_not_downloaded(self, ada, message):
        found = cited_sources.get(ada, message.thread_id, message.id, 1)
        assert found.excerpt.quote == PAGES[1]
        assert not found.may_download
        with pytest.raises(Absent):
            cited_sources.get_file(ada, message.thread_id, message.id, 1)

    def test_is_downloaded_when_the_store_lends_its_files(self, ada, message, shared):
        type(shared.store).objects.update(lends_files=True)
        assert cited_sources.get(ada, message.thread_id, message.id, 1).may_download
        assert cited_sources.get_file(ada, message.thread_id, message.id, 1) == shared.file

    @pytest.mark.parametrize("change", [{"audience": "owner"}, {"tool_resources": {}}])
    def test_is_gone_when_the_assistant_is_not_shared_any_more_or_lost_it(self, ada, message, helper, shared, change):
        type(shared.store).objects.update(lends_files=True)
        vars(helper).update(change)
        helper.save()
        found = cited_sources.get(ada, message.thread_id, message.id, 1)
        assert (found.is_gone, found.excerpt, found.may_download) == (True, None, False)
        with pytest.raises(Absent):
            cited_sources.get_file(ada, message.thread_id, message.id, 1)
