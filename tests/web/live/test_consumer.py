"""The chat page's socket: what the page lacks goes out, once, in order, whatever happens to the socket."""

from __future__ import annotations

import asyncio
import gc
import json
import re
from contextlib import asynccontextmanager

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from chat.actions.conversation import sending, threads
from chat.errors import RateLimited
from chat.events.bus import bus
from chat.models import Assistant, Message, Run, RunStatus, Thread, User
from chat.models.threads import text_part
from chat.providers.scripted.provider import Reply, ScriptedProvider, call
from chat.web.live.consumer import ChatSocket
from config.asgi import application
from tests.engine.stage import Stage, answer, in_thread, status

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 10


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return threads.create(ada, assistant=assistant)


@pytest.fixture
def cookie(ada: User) -> str:
    client = Client()
    client.force_login(ada)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


class Page:
    """A page as its script sees it: frames in the order in which they came, and the open end of an answer."""

    def __init__(self, socket: WebsocketCommunicator) -> None:
        self.socket = socket
        self.frames: list[str] = []

    async def say(self, **frame: object) -> None:
        await self.socket.send_to(text_data=json.dumps(frame))

    async def until(self, words: str) -> str:
        """All that came, as soon as ``words`` stand in it."""
        while words not in self.seen:
            self.frames.append(await self.socket.receive_from(timeout=PATIENCE))
        return self.seen

    @property
    def seen(self) -> str:
        return "\n".join(self.frames)

    async def closed_with(self) -> int:
        while True:
            event = await self.socket.receive_output(timeout=PATIENCE)
            if event["type"] == "websocket.close":
                return event["code"]


def connection(thread_id: str, *, cookie: str = "", origin: str = "http://localhost") -> WebsocketCommunicator:
    headers = [(b"host", b"localhost"), (b"origin", origin.encode())]
    if cookie:
        headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}; timezone=Asia/Tokyo".encode()))
    return WebsocketCommunicator(application, f"/ws/chat/{thread_id}/?language=en", headers=headers)


@asynccontextmanager
async def opened(thread: Thread, cookie: str, *, last: str = "", open: dict[str, int] | None = None):
    socket = connection(thread.id, cookie=cookie)
    accepted, _protocol = await socket.connect(timeout=PATIENCE)
    assert accepted
    page = Page(socket)
    await page.say(type="have", last=last, open=open or {})
    try:
        yield page
    finally:
        await socket.disconnect(timeout=PATIENCE)


@pytest.fixture
def stage(tmp_path) -> Stage:
    return Stage(tmp_path)


