"""Requests that come at the same moment: reference, section 6.3."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import transaction

from chat.models import Assistant, Message, Run, Thread, User, VectorStoreFile
from chat.models.vector_stores import store_changed
from tests.actions.knowledge.stores import file_of, ids_of
from tests.api.calling import Api, Body, refused, told
from tests.api.resources.vector_stores.read_stores import entry_of, store_of
from tests.models.racing import race

pytestmark = pytest.mark.django_db(transaction=True)
TRIALS = 10
Answer = tuple[int, Body]


def at_once(api: Api, *requests: tuple[str, Body], **headers: str) -> list[Answer]:
    """What each request was answered."""
    return race(*[lambda path=path, body=body: told(api.post(path, body, **headers)) for path, body in requests])


class TestTwoRunsAtOnce:
    def test_are_one_run_and_one_refusal(self, api: Api, assistant: Assistant, thread: Thread) -> None:
        body = {"assistant_id": assistant.id, "additional_messages": [{"role": "user", "content": "Hello?"}]}
        for _ in range(TRIALS):
            answers = at_once(api, *[(f"/threads/{thread.id}/runs", body)] * 2)
            [(_status, run)] = [answer for answer in answers if answer[0] == 200]
            assert refused(f"Thread {thread.id} already has an active run {run['id']}.") in answers
            assert Message.objects.count() == 1
            Run.objects.all().delete()
            Message.objects.all().delete()


class TestAMessageAndARunAtOnce:
    def test_leave_no_message_after_the_run_began(self, api: Api, assistant: Assistant, thread: Thread) -> None:
        for _ in range(TRIALS):
            message, run = at_once(
                api,
                (f"/threads/{thread.id}/messages", {"role": "user", "content": "Hello?"}),
                (f"/threads/{thread.id}/runs", {"assistant_id": assistant.id}),
            )
            assert run[0] == 200
            if message[0] != 200:
                assert message == refused(f"Can't add messages to {thread.id} while a run {run[1]['id']} is active.")
            assert Message.objects.count() == (message[0] == 200)
            Run.objects.all().delete()
            Message.objects.all().delete()


class TestOneFilePutIntoAStoreSeveralTimesAtOnce:
    def test_is_there_once(self, api: Api, ada: User) -> None:
        store, file = store_of(ada), file_of(ada)
        one = (f"/vector_stores/{store.id}/files", {"file_id": file.id})
        many = (f"/vector_stores/{store.id}/file_batches", {"file_ids": [file.id, *ids_of(ada, 3)]})
        for _ in range(TRIALS):
            answers = at_once(api, one, many, one, many)
            assert [status for status, _body in answers] == [200] * 4
            assert api.found(f"/vector_stores/{store.id}")["file_counts"]["total"] == 4
            assert store.entries.get(file=file).attempt == 4
            store.entries.all().delete()


class TestAFileThatIsReadWhileItIsPutIn:
    def test_is_taken_for_one_or_the_other(self, api: Api, ada: User) -> None:
        """Neither waits for what the other holds."""
        store = store_of(ada)
        for _ in range(TRIALS):
            entry = entry_of(store, status="in_progress")

            def finish(entry: VectorStoreFile = entry) -> Answer:
                with transaction.atomic():
                    mine = VectorStoreFile.objects.filter(pk=entry.pk, attempt=entry.attempt)
                    if mine.select_for_update(no_key=True).first() is not None:
                        mine.update(status="completed")
                        store_changed(store.id)
                return 200, {}

            put = (f"/vector_stores/{store.id}/files", {"file_id": entry.file_id})
            answers = race(finish, lambda put=put: told(api.post(*put)))
            assert [status for status, _body in answers] == [200, 200]
            entry.refresh_from_db()
            assert (entry.status, entry.attempt) == ("in_progress", 2)


class TestOneRequestSentSeveralTimesAtOnce:
    def test_is_done_once(self, api: Api) -> None:
        """The others are answered alike, or that it is still at work."""
        answers = at_once(api, *[("/threads", {})] * 4, Idempotency_Key="once")
        [thread] = Thread.objects.all()
        counted = Counter(status for status, _body in answers)
        assert counted[200] >= 1
        assert counted[200] + counted[409] == 4
        assert {body["id"] for status, body in answers if status == 200} == {thread.id}
