"""Requests that come at the same moment: reference, section 6.3."""

from __future__ import annotations

from collections import Counter

import pytest

from chat.models import Assistant, Message, Run, Thread
from tests.api.calling import Api, Body, refused, told
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


class TestOneRequestSentSeveralTimesAtOnce:
    def test_is_done_once(self, api: Api) -> None:
        """The others are answered alike, or that it is still at work."""
        answers = at_once(api, *[("/threads", {})] * 4, Idempotency_Key="once")
        [thread] = Thread.objects.all()
        counted = Counter(status for status, _body in answers)
        assert counted[200] >= 1
        assert counted[200] + counted[409] == 4
        assert {body["id"] for status, body in answers if status == 200} == {thread.id}
