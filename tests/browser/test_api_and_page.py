"""One thread, two doors: what a program does shows on the page at once, and the other way round."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
import openai
import pytest
from playwright.sync_api import expect

from tests.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def key(server: LiveServer) -> str:
    return server.key


@pytest.fixture
def sdk(server: LiveServer, key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=key) as sdk:
        yield sdk


@pytest.fixture
def assistant(sdk: openai.OpenAI) -> Any:
    weather = {"type": "function", "function": {"name": "weather"}}
    return sdk.beta.assistants.create(model="scripted", name="A program's assistant", tools=[weather])


def words(count: int) -> list[str]:
    return [f"word{number}" for number in range(1, count + 1)]


def said(sdk: openai.OpenAI, thread_id: str) -> list[tuple[str, str]]:
    """Who said what, as programs see it."""
    messages = sdk.beta.threads.messages.list(thread_id, order="asc")
    return [(each.role, "".join(part.text.value for part in each.content).strip()) for each in messages]


def shown(chat: Any) -> list[tuple[str, str]]:
    """Who said what, as the page shows it."""
    entries = chat.page.locator("#messages .message").all()
    roles = ["user" if "question" in (each.get_attribute("class") or "") else "assistant" for each in entries]
    return list(zip(roles, (each.locator(".prose, .said").first.inner_text().strip() for each in entries), strict=True))


class TestARunOfAProgram:
    def test_streams_into_the_open_page(self, chat, sdk, assistant):
        thread = sdk.beta.threads.create()
        chat.page.goto(f"/threads/{thread.id}/")
        chat.is_connected()
        sdk.beta.threads.messages.create(thread.id, role="user", content="/stream 60 15")
        expect(chat.questions).to_have_text(re.compile("/stream 60 15"))
        run = sdk.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
        expect(chat.page.locator(".message.open .tail")).to_contain_text("word3 ")
        assert sdk.beta.threads.runs.retrieve(run.id, thread_id=thread.id).status == "in_progress"
        chat.is_idle()
        assert chat.answer.inner_text().split() == words(60)
        expect(chat.answers.last).to_contain_text("A program's assistant")
        assert shown(chat) == said(sdk, thread.id)

    def test_that_streams_to_its_program_too_says_the_same_on_the_page(self, chat, sdk, assistant):
        thread = sdk.beta.threads.create(messages=[{"role": "user", "content": "/stream 40 20"}])
        chat.page.goto(f"/threads/{thread.id}/")
        chat.is_connected()
        with sdk.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
            heard = "".join(stream.text_deltas)
        chat.is_idle()
        assert chat.answer.inner_text().split() == heard.split() == words(40)

    def test_can_be_stopped_on_the_page(self, chat, sdk, assistant):
        thread = sdk.beta.threads.create(messages=[{"role": "user", "content": "/slow 60"}])
        run = sdk.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
        chat.page.goto(f"/threads/{thread.id}/")
        chat.shows("word1")
        chat.stop_button.click()
        expect(chat.endings.last).to_contain_text("Stopped.")
        assert sdk.beta.threads.runs.poll(run.id, thread_id=thread.id).status == "cancelled"

    def test_that_waits_for_outputs_goes_on_when_the_program_hands_them_in(self, chat, sdk, assistant):
        call = '/call weather {"city": "Oslo"}'
        thread = sdk.beta.threads.create(messages=[{"role": "user", "content": call}])
        chat.page.goto(f"/threads/{thread.id}/")
        chat.is_connected()
        run = sdk.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
        expect(chat.run).to_contain_text("weather")
        [pending] = run.required_action.submit_tool_outputs.tool_calls
        outputs = [{"tool_call_id": pending.id, "output": "Snow"}]
        sdk.beta.threads.runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=outputs)
        chat.is_idle()
        chat.shows("weather returned: Snow")


class TestAMessageOfThePage:
    def test_is_answered_before_the_eyes_of_programs(self, chat, sdk, server, key):
        chat.ask("Hello")
        thread_id = chat.page.url.rstrip("/").rpartition("/")[2]
        with ThreadPoolExecutor() as pool:
            joined = threading.Event()
            hearing = pool.submit(asyncio.run, heard(server, key, thread_id, joined))
            assert joined.wait(30)
            chat.write("/stream 60 15")
            chat.shows("word3 ")
            run = sdk.beta.threads.runs.list(thread_id, limit=1).data[0]
            assert run.status == "in_progress"
            chat.page.wait_for_timeout(1500)  # the rows follow within 250 ms
            assert said(sdk, thread_id)[-1][1].startswith("word1 word2 word3 ")
            assert hearing.result().split() == words(60)
        assert sdk.beta.threads.runs.poll(run.id, thread_id=thread_id).status == "completed"
        chat.is_idle()
        assert shown(chat) == said(sdk, thread_id)
        assert len(sdk.beta.threads.runs.list(thread_id).data) == 2

    def test_holds_the_thread_against_programs(self, chat, sdk, assistant):
        chat.begin("/slow 60")
        chat.shows("word1")
        thread_id = chat.page.url.rstrip("/").rpartition("/")[2]
        [run] = sdk.beta.threads.runs.list(thread_id).data
        with pytest.raises(openai.BadRequestError, match=f"{thread_id} already has an active run {run.id}"):
            sdk.beta.threads.runs.create(thread_id, assistant_id=assistant.id)
        sdk.beta.threads.runs.cancel(run.id, thread_id=thread_id)
        expect(chat.endings.last).to_contain_text("Stopped.")


async def heard(server: LiveServer, key: str, thread_id: str, joined: threading.Event) -> str:
    """The text of the next run on the thread, from its socket for programs. ``joined`` is set when that follows it."""
    text = ""
    async with (
        asyncio.timeout(30),
        aiohttp.ClientSession(server.url, headers={"Authorization": f"Bearer {key}"}) as session,
        session.ws_connect(f"/ws/threads/{thread_id}/") as socket,
    ):
        while (frame := await socket.receive_json()).get("event") != "thread.run.completed":
            joined.set()
            if frame.get("event") == "thread.message.delta":
                text += "".join(part["text"]["value"] for part in frame["data"]["delta"]["content"])
    return text


class TestAThreadOfAProgram:
    def test_is_listed_by_its_first_words(self, chat, sdk):
        thread = sdk.beta.threads.create(messages=[{"role": "user", "content": "What a program asked"}])
        chat.new()
        chat.listed("What a program asked").click()
        chat.page.wait_for_url(f"**/threads/{thread.id}/")
        expect(chat.questions).to_have_text(re.compile("What a program asked"))

    def test_takes_a_message_once_an_assistant_is_chosen(self, chat, sdk, assistant):
        thread = sdk.beta.threads.create(messages=[{"role": "user", "content": "Nobody answers"}])
        chat.page.goto(f"/threads/{thread.id}/")
        chat.is_connected()
        choice = chat.page.locator("select[name=assistant]")
        expect(choice.locator("option:checked")).to_have_text("Choose an assistant")
        chat.write("Hello?")
        expect(chat.page.locator("#problem")).to_contain_text("Choose an assistant")
        expect(chat.text).to_have_value("Hello?")
        choice.select_option(assistant.id)
        chat.text.press("Enter")
        chat.shows("You said: Hello?")
        chat.is_idle()
        [run] = sdk.beta.threads.runs.list(thread.id).data
        assert run.assistant_id == assistant.id
