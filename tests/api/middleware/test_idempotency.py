"""``Idempotency-Key``: a POST that is sent again does nothing again."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from chat.api.resources import threads as resource
from chat.errors import TooManyRequests, Unavailable
from chat.models import Assistant, File, KeptReply, Run, Thread, User
from chat.providers.scripted.provider import ScriptedProvider
from chat.providers.scripted.replies import Reply as Said
from tests.api.calling import Api, Body, Reply, absent, refused, told
from tests.api.streaming.streams import Streams, events_in, names, pieces, text_in, wire
from tests.engine.stage import Stage

pytestmark = pytest.mark.django_db
USED = "This Idempotency-Key was used for another request. Use a new key for a new request."


def post(api: Api, path: str = "/threads", *, key: str = "once", **metadata: str) -> Reply:
    return api.post(path, {"metadata": metadata}, Idempotency_Key=key)


def age(**by: float) -> None:
    KeptReply.objects.update(created_at=timezone.now() - timedelta(**by))


@pytest.fixture
def wanted(assistant: Assistant) -> Body:
    return {"assistant_id": assistant.id, "thread": {"messages": [{"role": "user", "content": "Hello?"}]}}


class TestARepeatedRequest:
    def test_is_answered_as_the_first_time(self, api: Api) -> None:
        first, again = post(api), post(api)
        assert told(again) == told(first)
        assert Thread.objects.count() == 1
        assert ("idempotent-replayed" in first, again["idempotent-replayed"]) == (False, "true")

    def test_has_an_id_of_its_own(self, api: Api) -> None:
        assert post(api)["x-request-id"] != post(api)["x-request-id"]

    def test_is_json_again(self, api: Api) -> None:
        assert post(api)["Content-Type"] == post(api)["Content-Type"]

    def test_is_refused_as_the_first_time(self, api: Api, assistant: Assistant, thread: Thread) -> None:
        """What is wrong stays wrong; the SDK that repeats it meant the same."""
        busy = {"assistant_id": assistant.id}
        run = api.made(f"/threads/{thread.id}/runs", busy)
        first = api.post(f"/threads/{thread.id}/runs", busy, Idempotency_Key="once")
        Run.objects.filter(id=run["id"]).delete()
        again = api.post(f"/threads/{thread.id}/runs", busy, Idempotency_Key="once")
        assert first.status_code == 400
        assert told(again) == told(first)
        assert not Run.objects.exists()

    def test_with_another_body_is_refused(self, api: Api) -> None:
        post(api, a="1")
        assert told(post(api, a="2")) == refused(USED, code="idempotency_key_reused")
        assert Thread.objects.count() == 1

    def test_at_another_address_is_refused(self, api: Api, thread: Thread) -> None:
        post(api)
        assert told(post(api, f"/threads/{thread.id}")) == refused(USED, code="idempotency_key_reused")

    def test_with_another_key_is_another(self, api: Api) -> None:
        assert post(api).json()["id"] != post(api, key="twice").json()["id"]

    def test_without_a_key_is_another(self, api: Api) -> None:
        assert api.made("/threads")["id"] != api.made("/threads")["id"]
        assert not KeptReply.objects.exists()

    def test_of_someone_else_is_another(self, api: Api, bob: User) -> None:
        assert post(api).json()["id"] != post(Api(bob)).json()["id"]

    def test_with_another_key_of_the_same_user_is_the_same(self, api: Api, ada: User) -> None:
        """The user's programs may change their keys at any time."""
        assert post(api).json()["id"] == post(Api(ada)).json()["id"]

    def test_after_a_day_is_another(self, api: Api) -> None:
        first = post(api).json()["id"]
        age(hours=23)
        assert post(api).json()["id"] == first
        age(hours=25)
        assert post(api).json()["id"] != first

    def test_that_only_asks_is_none(self, api: Api) -> None:
        before = api.client.get("/v1/threads", headers={"Idempotency-Key": "once"}).json()
        api.made("/threads")
        assert api.client.get("/v1/threads", headers={"Idempotency-Key": "once"}).json() != before

    def test_with_a_key_too_long_is_refused(self, api: Api) -> None:
        assert post(api, key="x" * 255).status_code == 200
        assert told(post(api, key="x" * 256)) == refused("The Idempotency-Key is too long: at most 255 characters.")

    @pytest.mark.usefixtures("media")
    def test_of_a_form_is_answered_as_the_first_time(self, api: Api) -> None:
        """Each time the SDK draws another line between the parts."""
        answers = []
        for boundary in ("first", "second"):
            lines = [
                f"--{boundary}",
                'Content-Disposition: form-data; name="purpose"',
                "",
                "assistants",
                f"--{boundary}",
                'Content-Disposition: form-data; name="file"; filename="a.txt"',
                "",
                "Hello",
                f"--{boundary}--",
                "",
            ]
            form = f"multipart/form-data; boundary={boundary}"
            body = "\r\n".join(lines).encode()
            reply = api.client.post("/v1/files", body, content_type=form, headers={"Idempotency-Key": "once"})
            answers.append(told(reply))
        assert answers[0][0] == 200
        assert answers[1] == answers[0]
        assert File.objects.count() == 1

    @pytest.mark.usefixtures("media")
    def test_of_a_form_at_another_address_is_refused(self, api: Api) -> None:
        post(api)
        form = {"purpose": "assistants", "file": SimpleUploadedFile("a.txt", b"Hello")}
        reply = api.client.post("/v1/files", form, headers={"Idempotency-Key": "once"})
        assert reply.json()["error"]["code"] == "idempotency_key_reused"


