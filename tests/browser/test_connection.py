"""What happens to the page when sockets, the network or the server go away: nothing is lost, nothing comes twice."""

from __future__ import annotations

import re
import signal
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from tests.failover import failover
from tests.live import LiveServer
from tests.management.test_work import work
from tests.redis_server import redis_server

pytestmark = pytest.mark.browser

# As behind a proxy that knows no sockets.
NO_SOCKETS = """
window.WebSocket = class extends EventTarget {
  static OPEN = 1; static CLOSING = 2; static CLOSED = 3;
  readyState = 0;
  constructor() {
    super();
    setTimeout(() => { this.readyState = 3; this.onclose && this.onclose({ code: 1006 }); }, 10);
  }
  close() {}
  send() { throw new Error("not open"); }
};
"""
# A handle on the page's socket, to break it.
KEEP_SOCKET = """
const Native = window.WebSocket;
window.WebSocket = class extends Native {
  constructor(...given) { super(...given); window.lastSocket = this; }
};
"""

# The first two sockets fail.
LATE_SOCKETS = """
const Native = window.WebSocket;
let failed = 0;
window.WebSocket = class extends EventTarget {
  static OPEN = 1; static CLOSING = 2; static CLOSED = 3;
  constructor(...given) {
    if (failed >= 2) return new Native(...given);
    failed += 1;
    super();
    this.readyState = 3;
    setTimeout(() => this.onclose && this.onclose({ code: 1006 }), 10);
  }
  close() {}
};
"""
KEEP_STATES = """
window.states = [];
new MutationObserver(() => states.push(document.body.dataset.connection)).observe(document.body, { attributes: true });
"""


def words(count: int) -> list[str]:
    return [f"word{number}" for number in range(1, count + 1)]


class TestWithoutSockets:
    @pytest.fixture
    def polling(self, chat):
        chat.page.context.add_init_script(NO_SOCKETS)
        return chat

    def test_the_page_says_so_and_shows_the_same(self, polling):
        polling.begin("/stream 60 20")
        expect(polling.page.locator("body")).to_have_attribute("data-connection", "polling")
        polling.shows("word10 ")
        polling.is_idle()
        assert polling.answer.inner_text().split() == words(60)
        polling.ask("And again")
        polling.shows("You said: And again")
        expect(polling.questions).to_have_count(2)

    def test_an_answer_can_be_stopped(self, polling):
        polling.begin("/slow 30")
        polling.shows("word1")
        polling.text.press("Escape")
        expect(polling.endings.last).to_contain_text("Stopped.")

    def test_messages_wait_and_can_be_taken_back(self, polling):
        polling.begin("/slow 30")
        polling.shows("word1")
        polling.write("Later")
        polling.waiting.get_by_role("button", name="Take back").click()
        expect(polling.text).to_have_value("Later")
        expect(polling.waiting).to_have_count(0)
        polling.text.press("Escape")
        polling.is_idle()


class TestASocketThatComesLate:
    def test_is_believed_and_not_a_look_from_before(self, chat):
        chat.page.context.add_init_script(LATE_SOCKETS)
        looks = []
        chat.page.route("**/news/?have=*", lambda route: looks.append((route, route.fetch())))
        chat.begin("/stream 100 20")
        chat.is_connected()
        chat.is_idle()
        assert looks
        for route, response in looks:
            route.fulfill(response=response)
        chat.page.wait_for_timeout(500)  # in which the page would take what it has been given
        expect(chat.run).not_to_have_attribute("data-live", re.compile("."))
        assert chat.answer.inner_text().split() == words(100)


class TestABrokenSocket:
    def test_is_replaced_and_the_answer_goes_on(self, chat):
        chat.page.context.add_init_script(KEEP_SOCKET)
        chat.begin("/stream 100 20")
        for mark in (5, 20, 40):
            chat.shows(f"word{mark} ")
            chat.page.evaluate("lastSocket.close(4999)")
        chat.is_idle()
        assert chat.answer.inner_text().split() == words(100)
        chat.is_connected()

    def test_that_is_dead_without_having_closed_is_noticed_when_the_page_is_looked_at(self, chat):
        chat.page.context.add_init_script(KEEP_SOCKET)
        chat.ask("Hello")
        chat.page.evaluate("lastSocket.send = () => {}; window.deadSocket = lastSocket")
        chat.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        chat.until("lastSocket !== deadSocket && lastSocket.readyState === 1")
        chat.ask("Still there?")

    def test_is_not_tried_again_after_a_refusal(self, chat):
        chat.page.context.add_init_script(KEEP_SOCKET)
        chat.ask("Hello")
        chat.page.evaluate("lastSocket.send('nonsense')")
        expect(chat.page.locator("body")).to_have_attribute("data-connection", "refused")
        expect(chat.page.locator("#connection")).to_contain_text("The connection was refused.")


