"""Threads and runs are only read. What people wrote needs a permission of its own, and reading it is noted."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.actions.conversation import sending, threads
from chat.admin.shared import model_admin
from chat.models import Message, Model, Run, RunStep, Thread, User
from tests.admin.conftest import ANSWERED_WORDS, ARGUMENT, OUTPUT, SECRET_WORDS

pytestmark = pytest.mark.django_db
SEES = ("view_thread", "view_run", "view_assistant", "view_user", "delete_user", "change_user")


def page_of(row: Thread | Run, page: str = "change") -> str:
    return reverse(f"admin:chat_{row._meta.model_name}_{page}", args=[row.pk])


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


class TestWithoutThePermission:
    @pytest.fixture
    def client(self, make_staff, enter) -> Client:
        return enter(make_staff(*SEES))

    def test_no_page_has_a_word_of_what_was_said(self, client, run, thread, ada) -> None:
        thread_list, run_list = "/admin/chat/thread/", "/admin/chat/run/"
        pages = [
            "/admin/",
            thread_list,
            f"{thread_list}?q=ada",
            run_list,
            *(page_of(row, page) for row in (thread, run) for page in ("change", "history")),
            reverse("admin:chat_user_change", args=[ada.pk]),
            reverse("admin:chat_user_delete", args=[ada.pk]),
        ]
        for address in pages:
            text = text_of(client, address)
            for words in (SECRET_WORDS, ANSWERED_WORDS, ARGUMENT, OUTPUT, "diary", "Be brief."):
                assert words not in text, address

    def test_no_bulk_page_has_either(self, client, run, ada) -> None:
        data = {"action": "delete_selected", "_selected_action": [ada.pk]}
        text = client.post("/admin/chat/user/", data).content.decode()
        assert "Messages: 2" in text
        assert "diary" not in text

    def test_the_words_cannot_be_searched_for(self, client, run) -> None:
        assert "0 threads" in text_of(client, "/admin/chat/thread/?q=diary")
        assert "0 runs" in text_of(client, "/admin/chat/run/?q=diary")

    def test_the_rest_is_there(self, client, run, thread) -> None:
        text = text_of(client, page_of(thread))
        assert run.id in text
        assert f"{len(SECRET_WORDS)} characters" in text
        assert "reading other people’s messages needs a permission" in text
        text = text_of(client, page_of(run))
        assert "drying_time" in text
        assert "1000" in text

    def test_nothing_is_noted(self, client, run, thread) -> None:
        text_of(client, page_of(thread))
        assert not LogEntry.objects.exists()

    def test_ones_own_chats_can_be_read(self, make_staff, enter, assistant) -> None:
        staff = make_staff("view_thread", "view_run")
        thread = threads.create(staff, assistant=assistant)
        run = sending.send(thread.owner, thread.id, text="my own words", client_key="1").run
        assert run is not None
        client = enter(staff)
        assert "my own words" in text_of(client, page_of(thread))
        assert not LogEntry.objects.exists()


class TestWithThePermission:
    @pytest.fixture
    def reader(self, make_staff):
        return make_staff(*SEES, "read_messages")

    def test_the_words_are_there(self, reader, enter, run, thread) -> None:
        client = enter(reader)
        text = text_of(client, page_of(thread))
        assert SECRET_WORDS in text
        assert ANSWERED_WORDS in text
        text = text_of(client, page_of(run))
        for words in (ANSWERED_WORDS, ARGUMENT, OUTPUT, "Be brief."):
            assert words in text

    def test_they_can_be_searched_for(self, reader, enter, run) -> None:
        assert "1 thread" in text_of(enter(reader), "/admin/chat/thread/?q=diary")

    @pytest.mark.parametrize("which", ["thread", "run"])
    def test_reading_is_noted_in_the_history(self, which, reader, enter, run, thread) -> None:
        row = {"thread": thread, "run": run}[which]
        client = enter(reader)
        text_of(client, page_of(row))
        entry = LogEntry.objects.get()
        assert (entry.user, entry.object_id, entry.object_repr) == (reader, str(row.pk), row.id)
        assert "Read the messages." in text_of(client, page_of(row, "history"))

    def test_it_alone_opens_nothing(self, make_staff, enter, thread) -> None:
        client = enter(make_staff("read_messages"))
        assert client.get(page_of(thread)).status_code == 403
        assert not LogEntry.objects.exists()

    def test_what_was_written_is_only_text(self, reader, enter, run, thread) -> None:
        evil = "<script>alert(1)</script>"
        Thread.objects.update(title=evil)
        Message.objects.update(content=[{"type": "text", "text": {"value": evil, "annotations": []}}])
        step = run.steps.get(type="tool_calls")
        step.details["tool_calls"][0]["function"] |= {"name": evil, "arguments": evil, "output": evil}
        step.save()
        client = enter(reader)
        for address in ("/admin/chat/thread/", page_of(thread), page_of(thread, "history"), page_of(run)):
            text = text_of(client, address)
            assert "<script>alert" not in text
            assert "&lt;script&gt;alert" in text or address == page_of(thread, "history")


class TestThreadsAndRuns:
    @pytest.mark.parametrize("name", ["thread", "run"])
    def test_can_be_neither_added_nor_changed_nor_deleted(self, name, boss, enter, run, thread) -> None:
        row = {"thread": thread, "run": run}[name]
        client = enter(boss)
        assert client.get(f"/admin/chat/{name}/add/").status_code == 403
        assert client.post(page_of(row), {}).status_code == 403
        assert client.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403
        assert type(row).objects.filter(pk=row.pk).exists()

    def test_are_found_by_their_ids(self, boss, enter, run, thread) -> None:
        client = enter(boss)
        assert run.id in text_of(client, f"/admin/chat/run/?q={run.id}")
        assert run.id in text_of(client, f"/admin/chat/run/?q={thread.id}")
        assert "0 runs" in text_of(client, "/admin/chat/run/?q=run_nowhere")

    def test_show_the_newest_messages_of_a_long_thread(self, boss, enter, thread) -> None:
        texts = [{"type": "text", "text": {"value": "more", "annotations": []}}]
        Message.objects.bulk_create(Message(thread=thread, role="user", content=texts) for _ in range(200))
        text = text_of(enter(boss), page_of(thread))
        assert "2 older messages are not shown." in text
        assert SECRET_WORDS not in text.partition("Messages</h2>")[2]


class TestALongList:
    @pytest.fixture(autouse=True)
    def _runs(self, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
        monkeypatch.setattr(model_admin, "MOST_ROWS", 2)
        for number in range(2):
            Run.objects.create(thread=run.thread, model=f"model-{number}", status="completed")

    def test_ends_and_says_so(self, boss: User, enter) -> None:
        assert "The first 2 runs of more: search or filter for the others." in text_of(enter(boss), "/admin/chat/run/")

    def test_can_be_filtered_by_what_the_newest_have(self, boss: User, enter) -> None:
        client = enter(boss)
        page = text_of(client, "/admin/chat/run/?model=model-1")
        assert "1 run" in page
        assert "model-0" in page  # another choice
        assert "0 runs" in text_of(client, "/admin/chat/run/?model=none")

    @pytest.mark.parametrize("address", ["assistant/?owner__id__exact=x", "vectorstore/?owner__id__exact=" + "9" * 30])
    def test_takes_no_filter_that_cannot_be(self, boss: User, enter, address: str) -> None:
        assert enter(boss).get(f"/admin/chat/{address}", follow=True).status_code == 200


class TestThePageOfARun:
    def test_tells_what_happened_in_order(self, boss, enter, run) -> None:
        text = text_of(enter(boss), page_of(run))
        texts = re.findall(r'<span class="what">(.*?)</span>', text)
        assert texts == ["The run was created", "It waits for a worker", "The first word of an answer"]

    def test_says_what_it_took(self, boss, enter, run) -> None:
        start = timezone.now() - timedelta(minutes=5)
        Run.objects.filter(pk=run.pk).update(
            created_at=start,
            started_at=start + timedelta(seconds=0.25),
            completed_at=start + timedelta(seconds=65),
            timeline=[[1, "thread.run.created", 0, ""], [7, "thread.message.created", 1.5, ""]],
        )
        text = text_of(enter(boss), page_of(run))
        figures = dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd>([^<]+)</dd>", text))
        assert figures["Took"] == "1 min 5 s"
        assert figures["Waited for a worker"] == "0.25 s"
        assert figures["First word after"] == "1.50 s"

    def test_says_what_it_cost_at_the_prices_of_its_model(self, boss, enter, run, scripted) -> None:
        client = enter(boss)
        assert re.search(r"<dt>Cost at today’s prices</dt>\s*<dd>–</dd>", text_of(client, page_of(run)))
        Model.objects.create(provider=scripted, name="scripted", input_price=Decimal("2"), output_price=Decimal("8"))
        assert re.search(r"<dt>Cost at today’s prices</dt>\s*<dd>0\.006</dd>", text_of(client, page_of(run)))

    def test_shows_its_error_first(self, boss, enter, run) -> None:
        error = {"code": "rate_limit_exceeded", "message": "Wait a little."}
        Run.objects.filter(pk=run.pk).update(status="failed", last_error=error, usage=None, provider_said="Slow down!")
        text = text_of(enter(boss), page_of(run))
        assert text.index("Wait a little.") < text.index("The server said: Slow down!") < text.index("Timeline")
        assert "rate_limit_exceeded" in text

    def test_tells_what_was_searched_for_and_found_to_those_who_may_read(self, boss, make_staff, enter, run) -> None:
        results = [{"file_id": "file-1", "file_name": "diary.pdf", "score": 0.523, "content": []}]
        search = {"ranking_options": {}, "results": results, "queries": ["wet diaries"]}
        called = {"type": "tool_calls", "tool_calls": [{"id": "call_2", "type": "file_search", "file_search": search}]}
        step = RunStep.objects.create(run=run, type="tool_calls", status="completed", details=called)
        text = text_of(enter(boss), page_of(run))
        assert "wet diaries" in text
        assert "0.52  diary.pdf" in text
        text = text_of(enter(make_staff("view_run")), page_of(run))
        assert "file_search" in text
        for words in ("wet diaries", "diary.pdf"):
            assert words not in text
        search["results"] = []
        step.save()
        assert "Nothing was found." in text_of(enter(boss), page_of(run))

    def test_opens_while_the_run_is_live_and_nothing_is_known(self, boss, enter, ada, assistant) -> None:
        run = sending.send(ada, threads.create(ada, assistant=assistant).id, text="Hi", client_key="1").run
        assert run is not None
        assert "It did nothing yet." in text_of(enter(boss), page_of(run))
