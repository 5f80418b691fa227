"""Knowledge in the admin, in a browser: files are handed in, read, tried out and taken out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_page import brightness
from tests.documents import samples

pytestmark = pytest.mark.browser
READ = 60_000  # milliseconds for a file, the model's start included
LEAVE = "The holiday policy grants every employee thirty days of paid leave a year."
SICK = "Sick leave is reported before nine o'clock."
SPINNING = "document.querySelector('#files').getAttribute('hx-trigger').includes('every')"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    slides = [("Welcome", "Your first day begins in the lobby.", ""), ("Equipment", "Laptops come from floor two.", "")]
    documents = {
        "leave.pdf": samples.pdf([samples.prose([LEAVE]), samples.prose([SICK])]),
        "onboarding.pptx": samples.slides(slides),
        "travel.html": b"<html><h1>Travel</h1><p>Trains are booked in second class.</p></html>",
        "broken.docx": b"PK\x03\x04 but nothing behind it",
        "setup.exe": b"MZ",
    }
    for name, content in documents.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.fixture
def page(open_page, server) -> Page:
    """The page of a new store."""
    page: Page = open_page(server).page
    make(page)
    return page


def make(page: Page, name: str = "Handbook") -> None:
    page.goto("/admin/chat/vectorstore/add/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"“{name}” was made. Now give it files.")).to_be_visible()


def hand_in(page: Page, *files: Path) -> None:
    page.locator("#upload-files").set_input_files([str(file) for file in files])


def row(page: Page, name: str):
    return page.locator("#files tbody tr", has_text=name)


def is_read(page: Page, name: str) -> None:
    expect(row(page, name).locator(".state")).to_have_text("ready", timeout=READ)


class TestHandingIn:
    def test_many_files_at_once_shows_each_on_its_way_until_it_is_ready(self, page, folder):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "/files/?" in request.url else None)
        hand_in(page, *(folder / name for name in ("leave.pdf", "onboarding.pptx", "travel.html")))
        expect(page.locator("#upload .told")).to_have_text("Uploaded: 3 of 3.")
        for name in ("leave.pdf", "onboarding.pptx", "travel.html"):
            is_read(page, name)
        expect(page.locator("#files .filters")).to_contain_text("3 of 3 ready")
        expect(page.locator("#figures")).to_contain_text(re.compile(r"Passages\s*3"))
        expect(page.locator(".uploads li")).to_have_count(0)
        assert not page.evaluate(SPINNING)
        before = len(asked)
        page.wait_for_timeout(2500)
        assert len(asked) == before, "it goes on asking though nothing is outstanding"

    def test_says_what_it_does_not_take(self, page, folder):
        hand_in(page, folder / "setup.exe", folder / "leave.pdf")
        refused = page.locator(".uploads li", has_text="setup.exe")
        expect(refused).to_contain_text("Files of this type cannot be read.")
        is_read(page, "leave.pdf")
        refused.get_by_role("button", name="Dismiss").click()
        expect(page.locator(".uploads li")).to_have_count(0)

    def test_takes_files_that_are_dropped(self, page):
        page.evaluate(
            """() => {
              const dataTransfer = new DataTransfer();
              dataTransfer.items.add(new File(["Dropped words."], "dropped.txt"));
              const drop = (type) => document.dispatchEvent(new DragEvent(type, { dataTransfer, cancelable: true }));
              drop("dragover");
              window.target = document.getElementById("upload").classList.contains("target");
              drop("drop");
            }"""
        )
        assert page.evaluate("window.target")
        is_read(page, "dropped.txt")

    def test_tells_why_a_file_failed_and_tries_it_again(self, page, folder):
        hand_in(page, folder / "broken.docx")
        failed = row(page, "broken.docx")
        expect(failed.locator(".state")).to_have_text("failed", timeout=READ)
        expect(failed).to_contain_text("The file is broken")
        # Until this is answered the row says what it said before, and is then replaced under a click.
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            failed.get_by_role("button", name="Try again").click()
        expect(row(page, "broken.docx").locator(".state")).to_have_text("failed", timeout=READ)
        page.wait_for_load_state("networkidle")
        page.get_by_role("link", name="1 failed").click()
        expect(page).to_have_url(re.compile("status=failed"))
        expect(page.locator("#files tbody tr")).to_have_count(1)


class TestTryingOut:
    def test_answers_while_one_types_and_leads_to_the_passage(self, page, folder):
        hand_in(page, folder / "leave.pdf", folder / "travel.html")
        is_read(page, "leave.pdf")
        is_read(page, "travel.html")
        query = page.get_by_label("Question or words")
        query.press_sequentially("how much holiday", delay=20)
        hits = page.locator("ol.hits > li")
        expect(hits.first).to_contain_text("leave.pdf")
        expect(hits.first.locator("mark")).to_contain_text("thirty days")
        expect(hits.first.locator("meter")).to_have_count(3)
        query.fill("second class trains")
        expect(hits.first).to_contain_text("travel.html")
        page.get_by_label("Results").fill("1")
        page.get_by_label("Results").press("Tab")
        expect(hits).to_have_count(1)
        hits.first.get_by_role("link").click()
        expect(page.locator("#passage-0")).to_contain_text("Trains are booked")


class TestTakingOut:
    def test_asks_first_and_then_finds_nothing_more(self, page, folder):
        hand_in(page, folder / "leave.pdf")
        is_read(page, "leave.pdf")
        page.get_by_role("button", name="Remove leave.pdf").click()
        dialog = page.get_by_role("dialog", name="Remove this file?")
        expect(dialog).to_contain_text("leave.pdf")
        dialog.get_by_role("button", name="Cancel").click()
        expect(row(page, "leave.pdf")).to_have_count(1)
        page.get_by_role("button", name="Remove leave.pdf").click()
        dialog.get_by_role("button", name="Remove").click()
        expect(page.get_by_text("No files yet.")).to_be_visible()
        page.get_by_label("Question or words").press_sequentially("leave", delay=20)
        expect(page.locator("#hits")).to_contain_text("Nothing was found.")


class TestTheOriginal:
    def test_is_saved_under_its_name(self, page, folder):
        hand_in(page, folder / "leave.pdf")
        is_read(page, "leave.pdf")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download leave.pdf").click()
        assert download.value.suggested_filename == "leave.pdf"
        assert Path(download.value.path()).read_bytes() == (folder / "leave.pdf").read_bytes()


class TestAnAssistant:
    def test_is_given_knowledge_and_is_named_on_its_page(self, page):
        make(page, "Rules of the house")
        address = page.url
        page.goto("/admin/chat/assistant/add/")
        page.locator("#id_name").fill("Helpdesk")
        page.get_by_label("Search in files").check()
        page.get_by_label("Knowledge:").select_option("Rules of the house (admin)")
        page.get_by_role("button", name="Save", exact=True).click()
        page.wait_for_url("**/admin/chat/assistant/")
        page.goto(address)
        expect(page.locator("#figures")).to_contain_text("Helpdesk")


class TestColours:
    @pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
    def test_are_those_of_the_system(self, scheme, dark, open_page, server, folder):
        chat = open_page(server, color_scheme=scheme)
        make(chat.page)
        assert (brightness(chat) < 150) is dark
        hand_in(chat.page, folder / "setup.exe")
        state = "getComputedStyle(document.querySelector('.uploads .state')).backgroundColor"
        assert (sum(int(part) for part in re.findall(r"\d+", chat.page.evaluate(state))[:3]) < 300) is dark