class TestAnAnswer:
    async def test_begins_grows_and_ends_in_its_final_form(self, thread, cookie, stage):
        more = asyncio.Event()
        provider = ScriptedProvider([Reply("one ", "two", more, " *three*\n\n", "four")])
        async with stage.working(provider), opened(thread, cookie) as page:
            run = await stage.ask(thread)
            await page.until("two")
            assert f'data-live="{run.id}"' in page.seen
            assert '"t": "one ' in page.seen or '">one ' in page.seen
            more.set()
            shown = await page.until('aria-label="Helper" hx-swap-oob="true"')
            assert "<em>three</em>" in shown
            await page.until("The answer is complete.")
            assert page.frames[-1].count("data-live") == 0

    async def test_comes_with_the_question_even_to_another_tab(self, thread, cookie, stage):
        async with stage.working(ScriptedProvider([Reply("Fine.")])), opened(thread, cookie) as page:
            await page.until('id="run"')  # it follows: of what has ended before, nothing is announced
            await stage.ask(thread, "How are <you>?")
            shown = await page.until("The answer is complete.")
            assert shown.count('<p class="said" hx-disable>How are &lt;you&gt;?</p>') == 1
            assert shown.index("How are") < shown.index("Fine.")

    async def test_is_continued_where_a_new_socket_left_off(self, thread, cookie, stage):
        more = asyncio.Event()
        provider = ScriptedProvider([Reply("first block\n\n", "second block\n\n", "third", more, " end")])
        async with stage.working(provider):
            run = await stage.ask(thread)
            message = await answer(run, containing="third")
            async with opened(thread, cookie, last="", open={message.id: 1}) as page:
                shown = await page.until("third")
                assert "first block" not in shown
                assert shown.count("<p>second block</p>") == 1
                more.set()
                await page.until("The answer is complete.")
                assert page.seen.count(f'id="{message.id}"') == 1

    async def test_that_ended_meanwhile_is_sent_whole_once(self, thread, cookie, stage):
        async with stage.working(ScriptedProvider([Reply("All *there*.")])):
            run = await stage.ask(thread)
            await status(run, "completed")
        message = await Message.objects.aget(run_id=run.id)
        question = await Message.objects.aget(role="user")
        async with opened(thread, cookie, last=question.id, open={message.id: 0}) as page:
            shown = await page.until('id="run"')
            assert shown.count("<em>there</em>") == 1

    async def test_says_nothing_twice_to_a_page_that_has_all(self, thread, cookie, stage):
        async with stage.working(ScriptedProvider([Reply("All *there*.")])):
            run = await stage.ask(thread)
            await status(run, "completed")
        message = await Message.objects.aget(run_id=run.id)
        async with opened(thread, cookie, last=message.id, open={}) as page:
            shown = await page.until('id="title"')
            assert "there" not in shown.replace("Hello", "")
            assert '<article class="message' not in shown

    async def test_that_fails_leaves_its_error_with_a_way_to_try_again(self, thread, cookie, stage):
        async with stage.working(ScriptedProvider([Reply("half", RateLimited())])), opened(thread, cookie) as page:
            run = await stage.ask(thread)
            shown = await page.until("limits how often")
            assert re.search(rf'<div class="ending failed" id="{run.id}"\s+role="alert">', shown)
            assert "half" in shown
            assert f"/threads/{thread.id}/retry/" in shown

    async def test_that_calls_a_function_shows_what_is_asked(self, thread, cookie, stage, assistant):
        tool = {"type": "function", "function": {"name": "weather"}}
        await Assistant.objects.aupdate(tools=[tool])
        async with (
            stage.working(ScriptedProvider([Reply(call("weather", city="Oslo"))])),
            opened(thread, cookie) as page,
        ):
            await stage.ask(await Thread.objects.select_related("assistant", "owner").aget())
            shown = await page.until("weather</code>")
            assert "Oslo" in shown

    async def test_of_a_worker_that_died_ends_with_its_partial_text(self, thread, cookie, stage, assistant):
        old = {"worker": "1-abc", "heartbeat_at": "2020-01-01T00:00:00Z", "status": RunStatus.IN_PROGRESS}
        run = await Run.objects.acreate(thread=thread, assistant=assistant, **old)
        await Message.objects.acreate(
            thread=thread, run=run, role="assistant", status="in_progress", content=[text_part("half an answer")]
        )
        async with opened(thread, cookie) as page:
            await page.until("half an answer")
            async with stage.working(ScriptedProvider()):
                shown = await page.until("The server stopped while it was answering.")
            assert re.search(rf'id="{run.id}"\s+role="alert"', shown)


class TestStop:
    async def test_ends_the_run_and_keeps_what_was_said(self, thread, cookie, stage):
        provider = ScriptedProvider([Reply("partial", asyncio.Event())])
        async with stage.working(provider), opened(thread, cookie) as page:
            run = await stage.ask(thread)
            await page.until("partial")
            await page.say(type="stop", run=run.id)
            shown = await page.until("The answer was stopped.")
            assert "Stopped." in shown
            assert (await Message.objects.aget(run_id=run.id)).text == "partial"

    async def test_of_a_foreign_run_is_refused(self, thread, cookie, bob, assistant):
        theirs = await in_thread(threads.create)(bob, assistant=assistant)
        run = await Run.objects.acreate(thread=theirs, assistant=assistant)
        async with opened(thread, cookie) as page:
            await page.say(type="stop", run=run.id)
            assert "No run found" in await page.until("error")
        await run.arefresh_from_db()
        assert run.status == "queued"


