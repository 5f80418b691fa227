"""The page of one's own API keys, in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.test_page import BACKGROUND, PHONE, brightness

pytestmark = pytest.mark.browser
WIDTH = "document.documentElement.scrollWidth"


class TestTheKeys:
    def test_are_made_copied_and_revoked(self, open_page, server):
        chat = open_page(server, permissions=["clipboard-read", "clipboard-write"])
        page = chat.page
        page.locator(".account summary").click()
        page.get_by_role("link", name="API keys").click()
        page.get_by_label("Name of a new key").fill("notebook")
        page.get_by_role("button", name="Make a key").click()
        secret = page.locator("#secret").inner_text()
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == secret

        page.reload()
        expect(page.get_by_text("notebook", exact=True)).to_have_count(1)
        expect(page.locator("#secret")).to_have_count(0)
        page.get_by_role("button", name="Revoke notebook").click()
        dialog = page.get_by_role("dialog", name="Revoke “notebook”?")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_be_hidden()
        page.get_by_role("button", name="Revoke notebook").click()
        dialog.get_by_role("button", name="Revoke").click()
        expect(page.get_by_role("status")).to_have_text("The key “notebook” is revoked.")
        expect(page.get_by_role("button", name="Revoke notebook")).to_have_count(0)
        expect(page.get_by_text("1 revoked key")).to_be_visible()

    def test_fit_a_phone_in_the_dark(self, open_page, server):
        chat = open_page(server, **PHONE, color_scheme="dark")
        chat.page.goto("/account/keys/")
        assert brightness(chat) < 150, chat.page.evaluate(BACKGROUND)
        chat.page.get_by_label("Name of a new key").fill("x" * 100)
        chat.page.get_by_role("button", name="Make a key").tap()
        expect(chat.page.locator("#secret")).to_be_in_viewport()
        assert chat.page.evaluate(WIDTH) == 390
