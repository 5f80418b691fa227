"""Chromium against a real server: ``manage.py serve`` with the scripted provider.

A test fails when the page it used logged an error, broke the content security policy or threw.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.chat_page import ChatPage
from tests.live import PASSWORD, LiveServer

# The first takes half the processor time of the others.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
PATIENCE = 20_000  # milliseconds
# What Chromium and htmx log when a test takes the server or the network away.
EXPECTED = (
    "WebSocket connection to",
    "Failed to load resource",
    "net::ERR_",
    "htmx:sendError",
    "htmx:afterRequest",
    "htmx:sendAbort",  # an upload that was cancelled
    "[object Event]",  # htmx's words for a socket that broke
    "Response Status Error Code 404",  # and for what Chromium calls a failed load
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: Playwright's sync API keeps an event loop in this thread, which Django's ORM refuses."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        why = "no Chromium on the PATH: browser tests do not run"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One for all tests that do not harm it."""
    with LiveServer(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def own_server(browser: Browser, tmp_path: Path) -> Iterator[LiveServer]:
    """One that the test may kill."""
    with LiveServer(tmp_path / "data") as running:
        yield running


Open = Callable[..., ChatPage]


expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="package")
def cookies() -> dict[str, Any]:
    """Of the last who signed in, by the server's address: to check a password takes half a second of processor time."""
    return {}


@pytest.fixture
def open_page(browser: Browser, cookies: dict[str, Any]) -> Iterator[Open]:
    """Opens a signed-in page; options are those of Playwright's ``new_context``. Checks the console at the end."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(words in message.text for words in EXPECTED):
            complaints.append(message.text)

    def watch(page: Page) -> None:
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))

    def open(server: LiveServer, **options: object) -> ChatPage:
        context = browser.new_context(base_url=server.url, **{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(PATIENCE)
        context.on("page", watch)
        contexts.append(context)
        context.add_cookies(cookies.get(server.url, []))
        page = ChatPage(context.new_page())
        page.sign_in("admin", PASSWORD)
        cookies[server.url] = context.cookies()
        return page

    yield open
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def chat(open_page: Open, server: LiveServer) -> ChatPage:
    """A signed-in page at a desk."""
    return open_page(server)
