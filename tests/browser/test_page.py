"""How the page looks and feels: colours, small screens, keys, screen readers, weight."""

from __future__ import annotations

import gzip
import re

import pytest
from playwright.sync_api import expect

from tests.live import ROOT

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


def brightness(chat) -> int:
    return sum(int(part) for part in re.findall(r"\d+", chat.page.evaluate(BACKGROUND))[:3])


class TestColours:
    def test_are_those_of_the_system_until_one_chooses(self, open_page, server):
        assert brightness(open_page(server, color_scheme="light")) > 600
        assert brightness(open_page(server, color_scheme="dark")) < 150

    def test_that_were_chosen_are_kept_and_there_from_the_first_paint(self, chat):
        chat.page.get_by_role("button", name="Switch between dark and light").click()
        assert brightness(chat) < 150
        chat.page.context.add_init_script(
            "new MutationObserver((_, observer) => { if (document.body) {"
            " window.firstTheme = document.documentElement.dataset.theme; observer.disconnect(); } })"
            ".observe(document, { childList: true, subtree: true })"
        )
        chat.page.reload()
        assert chat.page.evaluate("firstTheme") == "dark"
        chat.page.get_by_role("button", name="Switch between dark and light").click()
        assert brightness(chat) > 600


class TestAPhone:
    @pytest.fixture
    def phone(self, open_page, server):
        return open_page(server, **PHONE)

    def test_shows_the_list_as_a_drawer(self, phone):
        expect(phone.page.locator("#sidebar")).not_to_be_in_viewport()
        phone.page.get_by_role("button", name="Show your chats").tap()
        expect(phone.page.locator("#search")).to_be_in_viewport()
        assert phone.page.evaluate("document.getElementById('main').inert")
        phone.page.keyboard.press("Escape")
        expect(phone.page.locator("#search")).not_to_be_in_viewport()
        assert not phone.page.evaluate("document.getElementById('main').inert")

    def test_does_everything_and_never_scrolls_sideways(self, phone):
        phone.text.fill("/markdown")
        phone.page.locator("#send").tap()
        phone.page.wait_for_url("**/threads/thread_*/")
        expect(phone.answers).to_have_count(1)
        phone.is_idle()
        width = "[document.documentElement.scrollWidth, document.getElementById('scroller').scrollWidth]"
        assert phone.page.evaluate(width) == [390, 390]
        phone.text.fill("/slow 30")
        phone.page.locator("#send").tap()
        phone.shows("word1")
        phone.stop_button.tap()
        expect(phone.endings.last).to_contain_text("Stopped.")
        phone.page.locator("summary[aria-label=More]").tap()
        phone.page.locator(".top .choices").get_by_role("button", name="Delete").tap()
        phone.page.locator("#delete").get_by_role("button", name="Delete").tap()
        phone.page.wait_for_url(lambda url: "/threads/" not in url)

    def test_starts_a_line_with_enter(self, phone):
        phone.text.press_sequentially("one")
        phone.text.press("Enter")
        phone.text.press_sequentially("two")
        expect(phone.text).to_have_value("one\ntwo")


class TestKeys:
    def test_the_message_box_has_the_focus_from_the_start_and_keeps_it(self, chat):
        chat.new()
        expect(chat.text).to_be_focused()
        chat.begin("Hello")
        expect(chat.text).to_be_focused()
        chat.is_idle()
        chat.write("Again")
        expect(chat.answers).to_have_count(2)
        chat.is_idle()
        expect(chat.text).to_be_focused()

    def test_escape_closes_a_menu_before_it_stops_an_answer(self, chat):
        chat.begin("/slow 30")
        chat.shows("word1")
        chat.page.click("summary[aria-label=More]")
        chat.page.keyboard.press("Escape")
        expect(chat.page.locator("details[open]")).to_have_count(0)
        expect(chat.run).to_have_attribute("data-live", re.compile("run_"))
        chat.page.keyboard.press("Escape")
        expect(chat.endings.last).to_contain_text("Stopped.")

    def test_reach_everything_in_a_sensible_order(self, chat):
        chat.new()
        chat.page.focus(".skip")
        names = []
        while "send" not in names and len(names) < 150:  # the list of chats may be long
            chat.page.keyboard.press("Tab")
            names.append(chat.page.evaluate("(e => e.id || e.className || e.tagName)(document.activeElement)"))
        order = [names.index(name) for name in ("search", "text", "send")]
        assert order == sorted(order)


class TestScreenReaders:
    def test_hear_that_an_answer_begins_and_ends_but_not_each_word(self, chat):
        chat.ask("Hello")
        log = chat.page.get_by_role("log")
        expect(log).to_have_attribute("aria-live", "off")
        chat.page.evaluate(
            "window.heard = []; new MutationObserver(() => heard.push(document.getElementById('announce').textContent))"
            ".observe(document.getElementById('announce'), { childList: true })"
        )
        chat.ask("/stream 20 20")
        expect(chat.page.locator("#announce")).to_have_text("The answer is complete.")
        assert chat.page.evaluate("heard.filter(Boolean)") == ["The assistant is answering.", "The answer is complete."]

    def test_hear_names_for_every_control(self, chat):
        chat.ask("/markdown")
        nameless = chat.page.evaluate(
            "[...document.querySelectorAll('button, a, input:not([type=hidden]), select, textarea, summary')]"
            ".filter(e => !e.disabled && !(e.ariaLabel || e.textContent.trim() || e.labels?.length || e.title))"
            ".map(e => e.outerHTML)"
        )
        assert nameless == []


class TestWeight:
    def test_a_cold_page_is_light_and_asks_no_other_host(self, open_page, server):
        chat = open_page(server)
        chat.ask("Hello")
        address = chat.page.url
        cold = chat.page.context.browser.new_context(base_url=server.url)
        cold.add_cookies(chat.page.context.cookies())
        page, sizes = cold.new_page(), {}
        page.on("requestfinished", lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}))
        page.goto(address, wait_until="networkidle")
        cold.close()
        assert all(url.startswith(server.url) for url in sizes)
        assert len(sizes) <= 15
        assert sum(sizes.values()) <= 150_000

    def test_our_own_script_is_under_thirty_kilobytes(self):
        scripts = (ROOT / "static" / "js").glob("*.js")
        assert sum(len(gzip.compress(path.read_bytes())) for path in scripts) < 30_000
