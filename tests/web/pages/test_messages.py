"""What one does in a thread over HTTP: say something, attach files, stop, try again, take back, look for news."""

from __future__ import annotations

import errno
import io
import json
import re
import sqlite3

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from PIL import Image

from chat.actions.conversation import sending, threads
from chat.actions.files import files
from chat.background import polling
from chat.engine.worker import Worker
from chat.models import Assistant, File, Message, QueuedMessage, Run, RunStatus, Thread, User
from chat.models.runs import live_run
from chat.models.threads import text_part

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
KEY = "a-key-of-the-page"


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return threads.create(ada, assistant=assistant)


def html(response) -> str:
    return response.content.decode()


def send(page: Client, thread: Thread, text: str = "Hello", *, key: str = KEY, **more: object):
    data = {"text": text, "client_key": key, **more}
    return page.post(reverse("message-send", args=[thread.id]), data, headers=HTMX)


def text_file(ada: User, name: str = "notes.txt", content: bytes = b"Some notes.") -> File:
    return files.create(ada, upload=SimpleUploadedFile(name, content))


def picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(made, "PNG")
    return made.getvalue()


class TestTheAssistantThatThePageShows:
    """The page posts it with the message, for the request that chose it may still be on its way."""

    def test_answers_from_this_message_on(self, page: Client, thread: Thread, ada: User) -> None:
        other = Assistant.objects.create(owner=ada, name="Other")
        send(page, thread, assistant=other.id)
        assert Run.objects.get().assistant == other
        assert Thread.objects.get().assistant == other

    def test_answers_in_a_thread_that_had_none(self, page: Client, ada: User, assistant: Assistant) -> None:
        assert send(page, threads.create(ada), assistant=assistant.id).status_code == 200
        assert Run.objects.get().assistant == assistant

    def test_must_be_one_that_the_user_may_use(self, page: Client, thread: Thread, assistant: Assistant) -> None:
        hidden = Assistant.objects.create(owner=User.objects.create_user("eve"), name="Hidden")
        refusal = send(page, thread, assistant=hidden.id)
        assert "no longer there" in html(refusal)
        assert Thread.objects.get().assistant == assistant
        assert not Message.objects.exists()


class TestTheFirstMessage:
    def start(self, page, assistant, text="Hello", key=KEY):
        data = {"text": text, "client_key": key, "assistant": assistant.id}
        return page.post(reverse("thread-start"), data, headers=HTMX)

    def test_opens_a_thread_that_is_being_answered(self, page, ada, assistant):
        response = self.start(page, assistant)
        thread = Thread.objects.get()
        assert response["HX-Redirect"] == reverse("thread", args=[thread.id])
        assert "everthread:sent" in response["HX-Trigger"]  # with which the page drops its draft
        assert (thread.owner, thread.title, live_run(thread).status) == (ada, "Hello", "queued")

    def test_sent_twice_opens_one_thread(self, page, assistant):
        first, second = self.start(page, assistant), self.start(page, assistant)
        assert first["HX-Redirect"] == second["HX-Redirect"]
        assert (Thread.objects.count(), Message.objects.count(), Run.objects.count()) == (1, 1, 1)

    def test_opens_none_when_it_is_refused(self, page, assistant):
        response = self.start(page, assistant, text="  ")
        assert response.status_code == 400
        assert "Write something first." in html(response)
        assert not Thread.objects.exists()

    def test_opens_none_while_as_many_answers_as_allowed_are_under_way(self, page, assistant, settings):
        settings.EVERTHREAD_PAGE_RUNS = 1
        self.start(page, assistant)
        response = self.start(page, assistant, key="another-key")
        assert (response.status_code, response["HX-Retarget"]) == (429, "#problem")
        assert "You have 1 answers under way already. Wait until one of them is complete, or stop one." in html(
            response
        )
        assert Thread.objects.count() == 1

    def test_is_refused_for_an_assistant_that_one_may_not_use(self, page, bob):
        hidden = Assistant.objects.create(owner=bob, name="Hidden")
        response = self.start(page, hidden)
        assert response.status_code == 404
        assert "Hidden" not in html(response)
        assert not Thread.objects.exists()


