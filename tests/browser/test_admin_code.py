"""Code in the admin, in a browser: the sandbox is watched and tried, an assistant gets files, a run is looked at."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from chat.sandbox.state import State, attend, write_state
from tests.browser.test_code import CHART, RUNS, code_server
from tests.live import LiveServer

__all__ = ["code_server"]

pytestmark = pytest.mark.browser
DRAWN = "image => image.complete && image.naturalWidth > 100"


@pytest.fixture
def standing_server(browser: Browser, tmp_path: Path) -> Iterator[tuple[LiveServer, Path]]:
    """A server that says of its sandbox what the test has written, and the folder to write it to."""
    folder = tmp_path / "sandbox"
    folder.mkdir()
    lock = attend(folder)
    assert lock is not None
    with LiveServer(tmp_path) as server:
        yield server, folder
    os.close(lock)


class TestTheSandboxPage:
    def test_follows_what_is_outstanding_and_stops(self, open_page, standing_server) -> None:
        server, folder = standing_server
        write_state(folder, State("preparing", "Installing", progress=0.25))
        page: Page = open_page(server).page
        page.goto("/admin/sandbox/")
        state = page.locator("#sandbox-state")
        expect(state).to_contain_text("25 %")
        write_state(folder, State("preparing", "Installing", progress=0.75))
        expect(state).to_contain_text("75 %")
        write_state(folder, State("refused", "No isolation works here.", reasons={"ns": "No.", "landlock": "No."}))
        expect(state).to_contain_text("No isolation works here.")
        expect(state).not_to_have_attribute("hx-get", re.compile("."))

    def test_runs_a_test_cell(self, open_page, code_server) -> None:
        page: Page = open_page(code_server).page
        page.goto("/admin/sandbox/")
        expect(page.locator("#sandbox-state")).to_contain_text("works, is used")
        page.get_by_role("button", name="Run a test cell").click()
        expect(page.locator("#trial")).to_contain_text("The mean of sin² is 0.5", timeout=RUNS)
        assert page.locator("#trial img").evaluate(DRAWN)
        expect(page.get_by_role("button", name="Run a test cell")).to_be_enabled()


class TestAnAssistant:
    def test_gets_files_and_loses_one(self, open_page, code_server, tmp_path: Path) -> None:
        for name in ("sales.csv", "costs.csv"):
            (tmp_path / name).write_text("a,b\n1,2\n")
        page: Page = open_page(code_server).page
        page.goto("/admin/chat/assistant/add/")
        page.get_by_label("Name").fill("Accountant")
        page.get_by_label("Run Python code").check()
        page.get_by_label("Upload files for it").set_input_files([tmp_path / "sales.csv", tmp_path / "costs.csv"])
        page.get_by_role("button", name="Save and continue editing").click()
        page.get_by_label("sales.csv").uncheck()
        page.get_by_role("button", name="Save and continue editing").click()
        expect(page.get_by_label("costs.csv")).to_be_checked()
        expect(page.get_by_label("Run Python code")).to_be_checked()
        expect(page.get_by_label("sales.csv")).not_to_be_checked()


class TestARun:
    def test_shows_code_pictures_and_files(self, open_page, code_server) -> None:
        chat = open_page(code_server)
        chat.new()
        chat.ask(CHART)
        page: Page = chat.page
        page.goto("/admin/chat/run/")
        page.locator("#result_list tbody th a").first.click()
        call = page.locator(".code-call")
        expect(call.locator("pre.highlight .kn").first).to_have_text("import")
        expect(call).to_contain_text("2020")
        assert call.locator("img").evaluate(f"async image => {{ await image.decode(); return ({DRAWN})(image) }}")
        with page.expect_download() as saved:
            call.get_by_role("link", name="values.csv").click()
        assert Path(saved.value.path()).read_text().startswith("year,value")
