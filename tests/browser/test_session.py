"""The session ends while one writes: the page says why one has to sign in, and nothing written is lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.chat_page import ChatPage
from tests.browser.test_page import PHONE
from tests.live import PASSWORD, LiveServer

pytestmark = pytest.mark.browser
DESK = {"viewport": {"width": 1280, "height": 800}}
OLD, NEW = "correct horse battery", "another horse battery"
MAKE = f"from chat.models import User\nfor name in ('desk', 'phone'): User.objects.create_user(name, password={OLD!r})"
NOTES = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Some notes."}


@pytest.fixture(scope="module")
def people(server: LiveServer) -> None:
    server.shell(MAKE)


@pytest.fixture
def new_context(browser: Browser, server: LiveServer) -> Iterator[Callable[..., BrowserContext]]:
    contexts = []

    def new(**options: object) -> BrowserContext:
        contexts.append(browser.new_context(base_url=server.url, **options))
        return contexts[-1]

    yield new
    for context in contexts:
        context.close()


def sign_in_again(page: Page, name: str, password: str) -> None:
    """On the sign-in page, to which the reader was led."""
    page.wait_for_url("**/sign-in/**")
    expect(page.get_by_role("status")).to_contain_text("You were signed out")
    expect(page.get_by_role("status")).to_contain_text("What you wrote is kept")
    assert parse_qs(urlsplit(page.url).query)["next"][0].startswith("/")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_selector("#composer")


@pytest.mark.parametrize(("name", "screen"), [("desk", DESK), ("phone", PHONE)], ids=["1280", "390"])
def test_what_was_written_outlives_the_session(name, screen, people, new_context) -> None:
    context = new_context(**screen)
    chat = ChatPage(context.new_page())
    chat.sign_in(name, OLD)

    # The cookie is gone, in a chat that has not begun.
    chat.page.set_input_files("#upload", NOTES)
    expect(chat.page.locator("#attachments input")).to_have_count(1)
    chat.text.fill("first\nin two lines")
    context.clear_cookies(name="sessionid")
    chat.page.locator("#send").click()
    sign_in_again(chat.page, name, OLD)
    expect(chat.text).to_have_value("first\nin two lines")
    expect(chat.page.locator("#attachments .chip")).to_contain_text("notes.txt")
    chat.page.locator("#send").click()
    chat.page.wait_for_url(re.compile(r"/threads/thread_\w+/$"))
    expect(chat.questions.first).to_contain_text("notes.txt")
    expect(chat.text).to_have_value("")
    chat.is_idle()

    # Signed out in another tab.
    chat.text.fill("second")
    other = ChatPage(context.new_page())
    other.new()
    expect(other.text).to_have_value("")
    expect(other.page.locator("#attachments .chip")).to_have_count(0)
    other.page.locator("#sidebar form[action='/sign-out/']").evaluate("form => form.submit()")
    sign_in_again(chat.page, name, OLD)
    expect(chat.text).to_have_value("second")

    # The password was changed elsewhere.
    chat.text.fill("third")
    chat.is_connected()
    elsewhere = ChatPage(new_context().new_page())
    elsewhere.sign_in(name, OLD)
    elsewhere.page.goto("/password/")
    for field, value in (("old_password", OLD), ("new_password1", NEW), ("new_password2", NEW)):
        elsewhere.page.fill(f"input[name={field}]", value)
    elsewhere.page.press("input[name=new_password2]", "Enter")
    sign_in_again(chat.page, name, NEW)
    expect(chat.text).to_have_value("third")

    # The session ends in the middle of an upload: a page cannot keep the file, so it says which one to choose again.
    context.clear_cookies(name="sessionid")
    chat.page.set_input_files("#upload", {**NOTES, "name": "more.txt"})
    sign_in_again(chat.page, name, NEW)
    expect(chat.text).to_have_value("third")
    expect(chat.page.locator("#problem")).to_contain_text("more.txt")


def test_a_form_of_the_admin_is_filled_in_again(open_page, server) -> None:
    page = open_page(server).page
    page.goto("/admin/chat/assistant/add/")
    page.fill("#id_name", "Poet")
    page.fill("#id_instructions", "Answer in verse.\nAlways.")
    page.select_option("#id_audience", "everyone")
    page.check("#id_run_code")
    page.context.clear_cookies(name="sessionid")
    page.locator("input[name=_save]").click()
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    expect(page.get_by_role("status")).to_contain_text("It is filled in again")
    expect(page.locator("#id_instructions")).to_have_value("Answer in verse.\nAlways.")
    expect(page.locator("#id_audience")).to_have_value("everyone")
    expect(page.locator("#id_run_code")).to_be_checked()
    page.locator("input[name=_save]").click()
    expect(page.locator("#result_list")).to_contain_text("Poet")
    page.goto("/admin/chat/assistant/add/")
    expect(page.locator("#id_name")).to_have_value("")