class TestWhileTheServerStops:
    @pytest.fixture(autouse=True)
    def _draining(self, monkeypatch, tmp_path):
        worker = Worker(folder=tmp_path, limit=1, after_run=lambda _id: None)
        worker.stopping = True
        polling._running.add(worker)
        yield
        polling._running.discard(worker)

    def test_a_message_is_kept_and_the_page_says_when_it_is_answered(self, page, thread):
        send(page, thread)
        assert "The server is restarting. Your message is kept" in html(page.get(reverse("thread", args=[thread.id])))
        assert "Waits until the server has restarted" in html(send(page, thread, "And this?", key="another-key"))


class TestAMessage:
    def test_is_put_on_the_page_and_answered(self, page, thread):
        response = send(page, thread, "1 < 2 & 'so'")
        assert "1 &lt; 2 &amp; &#x27;so&#x27;" in html(response)
        assert 'hx-swap-oob="beforeend:#messages"' in html(response)
        assert live_run(thread) is not None

    def test_brings_the_key_of_the_next_one(self, page, thread):
        fresh = re.search(r'name="client_key" value="([^"]+)"', html(send(page, thread)))[1]
        assert fresh != KEY

    def test_sent_twice_is_said_once(self, page, thread):
        send(page, thread)
        send(page, thread)
        assert (thread.messages.count(), thread.runs.count(), thread.queued_messages.count()) == (1, 1, 0)

    def test_waits_while_another_is_being_answered(self, page, thread):
        send(page, thread)
        response = send(page, thread, "And this?", key="another-key")
        assert response.status_code == 200
        assert [each.client_key for each in QueuedMessage.objects.all()] == ["another-key"]
        assert "And this?" in html(response)  # without waiting for the socket
        assert "And this?" in html(page.get(reverse("thread", args=[thread.id])))

    @pytest.mark.parametrize(
        ("text", "words"), [("", "Write something first."), ("x" * 256_001, "256001 characters, and at most 256000")]
    )
    def test_that_is_empty_or_too_long_is_refused_in_words(self, page, thread, text, words):
        response = send(page, thread, text)
        assert response.status_code == 400
        assert words in html(response)
        assert not thread.messages.exists()

    def test_may_be_as_long_as_the_limit(self, page, thread):
        assert send(page, thread, "ä" * 256_000).status_code == 200

    def test_takes_ones_own_files_along(self, page, ada, thread, media):
        notes, image = text_file(ada), text_file(ada, "cat.png", picture())
        send(page, thread, "Look", file=[notes.id, image.id])
        message = thread.messages.get()
        assert message.attachments[0]["file_id"] == notes.id
        assert message.content[1]["image_file"]["file_id"] == image.id
        shown = html(page.get(reverse("thread", args=[thread.id])))
        assert "notes.txt" in shown
        assert f'<img src="{reverse("file", args=[image.id])}"' in shown

    def test_takes_nobody_elses_files_along(self, page, bob, thread, media):
        foreign = text_file(bob)
        response = send(page, thread, "Look", file=[foreign.id])
        assert response.status_code == 404
        assert not thread.messages.exists()

    def test_without_an_assistant_says_what_to_do(self, page, thread, assistant):
        assistant.delete()
        response = send(page, thread)
        assert response.status_code == 404
        assert "Choose another one." in html(response)


class TestAWaitingMessage:
    @pytest.fixture
    def queued(self, page, ada, thread, media) -> None:
        send(page, thread)
        send(page, thread, "And this?", key="another-key", file=[text_file(ada).id])

    def test_is_taken_back_with_its_files(self, page, thread, queued):
        where = reverse("message-take-back", args=[thread.id])
        response = page.post(where, {"client_key": "another-key"}, headers=HTMX)
        assert not QueuedMessage.objects.exists()
        assert "notes.txt" in html(response)

    def test_is_taken_back_without_a_file_that_was_deleted(self, page, thread, queued):
        File.objects.get().delete()
        where = reverse("message-take-back", args=[thread.id])
        response = page.post(where, {"client_key": "another-key"}, headers=HTMX)
        assert response.status_code == 200
        assert "notes.txt" not in html(response)

    def test_that_was_sent_meanwhile_cannot_be_taken_back(self, page, thread, queued):
        where = reverse("message-take-back", args=[thread.id])
        page.post(where, {"client_key": "another-key"}, headers=HTMX)
        response = page.post(where, {"client_key": "another-key"}, headers=HTMX)
        assert response.status_code == 404
        assert "sent already" in html(response)


