"""Files as knowledge, in a browser: attached, read, cited, looked up."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.test_connection import NO_SOCKETS
from tests.browser.test_page import PHONE
from tests.documents import samples

pytestmark = pytest.mark.browser
READ = 60_000  # milliseconds that a file may take to be read on a busy machine
PAGES = {
    "Brewing": [
        "Brewing",
        "Put a filter into the basket and add one spoon of ground coffee a cup.",
        "A pot for four cups takes six minutes.",
    ],
    "Descaling": [
        "Descaling",
        "Lime gathers in the heater of every coffee machine.",
        "Dissolve two spoons of citric acid in one litre of water.",
        "Never use vinegar: it eats the seals.",
    ],
}
SLIDES = [("Prices", "The machine costs 129 euros.", ""), ("Spare parts", "The tank seal AX-77 costs 4 euros.", "")]
# Whatever an answer shows, even for a moment.
WATCH = """
window.seen = [];
document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  for (const answer of document.querySelectorAll(".answer .prose")) seen.push(answer.textContent);
}).observe(document.body, { childList: true, subtree: true, characterData: true }));
"""
DROP = """([name, text]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name, { type: "text/plain" }));
  const place = document.getElementById("scroller");
  const details = { dataTransfer, bubbles: true, cancelable: true };
  for (const type of ["dragover", "drop"]) place.dispatchEvent(new DragEvent(type, details));
}"""


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    path = tmp_path / "handbook.pdf"
    pages = [samples.prose(lines) for lines in PAGES.values()]
    path.write_bytes(samples.pdf(pages, bookmarks=[(title, page) for page, title in enumerate(PAGES)]))
    return path


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "prices.pptx"
    path.write_bytes(samples.slides(SLIDES))
    return path


@pytest.fixture
def ask(handbook: Path, prices: Path) -> Callable[..., None]:
    """Attach both files in a new chat and search in them; wait for the cited answer."""

    def ask(chat, question: str = "/search How much citric acid, and what does the seal cost?") -> None:
        chat.new()
        chat.page.set_input_files("#upload", [handbook, prices])
        expect(chat.page.locator("#attachments input")).to_have_count(2)
        chat.text.fill(question)
        chat.page.locator("#send").click()
        expect(chat.answers).to_have_count(1, timeout=READ)
        chat.is_idle()

    return ask


class TestAFile:
    def test_shows_its_progress_while_one_goes_on_typing(self, chat, tmp_path: Path):
        (tmp_path / "large.txt").write_text("word " * 80_000)
        (tmp_path / "small.txt").write_text("word")
        chat.new()
        slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 150_000}
        chat.page.context.new_cdp_session(chat.page).send("Network.emulateNetworkConditions", slow)
        chat.page.set_input_files("#upload", [tmp_path / "large.txt", tmp_path / "small.txt"])
        bar = chat.page.locator(".uploading", has_text="large.txt").locator("progress")
        chat.text.press_sequentially("What is in it?")
        chat.until("[...document.querySelectorAll('.uploading progress')].some(bar => bar.value > 0 && bar.value < 1)")
        chat.text.press("Enter")
        expect(chat.page.locator("#problem")).to_contain_text("still being uploaded")
        expect(chat.text).to_have_value("What is in it?")
        expect(bar).to_have_count(0)
        expect(chat.page.locator("#attachments .chip")).to_have_text([re.compile("large.txt"), re.compile("small.txt")])
        expect(chat.page.locator("#attachments .chip").first).to_contain_text("will be read")

    def test_is_dropped_anywhere_and_several_at_once(self, chat):
        chat.new()
        for name in ("one.md", "two.md"):
            chat.page.evaluate(DROP, [name, f"# {name}"])
        expect(chat.page.locator("#attachments input")).to_have_count(2)
        expect(chat.page.locator("#attachments")).to_contain_text("two.md")

    def test_can_be_taken_off_while_it_is_uploaded(self, chat, tmp_path: Path):
        (tmp_path / "slow.txt").write_text("word")
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        chat.new()
        chat.page.route("**/files/", hold)
        chat.page.set_input_files("#upload", tmp_path / "slow.txt")
        with chat.page.expect_event("requestfailed") as failed:
            chat.page.get_by_role("button", name="Cancel the upload").click()
        assert failed.value.url.endswith("/files/")
        expect(chat.page.locator("#attachments .chip")).to_have_count(0)

    def test_that_did_not_arrive_says_so_and_keeps_nobody_from_sending(self, chat, tmp_path: Path):
        (tmp_path / "lost.txt").write_text("word")
        chat.new()
        chat.page.route("**/files/", lambda route: route.abort())
        chat.page.set_input_files("#upload", tmp_path / "lost.txt")
        expect(chat.page.locator("#attachments .problem")).to_contain_text("could not be uploaded")
        chat.ask("Hello")
        expect(chat.questions.locator(".chip")).to_have_count(0)

    def test_that_cannot_be_read_is_refused_at_once(self, chat, tmp_path: Path):
        (tmp_path / "program.exe").write_bytes(b"MZ\x00\xff")
        chat.new()
        chat.page.set_input_files("#upload", tmp_path / "program.exe")
        expect(chat.page.locator("#attachments .problem")).to_contain_text("“program.exe” cannot be attached.")
        expect(chat.page.locator("#attachments input")).to_have_count(0)

    def test_is_followed_until_it_is_ready_or_has_failed(self, chat, handbook: Path, tmp_path: Path):
        (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 no more of it")
        chat.new()
        chat.page.set_input_files("#upload", [handbook, tmp_path / "broken.pdf"])
        expect(chat.page.locator("#attachments input")).to_have_count(2)
        chat.write("Hello")
        states = chat.questions.locator(".reading")
        expect(states.first).to_contain_text("ready", timeout=READ)
        expect(states.last).to_contain_text("could not be read", timeout=READ)
        expect(states.last).to_contain_text("broken")
        expect(chat.page.locator("[hx-trigger='every 1s']")).to_have_count(0)
        expect(chat.answers).to_have_count(1, timeout=READ)
        chat.page.reload()
        expect(states.first).to_contain_text("ready")


class TestAnAnswerFromFiles:
    def test_has_chips_and_sources_and_never_shows_a_marker(self, chat, ask):
        chat.page.add_init_script(WATCH)
        ask(chat)
        chips = chat.answer.locator(".cite")
        expect(chips).to_have_text(["1", "2"])
        sources = chat.answers.last.locator(".sources button")
        expect(sources).to_have_count(2)
        expect(sources.filter(has_text="handbook.pdf")).to_contain_text("page 2 · Descaling")
        expect(sources.filter(has_text="prices.pptx")).to_contain_text("slide 2")
        seen = chat.page.evaluate("seen")
        assert any("[1]" in text for text in seen), "the open end has shown no number"
        assert not any("【" in text or "†" in text or "】" in text for text in seen)
        streamed = chat.answers.last.inner_html()
        chat.page.reload()
        assert chat.answers.last.inner_html() == streamed

    def test_has_chips_that_no_line_ends_in(self, chat, ask):
        ask(chat)
        pieces = chat.answer.evaluate(
            """answer => {
                const chip = answer.querySelector(".cite");
                chip.closest("p").replaceChildren("It hangs behind the door. ", chip);
                const counts = new Set();
                for (let width = 120; width < 420; width += 1) {
                    answer.style.width = `${width}px`;
                    counts.add(chip.getClientRects().length);
                }
                return [...counts];
            }"""
        )
        assert pieces == [1]

    def test_tells_what_was_searched_and_found(self, chat, ask):
        ask(chat)
        search = chat.answers.last.locator(".searched")
        expect(search.locator("summary")).to_contain_text("Searched 2 files for")
        expect(search.locator("table")).to_be_hidden()
        search.locator("summary").click()
        expect(search.locator("tr", has_text="handbook.pdf")).to_contain_text(re.compile(r"page 2\s*0\.\d\d"))

    def test_comes_with_chips_without_sockets_too(self, chat, ask):
        chat.page.context.add_init_script(NO_SOCKETS)
        chat.page.add_init_script(WATCH)
        ask(chat)
        expect(chat.answer.locator(".cite")).to_have_text(["1", "2"])
        assert not any("†" in text for text in chat.page.evaluate("seen"))

    def test_is_copied_with_numbers_and_what_they_mean(self, chat, ask):
        chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        ask(chat)
        chat.answers.last.get_by_role("button", name="Copy", exact=True).last.click()
        expect(chat.answers.last.locator("[data-copy]")).to_contain_text("Copied")
        copied = chat.page.evaluate("navigator.clipboard.readText()")
        assert "[1] " in copied
        assert re.search(r"\n\[\d\] handbook\.pdf, page 2\n", copied)
        assert "†" not in copied


class TestThePreview:
    def test_shows_the_passage_highlighted_and_gives_the_focus_back(self, chat, ask, handbook: Path):
        ask(chat)
        dialog = chat.page.locator("#source")
        chip = chat.answer.get_by_role("button", name=re.compile(r"Source \d: handbook.pdf, page 2"))
        chip.focus()
        chat.page.keyboard.press("Enter")
        expect(dialog.get_by_role("heading", name="handbook.pdf")).to_be_visible()
        expect(dialog.locator("mark")).to_be_in_viewport()
        expect(dialog.locator("mark")).to_contain_text("two spoons of citric acid")
        expect(dialog.locator(".excerpt")).not_to_contain_text("Put a filter")
        expect(dialog.get_by_role("button", name="Close")).to_be_focused()
        with chat.page.expect_download() as download:
            dialog.get_by_role("link", name="Download the original").click()
        assert Path(download.value.path()).read_bytes() == handbook.read_bytes()
        chat.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(chip).to_be_focused()

    def test_goes_from_source_to_source(self, chat, ask):
        ask(chat)
        dialog = chat.page.locator("#source")
        chat.answers.last.locator(".sources button").first.click()
        expect(dialog).to_contain_text("1 of 2")
        first = dialog.locator("h2").inner_text()
        dialog.get_by_role("button", name="Next source").click()
        expect(dialog).to_contain_text("2 of 2")
        expect(dialog.get_by_role("button", name="Next source")).to_be_disabled()
        assert dialog.evaluate("element => element.contains(document.activeElement)")
        dialog.get_by_role("button", name="Previous source").click()
        expect(dialog.locator("h2")).to_have_text(first)
        chat.page.mouse.click(5, 400)
        expect(dialog).to_be_hidden()

    def test_says_that_the_file_is_gone(self, chat, ask, server):
        ask(chat)
        id = re.search(r"thread_\w+", chat.page.url)[0]
        server.shell(
            "from chat.models import File, VectorStoreFile, Thread\n"
            f"stores = Thread.objects.get(id='{id}').tool_resources['file_search']['vector_store_ids']\n"
            "for entry in VectorStoreFile.objects.filter(store__id__in=stores): entry.file.delete()\n"
        )
        chat.answer.locator(".cite").first.click()
        expect(chat.page.locator("#source")).to_contain_text("was deleted")
        expect(chat.page.locator("#source mark")).to_have_count(0)
        expect(chat.page.get_by_role("link", name="Download the original")).to_have_count(0)

    def test_fits_a_phone_in_the_dark(self, open_page, server, ask):
        phone = open_page(server, **PHONE, color_scheme="dark")
        ask(phone)
        phone.answer.locator(".cite").first.tap()
        dialog = phone.page.locator("#source")
        expect(dialog.locator("mark")).to_be_in_viewport()
        box = dialog.bounding_box()
        assert (box["x"], box["width"], box["y"] + box["height"]) == (0, 390, 844)
        expect(dialog.get_by_role("link", name="Download the original")).to_be_in_viewport(ratio=1)
        assert phone.page.evaluate("document.documentElement.scrollWidth") == 390
        dialog.get_by_role("button", name="Close").tap()
        expect(dialog).to_be_hidden()