class TestWaitingMessages:
    async def test_are_shown_until_they_are_said(self, thread, cookie, stage):
        more = asyncio.Event()
        replies = [Reply("first", more, once=True), Reply("second answer")]
        async with stage.working(ScriptedProvider(replies)), opened(thread, cookie) as page:
            await stage.ask(thread)
            await page.until("first")
            await in_thread(sending.send)(thread.owner, thread.id, text="and then?", client_key="later-key")
            assert "Take back" in await page.until("and then?")
            more.set()
            shown = await page.until("second answer")
            articles = re.findall(r'<article class="message question".*?</article>', shown, re.DOTALL)
            assert sum("and then?" in article for article in articles) == 1
            waiting = re.findall(r'<ol id="waiting".*?</ol>', shown, re.DOTALL)
            assert "and then?" not in waiting[-1]


class TestASocket:
    async def test_is_refused_without_a_session(self, thread):
        socket = connection(thread.id)
        await socket.connect(timeout=PATIENCE)
        assert await Page(socket).closed_with() == 4401

    async def test_is_refused_to_a_page_of_another_site(self, thread, cookie):
        socket = connection(thread.id, cookie=cookie, origin="http://evil.example")
        await socket.connect(timeout=PATIENCE)
        assert await Page(socket).closed_with() == 4403

    async def test_of_someone_elses_thread_looks_like_one_that_does_not_exist(self, bob, cookie, assistant):
        theirs = await in_thread(threads.create)(bob, assistant=assistant)
        for id in (theirs.id, "thread_nonsense"):
            socket = connection(id, cookie=cookie)
            await socket.connect(timeout=PATIENCE)
            assert await Page(socket).closed_with() == 4404

    @pytest.mark.parametrize(
        "text", [" ", "no json", "[]", "3", '{"type": "dance"}', '{"type": ["have"]}', "[" * 60_000, "{}"]
    )
    async def test_says_what_is_wrong_with_a_malformed_frame_and_closes(self, thread, cookie, text):
        socket = connection(thread.id, cookie=cookie)
        await socket.connect(timeout=PATIENCE)
        await socket.send_to(text_data=text)
        assert "error" in json.loads(await socket.receive_from(timeout=PATIENCE))
        assert await Page(socket).closed_with() == 4400

    async def test_closes_on_an_oversized_frame(self, thread, cookie):
        socket = connection(thread.id, cookie=cookie)
        await socket.connect(timeout=PATIENCE)
        await socket.send_to(text_data=json.dumps({"type": "have", "last": "x" * 70_000}))
        assert await Page(socket).closed_with() == 4413

    async def test_closes_when_the_thread_is_deleted(self, thread, cookie, ada):
        async with opened(thread, cookie) as page:
            await page.until('id="run"')
            await in_thread(threads.delete)(ada, thread.id)
            assert await page.closed_with() == 4404

    async def test_closes_when_its_user_signs_out(self, thread, cookie):
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = cookie
        async with opened(thread, cookie) as page:
            await page.until('id="run"')
            await in_thread(client.post)("/sign-out/")
            assert await page.closed_with() == 4401

    async def test_closes_when_its_user_is_deactivated(self, thread, cookie, ada):
        async with opened(thread, cookie) as page:
            await page.until('id="run"')
            ada.is_active = False
            await in_thread(ada.save)()
            assert await page.closed_with() == 4401

    async def test_answers_a_ping(self, thread, cookie):
        async with opened(thread, cookie) as page:
            await page.say(type="ping")
            await page.until("pong")

    async def test_hears_of_a_new_name(self, thread, cookie, ada):
        async with opened(thread, cookie) as page:
            await page.until('id="run"')
            await in_thread(threads.rename)(ada, thread.id, title="Another name")
            await page.until("Another name")

    async def test_gives_times_in_the_readers_zone(self, thread, cookie):
        said = {"role": "user", "content": [text_part("hi")], "created_at": "2026-01-01T12:00:00Z"}
        await Message.objects.acreate(thread=thread, **said)
        async with opened(thread, cookie) as page:
            await page.until("2026-01-01T21:00:00+09:00")