class TestStopAndRetry:
    def test_stop_cancels_the_run_it_names(self, page, thread):
        send(page, thread)
        run = live_run(thread)
        response = page.post(reverse("run-stop", args=[thread.id]), {"run": run.id}, headers=HTMX)
        assert response.status_code == 204
        run.refresh_from_db()
        assert run.status == "cancelling"

    def test_stop_of_a_run_that_has_ended_is_no_error(self, page, thread):
        send(page, thread)
        Run.objects.update(status=RunStatus.COMPLETED)
        run = thread.runs.get()
        assert page.post(reverse("run-stop", args=[thread.id]), {"run": run.id}, headers=HTMX).status_code == 204

    def test_retry_answers_the_last_message_once_more(self, page, thread):
        send(page, thread)
        Run.objects.update(status=RunStatus.FAILED)
        for _click in range(2):
            assert page.post(reverse("run-retry", args=[thread.id]), headers=HTMX).status_code == 204
        assert (thread.messages.count(), thread.runs.count()) == (1, 2)


class TestAFile:
    def upload(self, page, *uploads):
        return page.post(reverse("file-upload"), {"upload": uploads}, headers=HTMX)

    def test_becomes_a_chip_of_the_composer(self, page, ada, media):
        response = self.upload(page, SimpleUploadedFile("<b>.txt", b"text"))
        file = File.objects.get(owner=ada)
        assert f'name="file" value="{file.id}"' in html(response)
        assert "&lt;b&gt;.txt" in html(response)

    def test_that_is_empty_does_not_keep_the_others_from_being_attached(self, page, media):
        response = self.upload(page, SimpleUploadedFile("empty.txt", b""), SimpleUploadedFile("full.txt", b"x"))
        assert "“empty.txt” is empty" in html(response)
        assert File.objects.get().filename == "full.txt"

    def test_over_the_limit_is_refused_in_words(self, page, media, settings):
        settings.EVERTHREAD_MAX_UPLOAD_MB = 1
        response = self.upload(page, SimpleUploadedFile("big.bin", b"x" * (1024 * 1024 + 1)))
        assert "too large: at most 1 MB" in html(response)
        assert not File.objects.exists()

    def test_on_a_full_disk_is_refused_in_words(self, page, media, monkeypatch):
        def full(*_args: object) -> str:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(FileSystemStorage, "_save", full)  # the disk, as Django sees it
        response = self.upload(page, SimpleUploadedFile("a.txt", b"x"))
        assert "disk is full" in html(response)
        assert not File.objects.exists()

    def test_none_chosen_is_refused(self, page):
        assert page.post(reverse("file-upload"), headers=HTMX).status_code == 400

    @pytest.mark.usefixtures("media")
    @pytest.mark.parametrize(
        ("name", "content", "headers"),
        [
            ("cat.png", picture(), ("image/png", "inline")),
            ("page.html", b"<script>alert(1)</script>", ("application/octet-stream", "attachment")),
            ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", ("application/octet-stream", "attachment")),
        ],
    )
    def test_is_given_back_so_that_nothing_runs(self, page, ada, name, content, headers):
        file = text_file(ada, name, content)
        response = page.get(reverse("file", args=[file.id]))
        assert b"".join(response.streaming_content) == content
        assert (response["Content-Type"], response["Content-Disposition"].split(";")[0]) == headers
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"

    def test_of_someone_else_looks_like_one_that_does_not_exist(self, page, bob, media):
        assert page.get(reverse("file", args=[text_file(bob).id])).status_code == 404

    def test_that_the_disk_has_lost_is_not_found(self, page, ada, media):
        file = text_file(ada)
        file.content.delete(save=False)
        File.objects.filter(pk=file.pk).update(content="files/gone")
        assert page.get(reverse("file", args=[file.id])).status_code == 404

    def test_is_shown_with_its_message_until_it_is_deleted(self, page, ada, thread, media):
        image = text_file(ada, "cat.png", picture())
        send(page, thread, "Look", file=[image.id])
        where = reverse("thread", args=[thread.id])
        assert image.id in html(page.get(where))
        files.delete(ada, image.id)
        response = page.get(where)
        assert response.status_code == 200
        assert "Look" in html(response)
        assert image.id not in html(response)

    def test_of_a_draft_are_there_again_but_not_those_that_are_gone(self, page, ada, bob, media):
        mine, gone, theirs = text_file(ada), text_file(ada, name="gone.txt"), text_file(bob, name="bobs.txt")
        files.discard(ada, gone.id)
        chips = html(page.get(reverse("file-chips"), {"file": [mine.id, gone.id, theirs.id]}))
        assert re.findall(r'name="file" value="([^"]+)"', chips) == [mine.id]

    def test_that_is_taken_off_the_composer_is_deleted(self, page, ada, media):
        file = text_file(ada)
        assert page.post(reverse("file-discard", args=[file.id]), headers=HTMX).status_code == 204
        assert not File.objects.exists()

    def test_that_was_sent_stays_when_it_is_taken_off_the_composer(self, page, ada, thread, media):
        file = text_file(ada)
        send(page, thread, "Look", file=[file.id])
        assert page.post(reverse("file-discard", args=[file.id]), headers=HTMX).status_code == 204
        assert File.objects.get() == file

    def test_of_someone_else_cannot_be_taken_off(self, page, bob, media):
        file = text_file(bob)
        assert page.post(reverse("file-discard", args=[file.id]), headers=HTMX).status_code == 404
        assert File.objects.get() == file


