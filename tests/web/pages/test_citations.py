"""Citations on the page: chips, sources and searches in history and in polls, the preview, the copy, the download."""

from __future__ import annotations

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from chat.actions.conversation import sending, threads
from chat.actions.files import files
from chat.engine.follow import read_snapshot
from chat.events import types
from chat.events.types import Event
from chat.models import Message, Run, RunStatus, RunStep, Thread, User, VectorStoreFile
from chat.models.api_objects.objects import message_object
from chat.models.threads import text_part
from chat.web.live.feed import Feed, PageState
from tests.cited import annotated, answer, finished_run, read_file, result, search_step, store_of
from tests.web.markup import Elements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
HTMX = {"HX-Request": "true"}
PAGES = ["Ada likes cake.", "Bob likes <b>tea</b> & milk.", "Nobody likes rain."]
NAME = "<b>menu.pdf"
CAKE, TEA = "【4:0†menu】", "【4:1†menu】"


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def thread(ada: User, assistant) -> Thread:
    return threads.create(ada, assistant=assistant)


@pytest.fixture
def menu(ada: User) -> VectorStoreFile:
    return read_file(store_of(ada), NAME, PAGES)


def said(thread: Thread, menu: VectorStoreFile, text: str, **fields: object) -> Message:
    run = finished_run(thread, **({"status": RunStatus.IN_PROGRESS} if fields else {}))
    search_step(run, result(menu, 0), result(menu, 1, quote="tea"), queries=["what they like"])
    return answer(thread, run, annotated(text, {CAKE: menu.file, TEA: menu.file}), **fields)


@pytest.fixture
def message(thread: Thread, menu: VectorStoreFile) -> Message:
    return said(thread, menu, f"Bob: **tea**{TEA}.\n\n- Ada: cake{CAKE}")


def html(response) -> str:
    return response.content.decode()


def chips(shown: str) -> list[str]:
    return re.findall(r'class="cite"[^>]*>(\d+)</span>', shown)


class TestAnAnswer:
    def shown(self, page: Client, thread: Thread) -> str:
        return html(page.get(reverse("thread", args=[thread.id])))

    def test_has_chips_for_its_citations(self, page, thread, message):
        shown = self.shown(page, thread)
        assert chips(shown) == ["1", "2"]
        assert "†" not in shown
        assert 'aria-label="Source 1: &lt;b&gt;menu.pdf, page 2"' in shown

    def test_lists_its_sources(self, page, thread, message):
        shown = self.shown(page, thread)
        sources = shown[shown.index('class="sources"') :]
        assert re.findall(r'class="number">(\d)<', sources) == ["1", "2"]
        assert "&lt;b&gt;menu.pdf" in sources
        assert "page 2 · Part 2" in sources
        assert f'hx-get="{reverse("source", args=[thread.id, message.id, 2])}"' in sources

    def test_tells_what_was_searched(self, page, thread, message):
        elements = Elements(self.shown(page, thread))
        assert "Searched 1 file for what they like" in " ".join(elements.words.split())
        assert "0.68" in elements.words

    def test_tells_that_nothing_was_found(self, page, thread):
        run = finished_run(thread)
        search_step(run, queries=["nonsense"])
        answer(thread, run, text_part("I do not know."))
        words = " ".join(Elements(self.shown(page, thread)).words.split())
        assert "Searched, but found nothing for nonsense" in words
        assert "Sources" not in words

    def test_of_someone_who_typed_a_marker_shows_it(self, page, thread):
        Message.objects.create(thread=thread, role="user", content=[text_part(f"What is {CAKE}?")])
        assert CAKE in self.shown(page, thread)

    def test_costs_no_more_queries_when_it_cites(self, page, thread, menu, django_assert_max_num_queries):
        for number in range(10):
            said(thread, menu, f"Answer {number}{CAKE}")
        with django_assert_max_num_queries(20):
            self.shown(page, thread)

    def test_is_copied_with_numbers_and_what_they_mean(self, page, thread, message):
        copied = html(page.get(reverse("message-text", args=[thread.id, message.id])))
        assert copied == f"Bob: **tea**[1].\n\n- Ada: cake[2]\n\n[1] {NAME}, page 2\n[2] {NAME}, page 1\n"


