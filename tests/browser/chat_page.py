"""The chat page as a person uses it."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Locator, Page, expect


class ChatPage:
    """``page`` is Playwright's, for everything that is not said here."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.text = page.locator("#text")
        self.answers = page.locator(".message.answer")
        self.questions = page.locator("#messages .message.question")
        self.waiting = page.locator("#waiting li")
        self.endings = page.locator(".ending")
        self.stop_button = page.locator("#stop")
        self.run = page.locator("#run")

    def sign_in(self, username: str, password: str) -> None:
        """Open the page; sign in unless the cookies do."""
        self.page.goto("/")
        if self.page.locator("input[name=password]").count():
            self.page.fill("input[name=username]", username)
            self.page.fill("input[name=password]", password)
            self.page.press("input[name=password]", "Enter")
        self.page.wait_for_selector("#composer")
        self.page.wait_for_load_state()  # its scripts listen from then on

    def new(self) -> None:
        self.page.goto("/")

    def write(self, text: str) -> None:
        self.text.fill(text)
        self.text.press("Enter")

    def begin(self, text: str) -> None:
        """A new chat with its first message."""
        self.new()
        self.write(text)
        self.page.wait_for_url(re.compile(r"/threads/thread_\w+/$"))

    def ask(self, text: str) -> None:
        """Say something in an open chat, or in a new one, and wait until the answer is complete."""
        before = self.answers.count()
        if "/threads/" in self.page.url:
            self.write(text)
        else:
            self.begin(text)
        expect(self.answers).to_have_count(before + 1)
        self.is_idle()

    def is_idle(self) -> None:
        """Wait until nothing is being answered."""
        expect(self.run).not_to_have_attribute("data-live", re.compile("."), timeout=30_000)
        expect(self.page.locator(".message.open")).to_have_count(0)

    def is_connected(self) -> None:
        # After some failures the page tries again every 4 to 12 seconds.
        expect(self.page.locator("body")).to_have_attribute("data-connection", "", timeout=15_000)

    def until(self, expression: str) -> None:
        """Playwright's own way needs ``eval``, which the page's policy forbids."""
        end = time.monotonic() + 20
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, f"waited in vain for {expression}"
            self.page.wait_for_timeout(50)

    @property
    def answer(self) -> Locator:
        """The last one."""
        return self.answers.last.locator(".prose")

    def shows(self, text: str) -> None:
        expect(self.answer).to_contain_text(text)

    def choose(self, name: str) -> None:
        """From the chat's menu."""
        self.page.click("summary[aria-label=More]")
        self.page.locator(".top .choices").get_by_role("button", name=name).click()

    def listed(self, title: str) -> Locator:
        return self.page.locator("#threads a", has_text=title)