class TestWithoutNetwork:
    def test_the_page_says_so_and_recovers(self, chat):
        chat.ask("Hello")
        chat.page.context.set_offline(True)
        expect(chat.page.locator("#connection")).to_contain_text("You are offline.")
        chat.write("written on a train")
        expect(chat.page.locator("#problem")).to_contain_text("What you wrote is kept")
        chat.page.context.set_offline(False)
        chat.is_connected()
        chat.text.press("Enter")
        chat.shows("You said: written on a train")


class TestTheServer:
    def test_killed_in_mid_answer_leaves_the_partial_answer_and_takes_the_next_message(self, open_page, own_server):
        chat = open_page(own_server)
        chat.begin("/slow 60")
        chat.shows("word3 ")  # of what is told, at most the last 250 ms are not on disk
        own_server.kill()
        expect(chat.page.locator("#connection .pill", has_text="Reconnecting")).to_be_visible()
        own_server.start()
        expect(
            chat.page.get_by_role("alert").filter(has_text="The server stopped while it was answering")
        ).to_be_visible(timeout=40_000)
        chat.shows("word2")
        chat.is_connected()
        chat.ask("Are you back?")
        chat.shows("You said: Are you back?")
        chat.page.reload()
        expect(chat.answers).to_have_count(2)
        expect(chat.endings).to_contain_text("The server stopped while it was answering")

    def test_restarted_while_nothing_happens_is_found_again(self, open_page, own_server):
        chat = open_page(own_server)
        chat.ask("Hello")
        assert own_server.stop() == 0
        expect(chat.page.locator("#connection .pill", has_text="Reconnecting")).to_be_visible()
        own_server.start()
        chat.is_connected()
        chat.ask("Hello again")
        expect(chat.questions).to_have_count(2)

    def test_drained_shows_what_is_sent_and_says_why_it_waits(self, open_page, own_server):
        chat, other = open_page(own_server), open_page(own_server)
        other.ask("Hello")
        chat.begin("/slow 9")
        chat.page.evaluate(KEEP_STATES)
        chat.shows("word1")
        own_server.process.send_signal(signal.SIGTERM)
        while own_server.answers():  # until it takes no more work
            chat.page.wait_for_timeout(50)
        chat.write("And this?")
        expect(chat.waiting).to_contain_text("And this?")
        expect(chat.waiting).to_contain_text("Waits until the server has restarted")
        other.write("And that?")
        expect(other.questions.last).to_contain_text("And that?")
        expect(other.run).to_contain_text("The server is restarting. Your message is kept")
        chat.shows("word9")
        assert own_server.stop() == 0
        expect(chat.page.locator("#connection .pill", has_text="Reconnecting")).to_be_visible()
        chat.page.wait_for_timeout(2000)  # it begins to poll
        own_server.start()
        for page, words in ((chat, "And this?"), (other, "And that?")):
            page.is_connected()
            page.shows(f"You said: {words}")
            page.is_idle()
        assert "polling" not in chat.page.evaluate("states")

    def test_stopped_in_mid_answer_hands_the_page_to_another(self, open_page, tmp_path):
        with ExitStack() as stack:
            shared = {"REDIS_URL": stack.enter_context(redis_server()).url, "EVERTHREAD_WORKERS": "false"}
            one, other = (stack.enter_context(LiveServer(tmp_path / "data", **shared)) for _number in range(2))
            stack.enter_context(work(other))
            chat = open_page(stack.enter_context(failover([one.port, other.port])))
            chat.begin("/stream 1000 50")
            chat.page.evaluate(KEEP_STATES)
            chat.shows("word20 ")
            assert one.stop() == 0
            seen = len(chat.answer.inner_text().split())
            chat.shows(f"word{seen + 50} ")
            expect(chat.page.locator(".message.open")).to_have_count(1)
            chat.is_connected()
            chat.is_idle()
            assert chat.answer.inner_text().split() == words(1000)
            assert set(chat.page.evaluate("states")) <= {"", "reconnecting"}


class TestScrolling:
    def test_follows_the_answer_until_the_reader_goes_up(self, chat):
        chat.page.set_viewport_size({"width": 900, "height": 500})
        chat.ask("/stream 600 0")
        chat.write("/stream 1500 300")
        chat.shows(re.compile(r"word150\b"))
        scroller = chat.page.locator("#scroller")
        is_at_the_end = "scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60"
        chat.until(is_at_the_end)
        scroller.hover()
        chat.page.mouse.wheel(0, -600)
        expect(chat.page.locator("#jump")).to_be_visible()
        chat.shows(re.compile(r"word350\b"))  # the wheel's glide has come to rest
        before = scroller.evaluate("element => element.scrollTop")
        chat.shows(re.compile(r"word550\b"))
        assert scroller.evaluate("element => element.scrollTop") == before
        chat.page.click("#jump")
        expect(chat.page.locator("#jump")).to_be_hidden()
        chat.text.press("Escape")
        chat.is_idle()
        chat.until(is_at_the_end)