class TestAnOpenAnswer:
    def news(self, page, thread, **have: object) -> str:
        return html(page.get(reverse("thread-news", args=[thread.id]), {"have": json.dumps(have)}, headers=HTMX))

    @pytest.fixture
    def open_answer(self, thread, menu) -> Message:
        return said(thread, menu, f"Tea{TEA}.\n\nAnd cake{CAKE}, tea{TEA}", status="in_progress")

    def test_has_chips_in_its_blocks_and_numbers_in_its_open_end(self, page, thread, open_answer):
        shown = html(page.get(reverse("thread", args=[thread.id])))
        assert chips(shown) == ["1"]
        assert f'id="{open_answer.id}-tail">And cake[2], tea[1]</div>' in shown
        assert "†" not in shown

    def test_goes_on_with_the_same_numbers_in_a_poll(self, page, thread, open_answer):
        shown = self.news(page, thread, open={open_answer.id: 0})
        assert chips(shown) == ["1"]
        assert ">And cake[2], tea[1]</div>" in shown
        assert "†" not in shown

    def test_is_finished_with_chips(self, page, thread, open_answer):
        Message.objects.update(status="completed")
        shown = self.news(page, thread, open={open_answer.id: 1})
        assert chips(shown) == ["1", "2", "1"]
        assert 'class="sources"' in shown


class TestALiveRun:
    """A page that follows it, event by event."""

    @pytest.fixture
    def run(self, thread) -> Run:
        return finished_run(thread, status=RunStatus.IN_PROGRESS, tools=[{"type": "file_search"}])

    @pytest.fixture
    def feed(self, ada, thread, run) -> Feed:
        feed = Feed(ada, thread.id, PageState())
        feed.apply(read_snapshot(thread.id))
        return feed

    def delta(self, run: Run, call: dict[str, object]) -> Event:
        return Event(run.id, 2, types.STEP_DELTA, types.step_delta("step_1", tool_call={"index": 0, **call}))

    def test_says_that_it_searches_until_it_has(self, feed, run):
        began = feed.apply([self.delta(run, {"type": "file_search", "file_search": {}})])
        assert "Searching in your files…" in began
        assert "Searching" in feed.apply([Event(run.id, 3, types.STEP_IN_PROGRESS, {})])
        assert "Searching" not in feed.apply([Event(run.id, 4, types.STEP_COMPLETED, {"step_details": {}})])

    def test_that_calls_a_function_does_not_search(self, feed, run):
        assert "Searching" not in feed.apply([self.delta(run, {"type": "function", "function": {}})])

    def test_is_seen_to_search_by_a_page_that_opens_meanwhile(self, ada, thread, run):
        details = {"type": "tool_calls", "tool_calls": []}
        RunStep.objects.create(run=run, type="tool_calls", status="in_progress", details=details)
        assert "Searching in your files…" in Feed(ada, thread.id, PageState()).apply(read_snapshot(thread.id))

    def test_that_ends_with_its_last_words_is_finished(self, feed, thread, run):
        message = answer(thread, run, status="in_progress")
        feed.apply([Event(run.id, 2, types.MESSAGE_CREATED, message_object(message))])
        Message.objects.update(status="completed", content=[text_part("It **is**.")])
        last = types.message_delta(message.id, index=0, text="It **is**.", first=True)
        done = Event(run.id, 4, types.MESSAGE_COMPLETED, message_object(message))
        assert "<strong>is</strong>" in feed.apply([Event(run.id, 3, types.MESSAGE_DELTA, last), done])

    def test_cites_in_text_frames_without_a_marker(self, feed, thread, run, menu):
        search_step(run, result(menu, 0), result(menu, 1))
        message = answer(thread, run, status="in_progress")
        feed.apply([Event(run.id, 5, types.MESSAGE_CREATED, message_object(message))])

        def told(text: str, *markers: str, begin: int) -> str:
            annotations = annotated(text, dict.fromkeys(markers, menu.file))["text"]["annotations"]
            shifted = [
                {**each, "start_index": each["start_index"] + begin, "end_index": each["end_index"] + begin}
                for each in annotations
            ]
            delta = types.message_delta(message.id, index=0, text=text, first=False, annotations=shifted)
            (frame,) = feed.text_frames([Event(run.id, 6, types.MESSAGE_DELTA, delta)])
            return frame

        assert json.loads(told("😀 tea", begin=0)) == {"m": message.id, "t": "😀 tea"}
        assert json.loads(told(TEA, TEA, begin=5)) == {"m": message.id, "t": "[1]"}
        assert json.loads(told(f" cake{CAKE}{TEA}", CAKE, TEA, begin=5 + len(TEA))) == {
            "m": message.id,
            "t": " cake[2][1]",
        }
        closed = told(".\n\nMore", begin=10 + 2 * len(TEA) + len(CAKE))
        assert chips(closed) == ["1", "2", "1"]
        assert "†" not in closed