class TestNews:
    def news(self, page, thread, **have: object) -> str:
        return html(page.get(reverse("thread-news", args=[thread.id]), {"have": json.dumps(have)}, headers=HTMX))

    def test_are_exactly_the_messages_that_the_page_lacks(self, page, thread):
        said = [
            Message.objects.create(thread=thread, role="user", content=[text_part(f"message-{number}")])
            for number in range(4)
        ]
        shown = self.news(page, thread, last=said[1].id)
        assert re.findall(r"message-(\d)", shown) == ["2", "3"]
        assert "message-" not in self.news(page, thread, last=said[3].id)

    def test_finish_an_answer_that_the_page_takes_for_open(self, page, thread, assistant):
        run = Run.objects.create(thread=thread, assistant=assistant, status=RunStatus.COMPLETED)
        answer = Message.objects.create(thread=thread, role="assistant", run=run, content=[text_part("**all**")])
        shown = self.news(page, thread, last="", open={answer.id: 0})
        assert shown.count("<strong>all</strong>") == 1
        assert f'id="{answer.id}" aria-label="Helper" hx-swap-oob="true"' in shown

    def test_continue_an_answer_after_the_blocks_that_the_page_has(self, page, thread, assistant):
        run = Run.objects.create(thread=thread, assistant=assistant, status=RunStatus.IN_PROGRESS)
        content = [text_part("one\n\ntwo\n\nthr")]
        answer = Message.objects.create(thread=thread, role="assistant", run=run, content=content, status="in_progress")
        shown = self.news(page, thread, open={answer.id: 1})
        assert "one" not in shown
        assert "<p>two</p>" in shown
        assert f'<div class="tail" id="{answer.id}-tail" hx-swap-oob="true">thr</div>' in shown

    def test_of_someone_elses_thread_are_not_told(self, client, bob, thread):
        client.force_login(bob)
        assert client.get(reverse("thread-news", args=[thread.id]), headers=HTMX).status_code == 404

    @pytest.mark.parametrize("have", ["", "[", "[]", '{"last": 3, "open": {"a": "b"}}', "[" * 50_000])
    def test_are_told_or_refused_whatever_the_page_claims_to_have(self, page, thread, have):
        response = page.get(reverse("thread-news", args=[thread.id]), {"have": have}, headers=HTMX)
        assert response.status_code in (200, 400)


def test_a_message_is_copied_as_it_was_written(page, thread, ada):
    message = sending.send(thread.owner, thread.id, text="**as** is", client_key=KEY).message
    response = page.get(reverse("message-text", args=[thread.id, message.id]))
    assert response["Content-Type"].startswith("text/plain")
    assert html(response) == "**as** is"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has one lock for all")
@pytest.mark.django_db(transaction=True)
class TestADatabaseThatIsLocked:
    def test_is_told_to_those_who_sign_in_too(self, ada) -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        refused = Client().post("/sign-in/", {"username": "ada", "password": "correct horse battery"})
        other.close()
        connection.close()
        assert refused.status_code == 503
        assert "busy for a moment" in html(refused)

    def test_is_told_in_words_and_the_message_can_be_sent_again(self, page, thread) -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        refused = send(page, thread, "Hello")
        other.execute("ROLLBACK")
        other.close()
        connection.close()  # and with it the impatience
        assert refused.status_code == 503
        assert "busy for a moment" in html(refused)
        assert not thread.messages.exists()
        assert send(page, thread, "Hello").status_code == 200
        assert thread.messages.count() == 1