class TestManySockets:
    async def test_leave_nothing_behind(self, thread, cookie):
        for _time in range(200):
            async with opened(thread, cookie) as page:
                await page.until('id="run"')
        gc.collect()
        left = sum(type(each) is ChatSocket for each in gc.get_objects())
        assert left <= 1  # the last one may still be held by a local variable of this test
        assert thread.id not in bus.topics

    async def test_do_not_wait_for_one_that_does_not_read(self, thread, cookie, stage):
        words = [f"word{number} " for number in range(200)]
        stuck = asyncio.create_task(never_reads(thread, cookie))
        async with stage.working(ScriptedProvider([Reply(*words)])), opened(thread, cookie) as page:
            await page.until('id="run"')
            run = await stage.ask(thread)
            await page.until("The answer is complete.")
            await status(run, "completed")
        stuck.cancel()
        await asyncio.wait([stuck])


async def never_reads(thread: Thread, cookie: str) -> None:
    """A socket whose server waits in vain for room, from the first frame on."""
    frames = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": '{"type": "have"}'}]

    async def receive() -> dict[str, str]:
        return frames.pop(0) if frames else await asyncio.Event().wait()

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "websocket.send":
            await asyncio.Event().wait()

    await application(connection(thread.id, cookie=cookie).scope, receive, send)


async def test_nothing_is_lost_or_doubled_however_often_the_socket_breaks(thread, cookie, stage):
    """Each time, the page says what it has, exactly as its script would, and goes on from there."""
    pieces = [f"w{number}" + ("\n\n" if number % 7 == 6 else " ") for number in range(120)]
    gates = [asyncio.Event() for _gate in range(12)]
    steps = [step for number, gate in enumerate(gates) for step in (*pieces[number * 10 : number * 10 + 10], gate)]
    document = Document()
    async with stage.working(ScriptedProvider([Reply(*steps)])):
        run = await stage.ask(thread)
        for number, gate in enumerate(gates):
            async with opened(thread, cookie, **document.have()) as page:
                while not re.search(rf"w{number * 10 + 9}\b", document.text):
                    document.take(await page.socket.receive_from(timeout=PATIENCE))
            gate.set()
        await status(run, "completed")
        async with opened(thread, cookie, **document.have()) as page:
            while not document.is_final:
                document.take(await page.socket.receive_from(timeout=PATIENCE))
    assert re.findall(r"w\d+", document.text) == [f"w{number}" for number in range(120)]


class Document:
    """What a browser would show of the one answer."""

    def __init__(self) -> None:
        self.id, self.blocks, self.tail, self.is_final, self.final = "", [], "", False, ""

    def have(self) -> dict[str, object]:
        return {"last": "", "open": {self.id: len(self.blocks)} if self.id else {}}

    @property
    def text(self) -> str:
        return self.final or " \n".join(self.blocks) + " \n" + self.tail

    def take(self, frame: str) -> None:
        if frame.startswith("{"):
            self.tail += json.loads(frame)["t"]
            return
        if found := re.search(r'<article class="message answer open"\s+id="(\w+)".*?</article>', frame, re.DOTALL):
            self.id, self.blocks, self.tail = found[1], [], ""
        self.blocks += re.findall(r'<div class="block">(.*?)</div>', frame, re.DOTALL)
        if found := re.findall(r'<div class="tail"[^>]*>(.*?)</div>', frame, re.DOTALL):
            self.tail = found[-1]
        if found := re.search(
            r'<article class="message answer"\s.*?<div class="prose md"[^>]*>(.*?)</div>', frame, re.DOTALL
        ):
            self.is_final, self.final = True, found[1]
