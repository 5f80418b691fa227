"""Saying something."""

from __future__ import annotations

import pytest

from chat.actions.conversation import runs, sending
from chat.actions.conversation.sending import Posted
from chat.errors import InvalidRequest, NotFound, ThreadBusy
from chat.models import Assistant, File, Message, QueuedMessage, Run, Thread, User
from chat.models.runs import live_run
from tests.models.racing import race, raised

pytestmark = pytest.mark.django_db


def end(run: Run | None) -> None:
    Run.objects.filter(pk=run.pk).update(status="completed")


class TestSending:
    def test_posts_the_message_and_starts_a_run(self, thread: Thread) -> None:
        posted = sending.send(thread.owner, thread.id, text="Hello?", client_key="a")

        assert posted.message.content == [{"type": "text", "text": {"value": "Hello?", "annotations": []}}]
        assert posted.message.role == "user"
        assert (posted.run.status, posted.run.thread_id) == ("queued", thread.id)
        assert (posted.run.instructions, posted.run.model) == ("Be brief.", "default")

    def test_queues_the_message_while_a_run_is_live(self, thread: Thread) -> None:
        sending.send(thread.owner, thread.id, text="one", client_key="a")
        posted = sending.send(thread.owner, thread.id, text="two", client_key="b")

        assert str(posted.queued) == "two"
        assert Message.objects.count() == Run.objects.count() == 1

    def test_queues_twenty_messages_and_no_more(self, thread: Thread) -> None:
        for number in range(21):
            sending.send(thread.owner, thread.id, text=f"{number}", client_key=f"key-{number}")
        with pytest.raises(InvalidRequest, match="20 messages wait in this chat already"):
            sending.send(thread.owner, thread.id, text="one more", client_key="more")
        again = sending.send(thread.owner, thread.id, text="20", client_key="key-20")
        assert (str(again.queued), thread.queued_messages.count()) == ("20", 20)

    def test_does_not_overtake_messages_that_wait(self, thread: Thread) -> None:
        first = sending.send(thread.owner, thread.id, text="one", client_key="a")
        sending.send(thread.owner, thread.id, text="two", client_key="b")
        end(first.run)

        assert sending.send(thread.owner, thread.id, text="three", client_key="c").queued is not None

    @pytest.mark.parametrize("waits", [False, True])
    def test_twice_with_the_same_key_does_it_once(self, thread: Thread, waits: bool) -> None:
        if waits:
            sending.send(thread.owner, thread.id, text="zero", client_key="z")
        once = sending.send(thread.owner, thread.id, text="one", client_key="a")
        again = sending.send(thread.owner, thread.id, text="one", client_key="a")

        assert again == once
        assert Run.objects.count() == 1

    def test_twice_does_not_repeat_what_was_queued_and_then_posted(self, thread: Thread) -> None:
        first = sending.send(thread.owner, thread.id, text="one", client_key="a")
        sending.send(thread.owner, thread.id, text="two", client_key="b")
        end(first.run)
        sending.post_next(thread.id)

        again = sending.send(thread.owner, thread.id, text="two", client_key="b")
        assert again.message.text == "two"
        assert again.run == Run.objects.latest("number")
        assert Message.objects.count() == 2

    @pytest.mark.parametrize("text", ["", "  \n\t ", "\x00"])
    def test_refuses_a_message_without_words(self, thread: Thread, text: str) -> None:
        with pytest.raises(InvalidRequest):
            sending.send(thread.owner, thread.id, text=text, client_key="a")
        assert not Message.objects.exists()

    def test_takes_256000_characters_and_no_more(self, thread: Thread) -> None:
        """Section 4."""
        with pytest.raises(InvalidRequest, match="256001 characters"):
            sending.send(thread.owner, thread.id, text="é" * 256_001, client_key="a")
        assert len(sending.send(thread.owner, thread.id, text="é" * 256_000, client_key="a").message.text) == 256_000

    def test_names_the_thread_after_its_first_message(self, thread: Thread) -> None:
        sending.send(thread.owner, thread.id, text="How  do\nI bake bread, and " + "why " * 30, client_key="a")
        thread.refresh_from_db()
        assert thread.title.startswith("How do I bake bread, and why")
        assert len(thread.title) <= 61

    def test_needs_an_assistant_that_the_owner_may_use(self, thread: Thread, bob: User) -> None:
        Assistant.objects.filter(pk=thread.assistant.pk).update(owner=bob, audience="owner")
        with pytest.raises(NotFound, match="assistant"):
            sending.send(thread.owner, thread.id, text="Hello?", client_key="a")

    def test_turns_pictures_into_parts_and_other_files_into_attachments(self, thread: Thread) -> None:
        picture = File.objects.create(owner=thread.owner, filename="a.png", content_type="image/png", bytes=1)
        text = File.objects.create(owner=thread.owner, filename="a.txt", content_type="text/plain", bytes=1)
        message = sending.send(thread.owner, thread.id, text="", files=[picture, text], client_key="a").message

        assert [part["type"] for part in message.content] == ["image_file"]
        assert [attachment["file_id"] for attachment in message.attachments] == [text.id]


