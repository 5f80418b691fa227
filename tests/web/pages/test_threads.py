"""The chat page over HTTP: what is on it, and who gets to see what."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.actions.conversation import messages, threads
from chat.models import Assistant, Kind, Message, Provider, Run, RunStatus, Thread, User
from chat.models.threads import text_part

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return threads.create(ada, assistant=assistant)


def say(thread: Thread, text: str, *, role: str = "user", run: Run | None = None, status: str = "completed") -> Message:
    parts = {"content": [text_part(text)], "role": role, "status": status}
    return Message.objects.create(thread=thread, run_id=run.id if run else None, **parts)


def html(response) -> str:
    return response.content.decode()


class TestTheHomePage:
    def test_sends_strangers_to_sign_in_and_back(self, client):
        response = client.get(reverse("home"))
        assert response.status_code == 302
        assert response["Location"] == f"{reverse('sign-in')}?next=/"

    def test_offers_assistants_with_their_ideas(self, page, assistant):
        Assistant.objects.filter(pk=assistant.pk).update(starter_prompts=["Tell me <b>more</b>"])
        shown = html(page.get(reverse("home")))
        assert "Helper" in shown
        assert "Tell me &lt;b&gt;more&lt;/b&gt;" in shown

    def test_chooses_the_assistant_asked_last(self, page, ada, assistant):
        other = Assistant.objects.create(owner=ada, name="Another", instructions="Be long.")
        threads.create(ada, assistant=other)
        chosen = re.findall(r'value="(asst_\w+)" checked', html(page.get(reverse("home"))))
        assert chosen == [other.id]

    def test_says_so_when_there_is_no_assistant(self, page):
        assert "no assistant for you yet" in html(page.get(reverse("home")))

    def test_says_so_when_answers_come_from_the_demonstration_model(self, page, scripted):
        assert "demonstration model" not in html(page.get(reverse("home")))
        Provider.objects.create(name="embedded", kind=Kind.EMBEDDED).make_default()
        assert "demonstration model" in html(page.get(reverse("home")))

    def test_keeps_its_policy_strict(self, page):
        response = page.get(reverse("home"))
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|<style", html(response))


class TestAThreadsPage:
    def test_shows_questions_as_plain_text_and_answers_as_markdown(self, page, thread):
        say(thread, "<img src=x onerror=alert(1)>\n*not bold*")
        say(thread, "**bold** <script>alert(1)</script>", role="assistant")
        shown = html(page.get(reverse("thread", args=[thread.id])))
        assert "&lt;img src=x onerror=alert(1)&gt;\n*not bold*" in shown
        assert "<strong>bold</strong>" in shown
        assert "<script>alert" not in shown

    def test_lets_htmx_process_nothing_that_was_written(self, page, thread):
        say(thread, '<p hx-get="/" hx-trigger="load">x</p>', role="assistant")
        shown = html(page.get(reverse("thread", args=[thread.id])))
        assert not re.search(r"<p[^>]* hx-get=./. hx-trigger=.load.", shown)
        assert 'class="prose md" hx-disable' in shown

    def test_of_someone_else_looks_like_one_that_does_not_exist(self, client, bob, thread):
        client.force_login(bob)
        foreign = client.get(reverse("thread", args=[thread.id]))
        absent = client.get(reverse("thread", args=["thread_nonsense"]))
        assert foreign.status_code == absent.status_code == 404
        assert "messages" not in html(foreign)

    def test_shows_the_last_thirty_and_brings_earlier_ones_on_demand(self, page, thread):
        said = [say(thread, f"message-{number:03}") for number in range(70)]
        first = html(page.get(reverse("thread", args=[thread.id])))
        assert re.findall(r"message-(\d+)", first) == [f"{number:03}" for number in range(40, 70)]
        assert f"before={said[40].id}" in first
        earlier = html(page.get(reverse("thread-earlier", args=[thread.id]), {"before": said[40].id}, headers=HTMX))
        assert re.findall(r"message-(\d+)", earlier) == [f"{number:03}" for number in range(10, 40)]
        earliest = html(page.get(reverse("thread-earlier", args=[thread.id]), {"before": said[10].id}, headers=HTMX))
        assert re.findall(r"message-(\d+)", earliest) == [f"{number:03}" for number in range(10)]
        assert "before=" not in earliest

    def test_keeps_errors_where_they_happened(self, page, thread, assistant):
        say(thread, "first question")
        run = Run.objects.create(thread=thread, assistant=assistant, status=RunStatus.FAILED)
        Run.objects.filter(pk=run.pk).update(last_error={"code": "server_error", "message": "The model is away."})
        say(thread, "half an ans", role="assistant", run=run, status="incomplete")
        say(thread, "second question")
        shown = html(page.get(reverse("thread", args=[thread.id])))
        places = [
            shown.index(part) for part in ("first question", "half an ans", "The model is away.", "second question")
        ]
        assert places == sorted(places)
        assert 'role="alert"' in shown

    @pytest.mark.parametrize("is_staff", [True, False])
    def test_shows_the_words_of_a_provider_to_staff_only(self, page, thread, assistant, ada, is_staff):
        User.objects.filter(pk=ada.pk).update(is_staff=is_staff)
        error = {"code": "server_error", "message": "The model is away."}
        run = Run.objects.create(thread=thread, assistant=assistant, status=RunStatus.FAILED, last_error=error)
        Run.objects.filter(pk=run.pk).update(provider_said="Organization org-77 is not verified.")
        shown = html(page.get(reverse("thread", args=[thread.id])))
        assert "The model is away." in shown
        assert ("The server said: Organization org-77 is not verified." in shown) is is_staff
        assert ("org-77" in shown) is is_staff

    def test_shows_which_function_waits_with_which_arguments(self, page, thread, assistant):
        call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
        action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [call]}}
        Run.objects.create(thread=thread, assistant=assistant, status=RunStatus.REQUIRES_ACTION, required_action=action)
        shown = html(page.get(reverse("thread", args=[thread.id])))
        assert "<code>weather</code>" in shown
        assert "{&quot;city&quot;: &quot;Oslo&quot;}" in shown

    def test_shows_the_token_use_of_an_answer_once(self, page, thread, assistant):
        usage = {"prompt_tokens": 1200, "completion_tokens": 34, "total_tokens": 1234}
        run = Run.objects.create(thread=thread, assistant=assistant, status=RunStatus.COMPLETED, usage=usage)
        say(thread, "before the call", role="assistant", run=run)
        say(thread, "after the call", role="assistant", run=run)
        shown = html(page.get(reverse("thread", args=[thread.id])))
        assert shown.count("1234 tokens") == 1
        assert shown.index("after the call") < shown.index("1234 tokens")

    def test_gives_times_in_the_readers_zone(self, page, thread):
        message = say(thread, "hello")
        Message.objects.filter(pk=message.pk).update(created_at="2026-01-01T12:00:00Z")
        page.cookies["timezone"] = "Asia/Tokyo"
        assert "2026-01-01T21:00:00+09:00" in html(page.get(reverse("thread", args=[thread.id])))

    def test_offers_another_assistant_when_its_own_is_gone(self, page, ada, thread, assistant):
        Assistant.objects.create(owner=ada, name="Another")
        assistant.delete()
        shown = html(page.get(reverse("thread", args=[thread.id])))
        assert "Choose an assistant" in shown

    def test_costs_a_bounded_number_of_queries(self, page, thread, assistant, django_assert_max_num_queries):
        for number in range(60):
            run = Run.objects.create(thread=thread, assistant=assistant, status=RunStatus.COMPLETED)
            say(thread, f"answer {number}", role="assistant", run=run)
        with django_assert_max_num_queries(20):
            page.get(reverse("thread", args=[thread.id]))


class TestTheList:
    def test_finds_words_in_titles_and_messages_but_only_ones_own(self, page, ada, bob, assistant):
        titled = threads.create(ada, assistant=assistant)
        threads.rename(ada, titled.id, title="Garden plans")
        said = threads.create(ada, assistant=assistant)
        threads.rename(ada, said.id, title="Other")
        messages.create(ada, said.id, content="about my GARDEN")
        foreign = threads.create(bob, assistant=assistant)
        threads.rename(bob, foreign.id, title="garden of Bob")
        found = html(page.get(reverse("thread-list"), {"q": "garden"}, headers=HTMX))
        assert set(re.findall(r'data-thread="(\w+)"', found)) == {titled.id, said.id}

    def test_says_so_when_nothing_is_found(self, page):
        found = html(page.get(reverse("thread-list"), {"q": "<x>"}, headers=HTMX))
        assert "No chat has “&lt;x&gt;” in it." in found

    def test_keeps_archived_threads_apart(self, page, ada, thread):
        threads.archive(ada, thread.id)
        assert thread.id not in html(page.get(reverse("thread-list"), headers=HTMX))
        assert thread.id in html(page.get(reverse("thread-list"), {"archived": "1"}, headers=HTMX))

    def test_comes_in_pages_and_under_headings_of_time(self, page, ada, assistant):
        for days in range(60):
            made = threads.create(ada, assistant=assistant)
            Thread.objects.filter(pk=made.pk).update(active_at=timezone.now() - timedelta(days=days))
        first = html(page.get(reverse("thread-list"), headers=HTMX))
        assert re.findall(r"<h2>(.*?)</h2>", first) == ["Today", "Yesterday", "Last 7 days", "Earlier"]
        more = re.search(r'hx-get="([^"]+)"', first)[1].replace("&amp;", "&")
        second = html(page.get(more, headers=HTMX))
        assert "<h2>" not in second
        ids = re.findall(r'data-thread="(\w+)"', first + second)
        assert len(ids) == len(set(ids)) == 60

    def test_misses_and_repeats_none_when_one_becomes_active_between_pages(self, page, ada, assistant):
        now = timezone.now()
        made = [threads.create(ada, assistant=assistant) for _ in range(60)]
        Thread.objects.update(active_at=now)  # all at the same time
        first = html(page.get(reverse("thread-list"), headers=HTMX))
        made[0].touch()
        more = re.search(r'hx-get="([^"]+)"', first)[1].replace("&amp;", "&")
        ids = re.findall(r'data-thread="(\w+)"', first + html(page.get(more, headers=HTMX)))
        assert sorted(ids) == sorted(each.id for each in made if each != made[0])

    @pytest.mark.parametrize("after", ["1", "x-1", "9" * 16 + "-" + "9" * 18, "9" * 40 + "-1", "-", "\0-1", "١-١"])
    def test_begins_anywhere(self, page, thread, after):
        assert page.get(reverse("thread-list"), {"after": after}, headers=HTMX).status_code == 200


class TestAThread:
    def test_is_renamed(self, page, thread):
        response = page.post(reverse("thread-rename", args=[thread.id]), {"title": "  A <new> name "}, headers=HTMX)
        assert "A &lt;new&gt; name" in html(response)
        thread.refresh_from_db()
        assert thread.title == "A <new> name"

    def test_is_not_renamed_to_nothing(self, page, thread):
        response = page.post(reverse("thread-rename", args=[thread.id]), {"title": " "}, headers=HTMX)
        assert response.status_code == 400
        assert response["HX-Retarget"] == "#problem"
        assert "Give the chat a name." in html(response)

    def test_is_archived_and_taken_out(self, page, thread):
        page.post(reverse("thread-archive", args=[thread.id]), {"archived": "1"}, headers=HTMX)
        thread.refresh_from_db()
        assert thread.archived_at
        response = page.post(reverse("thread-archive", args=[thread.id]), {"archived": ""}, headers=HTMX)
        assert response["HX-Redirect"] == reverse("thread", args=[thread.id])
        thread.refresh_from_db()
        assert thread.archived_at is None

    def test_is_deleted(self, page, thread):
        response = page.post(reverse("thread-delete", args=[thread.id]), headers=HTMX)
        assert response["HX-Redirect"] == "/"
        assert not Thread.objects.filter(pk=thread.pk).exists()

    def test_asks_another_assistant_from_then_on(self, page, ada, thread):
        other = Assistant.objects.create(owner=ada, name="Another")
        page.post(reverse("thread-assistant", args=[thread.id]), {"assistant": other.id}, headers=HTMX)
        thread.refresh_from_db()
        assert thread.assistant_id == other.id

    @pytest.mark.parametrize(
        "name", ["thread-rename", "thread-archive", "thread-delete", "thread-assistant", "message-send", "run-stop"]
    )
    def test_of_someone_else_cannot_be_touched(self, client, bob, thread, assistant, name):
        client.force_login(bob)
        data = {"title": "x", "archived": "1", "assistant": assistant.id, "text": "x", "client_key": "k" * 20}
        response = client.post(reverse(name, args=[thread.id]), data, headers=HTMX)
        assert response.status_code == 404
        thread.refresh_from_db()
        assert (thread.title, thread.archived_at) == ("", None)

    @pytest.mark.parametrize("name", ["thread-rename", "thread-delete", "message-send", "run-stop", "run-retry"])
    def test_is_not_changed_by_following_a_link_or_without_a_token(self, ada, thread, name):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(ada)
        assert strict.get(reverse(name, args=[thread.id])).status_code == 405
        assert strict.post(reverse(name, args=[thread.id])).status_code == 403


class TestSomeoneWhoseSessionEnded:
    def test_is_led_back_to_the_page_they_were_on(self, client, thread):
        where = {**HTMX, "HX-Current-URL": f"http://testserver/threads/{thread.id}/"}
        response = client.post(reverse("message-send", args=[thread.id]), {"text": "hi"}, headers=where)
        assert response["HX-Redirect"] == f"{reverse('sign-in')}?ended=1&next=/threads/{thread.id}/"
        assert "everthread:sent" not in response.headers.get("HX-Trigger", "")  # the page keeps the draft
        assert "You were signed out" in html(client.get(response["HX-Redirect"]))

    def test_is_told_so_on_the_way_to_a_page_but_not_a_stranger(self, page, ada):
        ada.set_password("another")
        ada.save()
        assert page.get("/")["Location"] == "/sign-in/?ended=1&next=/"
        assert Client().get("/")["Location"] == "/sign-in/?next=/"

    def test_is_shut_out_when_deactivated(self, page, ada, thread):
        User.objects.filter(pk=ada.pk).update(is_active=False)
        assert page.get(reverse("thread", args=[thread.id])).status_code == 302


class TestErrorPages:
    def test_say_what_happened(self, page):
        response = page.get("/no/such/page/")
        assert response.status_code == 404
        assert "This page does not exist" in html(response)

    def test_need_neither_a_session_nor_a_database(self, client, rf):
        from django.views import defaults

        assert "Something went wrong" in html(defaults.server_error(rf.get("/")))
        assert "could not understand" in html(defaults.bad_request(rf.get("/"), Exception()))


def test_an_unknown_message_key_is_refused_rather_than_guessed(page, thread):
    response = page.post(reverse("message-send", args=[thread.id]), {"text": "hi"}, headers=HTMX)
    assert response.status_code == 400
    assert not thread.messages.exists()