class TestARequestThatIsStillAtWork:
    @pytest.fixture(autouse=True)
    def _at_work(self, api: Api) -> None:
        """As the first request leaves it while it works."""
        post(api)
        KeptReply.objects.update(status=None, body="")

    def test_is_not_begun_again(self, api: Api) -> None:
        reply = post(api)
        error = reply.json()["error"]
        assert (reply.status_code, error["code"]) == (409, "idempotency_key_in_use")
        assert Thread.objects.count() == 1

    def test_died_with_its_server_when_it_takes_too_long(self, api: Api) -> None:
        age(minutes=11)
        assert post(api).status_code == 200
        assert Thread.objects.count() == 2


class TestAnAnswerThatMayChange:
    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (Unavailable(), 503),
            (TooManyRequests(limit=1, retry_after=1, reset=1), 429),
            (ZeroDivisionError(), 500),
        ],
    )
    @pytest.mark.filterwarnings("ignore")
    def test_is_not_kept(self, api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int) -> None:
        def fail(*_args: object, **_fields: object) -> None:
            raise error

        with monkeypatch.context() as broken:
            broken.setattr(resource.new_threads, "create_thread", fail)
            assert post(api).status_code == status
        assert not KeptReply.objects.exists()
        assert post(api).status_code == 200

    def test_of_the_rate_limit_is_not_kept(self, api: Api) -> None:
        api.key.requests_per_minute = 1
        api.key.save()
        assert [post(api, key=key).status_code for key in ("one", "two")] == [200, 429]
        assert list(KeptReply.objects.values_list("key", flat=True)) == ["one"]


@pytest.mark.django_db(transaction=True)
class TestARepeatedStream:
    async def test_is_told_again_from_the_rows(self, streams: Streams, stage: Stage, wanted: Body) -> None:
        async with stage.working(ScriptedProvider([Said("Good ", "morning.")])):
            first = await streams.whole("/threads/runs", wanted, Idempotency_Key="once")
            again = await streams.whole("/threads/runs", wanted, Idempotency_Key="once")
        assert names(again) == names(first)
        assert text_in(again) == text_in(first) == "Good morning."
        assert again[-2] == first[-2]
        assert await Run.objects.acount() == 1

    async def test_that_was_left_is_told_on(self, streams: Streams, stage: Stage, wanted: Body) -> None:
        """The client lost its connection in the middle and sends its request once more."""
        go_on = asyncio.Event()
        async with stage.working(ScriptedProvider([Said("Good ", go_on, "morning.")])):
            async with aclosing(pieces(await streams.start("/threads/runs", wanted, Idempotency_Key="once"))) as heard:
                async for piece in heard:
                    if "Good " in piece:
                        break
            again = await streams.start("/threads/runs", wanted, Idempotency_Key="once")
            go_on.set()
            events = events_in(await wire(again))
        assert text_in(events) == "Good morning."
        assert events[-2][0] == "thread.run.completed"

    async def test_of_a_run_that_is_gone_says_so(self, streams: Streams, stage: Stage, wanted: Body) -> None:
        async with stage.working(ScriptedProvider([Said("Good morning.")])):
            await streams.whole("/threads/runs", wanted, Idempotency_Key="once")
        await Thread.objects.all().adelete()
        again = await streams.start("/threads/runs", wanted, Idempotency_Key="once")
        assert told(again) == absent("The run was deleted with its thread.")