class TestThePreview:
    def get(self, page, message: Message, number: int = 1, name: str = "source"):
        return page.get(reverse(name, args=[message.thread_id, message.id, number]), headers=HTMX)

    def test_shows_the_passage_in_its_page(self, page, message):
        shown = html(self.get(page, message))
        assert "Bob likes &lt;b&gt;<mark>tea</mark>&lt;/b&gt; &amp; milk." in shown
        assert '<h2 id="source-title">&lt;b&gt;menu.pdf</h2>' in shown
        assert "Page 2 · Part 2" in shown
        assert "cake" not in shown

    def test_leads_to_the_next_source_and_back(self, page, message):
        first, second = html(self.get(page, message)), html(self.get(page, message, 2))
        assert "1 of 2" in first
        assert f'hx-get="{reverse("source", args=[message.thread_id, message.id, 2])}"' in first
        assert f'hx-get="{reverse("source", args=[message.thread_id, message.id, 1])}"' in second
        assert first.count("disabled") == second.count("disabled") == 1

    def test_gives_the_original_so_that_nothing_runs(self, page, message, menu):
        assert reverse("source-original", args=[message.thread_id, message.id, 1]) in html(self.get(page, message))
        response = self.get(page, message, name="source-original")
        assert b"".join(response.streaming_content) == "\n\n".join(PAGES).encode()
        assert response["Content-Disposition"].startswith("attachment")
        assert response["Content-Type"] == "application/octet-stream"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"

    def test_says_that_the_file_is_gone(self, page, ada, message, menu):
        files.delete(ada, menu.file_id)
        shown = html(self.get(page, message))
        assert "was deleted" in shown
        assert "tea" not in shown
        assert "original" not in shown
        assert self.get(page, message, name="source-original").status_code == 404

    @pytest.mark.parametrize("name", ["source", "source-original"])
    def test_of_someone_else_looks_like_one_that_does_not_exist(self, client, bob, message, name):
        client.force_login(bob)
        theirs = self.get(client, message, name=name)
        message.thread_id = "thread_000000000000000000000000"
        nobodys = self.get(client, message, name=name)
        assert theirs.status_code == nobodys.status_code == 404
        assert "tea" not in html(theirs)
        assert re.sub(r"thread_\w+", "", html(theirs)) == re.sub(r"thread_\w+", "", html(nobodys))

    def test_needs_someone_who_is_signed_in(self, client, message):
        assert "HX-Redirect" in self.get(client, message)


class TestAnAttachment:
    def upload(self, page, name: str, content: bytes = b"Some text."):
        return page.post(reverse("file-upload"), {"upload": SimpleUploadedFile(name, content)}, headers=HTMX)

    @pytest.fixture
    def question(self, page, ada, thread) -> Message:
        file = files.create(ada, upload=SimpleUploadedFile("report.md", b"# Report"))
        return sending.send(
            thread.owner, thread.id, text="Read this", files=[file], client_key="a-key-of-the-page"
        ).message

    def reading(self, page, question) -> str:
        return html(page.get(reverse("message-reading", args=[question.thread_id, question.id]), headers=HTMX))

    def test_says_what_will_become_of_it(self, page):
        assert "will be read" in html(self.upload(page, "report.pdf"))

    @pytest.mark.parametrize("name", ["program.exe", "letter.wps", "drawing.svg", "noextension"])
    def test_that_nobody_could_read_is_refused_and_not_kept(self, page, ada, name):
        shown = html(self.upload(page, name))
        assert f"“{name}” cannot be attached." in shown
        assert not ada.files.exists()

    def test_is_offered_by_the_picker_if_it_can_be_read(self, page):
        accept = re.search(r'accept="([^"]+)"', html(page.get(reverse("home"))))[1].split(",")
        assert {".pdf", ".pptx", ".html", ".md", ".py", "image/png", "image/webp"} <= set(accept)

    def test_is_followed_while_it_is_read(self, page, thread, question):
        VectorStoreFile.objects.update(progress=40)
        for shown in (html(page.get(reverse("thread", args=[thread.id]))), self.reading(page, question)):
            assert "being read… 40 %" in shown
            assert 'hx-trigger="every 1s"' in shown

    def test_is_no_longer_followed_once_it_is_ready(self, page, thread, question):
        VectorStoreFile.objects.update(status="completed", notice="1 of 9 pages has no text.")
        shown = self.reading(page, question)
        assert "ready" in shown
        assert "1 of 9 pages has no text." in shown
        assert 'hx-trigger="every' not in shown
        assert 'hx-trigger="every' not in html(page.get(reverse("thread", args=[thread.id])))

    def test_that_failed_says_why(self, page, question):
        error = {"code": "invalid_file", "message": "The PDF is <protected>."}
        VectorStoreFile.objects.update(status="failed", last_error=error)
        shown = self.reading(page, question)
        assert "could not be read" in shown
        assert "The PDF is &lt;protected&gt;." in shown
        assert 'hx-trigger="every' not in shown

    def test_of_a_message_that_is_gone_is_no_longer_followed(self, page, question):
        question.delete()
        assert self.reading(page, question) == ""

    def test_of_someone_elses_message_is_not_told(self, client, bob, question):
        client.force_login(bob)
        assert self.reading(client, question) == ""