class TestPostingNext:
    def test_posts_the_first_that_waits_and_starts_a_run(self, thread: Thread) -> None:
        first = sending.send(thread.owner, thread.id, text="one", client_key="a")
        sending.send(thread.owner, thread.id, text="two", client_key="b")
        sending.send(thread.owner, thread.id, text="three", client_key="c")
        end(first.run)
        sending.post_next(thread.id)

        assert [message.text for message in Message.objects.order_by("number")] == ["one", "two"]
        assert [str(queued) for queued in QueuedMessage.objects.all()] == ["three"]
        assert live_run(thread) is not None

    def test_waits_for_a_live_run(self, thread: Thread) -> None:
        sending.send(thread.owner, thread.id, text="one", client_key="a")
        sending.send(thread.owner, thread.id, text="two", client_key="b")
        sending.post_next(thread.id)
        assert QueuedMessage.objects.count() == 1

    def test_keeps_the_message_when_the_assistant_is_gone(self, thread: Thread, bob: User) -> None:
        first = sending.send(thread.owner, thread.id, text="one", client_key="a")
        sending.send(thread.owner, thread.id, text="two", client_key="b")
        end(first.run)
        Assistant.objects.filter(pk=thread.assistant.pk).update(owner=bob, audience="owner")
        sending.post_next(thread.id)

        assert Message.objects.latest("number").text == "two"
        assert live_run(thread) is None

    def test_does_nothing_for_a_thread_that_is_gone(self) -> None:
        sending.post_next("thread_gone")


class TestAQueuedMessageWhoseFilesAreTooMany:
    def test_is_posted_without_them_and_holds_nobody_up(self, ada: User, thread: Thread) -> None:
        thread.assistant.tools = [{"type": "code_interpreter"}]
        thread.assistant.save()
        row = {"owner": ada, "filename": "a.csv", "content_type": "text/csv", "bytes": 1}
        files = [File.objects.create(**row) for _each in range(21)]
        for file in files[:20]:
            posted = sending.send(thread.owner, thread.id, text="One", files=[file], client_key=file.id)
            assert posted.run is not None
            end(posted.run)
        live = sending.send(thread.owner, thread.id, text="Go", client_key="live").run
        assert (
            sending.send(thread.owner, thread.id, text="One more", files=files[20:], client_key="queued").queued
            is not None
        )
        assert sending.send(thread.owner, thread.id, text="And then?", client_key="later").queued is not None

        end(live)
        sending.post_all_waiting()

        newest = thread.messages.order_by("-number").first()
        assert (newest.text, newest.attachments) == ("One more", [{"file_id": files[20].id, "tools": []}])
        assert live_run(thread) is not None


class TestTakingBack:
    def test_removes_a_message_that_waits(self, thread: Thread) -> None:
        sending.send(thread.owner, thread.id, text="one", client_key="a")
        sending.send(thread.owner, thread.id, text="two", client_key="b")

        assert str(sending.unqueue(thread.owner, thread.id, client_key="b")) == "two"
        assert sending.unqueue(thread.owner, thread.id, client_key="b") is None

    def test_leaves_one_alone_that_was_posted(self, thread: Thread) -> None:
        sending.send(thread.owner, thread.id, text="one", client_key="a")
        assert sending.unqueue(thread.owner, thread.id, client_key="a") is None


class TestRetrying:
    def test_starts_another_run_on_what_was_said(self, thread: Thread) -> None:
        end(sending.send(thread.owner, thread.id, text="one", client_key="a").run)
        assert sending.retry(thread.owner, thread.id).status == "queued"
        assert Message.objects.count() == 1

    def test_is_refused_while_a_run_is_live(self, thread: Thread) -> None:
        sending.send(thread.owner, thread.id, text="one", client_key="a")
        with pytest.raises(ThreadBusy):
            sending.retry(thread.owner, thread.id)


@pytest.mark.django_db(transaction=True)
class TestRacingMessages:
    def test_of_one_key_are_posted_once(self, thread: Thread) -> None:
        def send() -> Posted:
            return sending.send(thread.owner, thread.id, text="one", client_key="a")

        results = race(*[send] * 6)
        assert raised(results) == []
        assert len({posted.message.pk for posted in results if posted.message}) == 1
        assert Message.objects.count() == Run.objects.count() == 1
        assert not QueuedMessage.objects.exists()

    def test_of_several_keys_are_all_kept_and_one_starts_the_run(self, thread: Thread) -> None:
        def send(key: str) -> Posted:
            return sending.send(thread.owner, thread.id, text=key, client_key=key)

        results = race(*(lambda key=key: send(key) for key in "abcdef"))
        assert raised(results) == []
        assert Run.objects.count() == 1
        assert Message.objects.count() + QueuedMessage.objects.count() == 6

    def test_that_wait_are_posted_once_however_often_one_asks(self, thread: Thread) -> None:
        end(sending.send(thread.owner, thread.id, text="one", client_key="a").run)
        QueuedMessage.objects.create(thread=thread, content=[], client_key="b")
        race(*[lambda: sending.post_next(thread.id)] * 6)

        assert Message.objects.filter(client_key="b").count() == 1
        assert Run.objects.live().count() == 1

    def test_two_starts_give_one_run_and_one_refusal(self, thread: Thread) -> None:
        """Section 6.3, with the exact words."""
        Message.objects.create(thread=thread, role="user")

        def start() -> Run:
            return runs.create(thread.owner, thread.id, assistant_id=thread.assistant.id)

        results = race(start, start)
        [refusal] = raised(results)
        [run] = [result for result in results if isinstance(result, Run)]
        assert isinstance(refusal, ThreadBusy)
        assert refusal.message == f"Thread {thread.id} already has an active run {run.id}."
