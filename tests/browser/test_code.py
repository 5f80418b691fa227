"""Code, pictures and files in a browser, from a real sandbox."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.chat_page import ChatPage
from tests.browser.test_connection import NO_SOCKETS
from tests.browser.test_page import PHONE
from tests.live import LiveServer
from tests.sandbox.python import not_here

pytestmark = pytest.mark.browser
RUNS = 60_000  # milliseconds that code may take on a busy machine
CHART = """/python import matplotlib.pyplot as plt
import pandas as pd
frame = pd.DataFrame({"year": [2020, 2021], "value": [1, 2]})
frame.to_csv("/mnt/data/values.csv", index=False)
print(frame)
frame.plot(x="year", y="value")
plt.show()"""
LONG = "\n".join(f"number_{line} = {line}  # as many words as it takes" for line in range(70))
SLEEP = "/python import time\ntime.sleep(600)"
# Opens a thread's page after half of the code was written: what each card said, one after another.
CARDS = """
window.said = [];
document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  const words = [...document.querySelectorAll(".cell .words")].map((each) => each.textContent).join(", ");
  if (words && words !== said[said.length - 1]) said.push(words);
}).observe(document.body, { childList: true, subtree: true }));
"""


@pytest.fixture(scope="module")
def code_server(
    browser: Browser, sandbox_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """A server with a sandbox, whose assistants run code."""
    with LiveServer(tmp_path_factory.mktemp("code"), EVERTHREAD_SANDBOX="auto") as server:
        server.shell(
            "from chat.models import Assistant\n"
            "from chat.tools import declarations\n"
            "tools = declarations.normalised([{'type': 'code_interpreter'}, {'type': 'file_search'}])\n"
            "Assistant.objects.update(tools=tools)\n"
        )
        end = time.monotonic() + 60
        while not has_sandbox(server):
            if time.monotonic() > end:
                not_here((server.data_dir / "sandbox" / "state.json").read_text())
            time.sleep(0.2)
        yield server


def has_sandbox(server: LiveServer) -> bool:
    with urllib.request.urlopen(f"{server.url}/readyz", timeout=5) as response:
        return bool(json.load(response)["sandbox"])


@pytest.fixture
def chat(open_page, code_server: LiveServer) -> ChatPage:
    return open_page(code_server)


def cards(chat: ChatPage) -> Locator:
    return chat.page.locator(".cell")


def ends(chat: ChatPage, *, answers: int = 1) -> None:
    expect(chat.answers).to_have_count(answers, timeout=RUNS)
    chat.is_idle()


def content(chat: ChatPage) -> str:
    """All messages as they stand, but for the space between them."""
    return re.sub(r">\s+<", "><", chat.page.locator("#messages").inner_html()).strip()


class TestCode:
    def test_is_seen_as_it_is_written_and_run(self, chat):
        chat.page.add_init_script(CARDS)
        chat.begin(f"/python {LONG}\nimport time\ntime.sleep(3)\nprint(number_7 * 6)")
        code = cards(chat).locator("code")
        expect(code).to_contain_text("number_3 ")
        assert "number_69" not in code.inner_text()
        assert cards(chat).get_attribute("open") is not None
        expect(cards(chat).locator(".words")).to_have_text("Running Python…", timeout=RUNS)
        expect(code.locator(".mi").first).to_have_text("0")
        ends(chat)
        said = chat.page.evaluate("said")
        assert said == ["Writing Python…", "Running Python…", "Ran Python"]
        assert cards(chat).get_attribute("open") is None
        cards(chat).locator("summary").click()
        expect(cards(chat).locator(".output")).to_have_text("42")
        assert code.inner_text().startswith("number_0 = 0")
        chat.shows("42")

    def test_is_the_same_after_a_reload(self, chat):
        chat.begin("/pythons 1 / 0\n---\nprint('x' * 9000)\n---\nopen('/mnt/data/a.txt', 'w').write('a')")
        ends(chat)
        expect(cards(chat)).to_have_count(3)
        expect(cards(chat).first).to_contain_text("Ended with an error: ZeroDivisionError: division by zero")
        streamed = content(chat)
        chat.page.reload()
        assert content(chat) == streamed

    def test_goes_on_after_a_reload_while_it_is_written(self, chat):
        chat.begin(f"/python {LONG}\nprint('whole')")
        expect(cards(chat).locator("code")).to_contain_text("number_9 ")
        chat.page.reload()
        expect(cards(chat).locator("code")).to_contain_text("number_30 ")
        ends(chat)
        expect(cards(chat)).to_have_count(1)
        lines = cards(chat).locator("code").text_content().split("\n")
        assert len(lines) == 71

    def test_goes_on_when_the_connection_was_lost_while_it_is_written(self, chat):
        chat.begin(f"/python {LONG}\nprint('whole')")
        expect(cards(chat).locator("code")).to_contain_text("number_9 ")
        chat.page.context.set_offline(True)
        chat.page.wait_for_timeout(500)
        chat.page.context.set_offline(False)
        expect(cards(chat).locator("code")).to_contain_text("number_50 ", timeout=RUNS)
        text = cards(chat).locator("code").text_content()
        assert text.count("number_3 ") == 1
        ends(chat)
        assert len(cards(chat).locator("code").text_content().split("\n")) == 71

    def test_goes_on_in_a_second_tab(self, chat):
        chat.begin(SLEEP)
        expect(cards(chat).locator(".words")).to_have_text("Running Python…", timeout=RUNS)
        other = ChatPage(chat.page.context.new_page())
        other.page.goto(chat.page.url)
        expect(cards(other).locator(".words")).to_have_text("Running Python…")
        other.stop_button.click()
        for tab in (chat, other):
            tab.is_idle()
            expect(cards(tab).locator(".words")).to_have_text("Stopped")
            expect(tab.endings).to_have_count(1)

    def test_comes_without_sockets_too(self, chat):
        chat.page.context.add_init_script(NO_SOCKETS)
        chat.page.add_init_script(CARDS)
        chat.begin(f"{CHART}\nimport time\ntime.sleep(2.5)")
        ends(chat)
        assert chat.page.evaluate("said")[-2:] == ["Running Python…", "Ran Python"]
        expect(chat.page.locator(".answer .picture img")).to_be_visible()
        polled = content(chat)
        chat.page.reload()
        assert content(chat) == polled

    def test_of_several_calls_comes_in_order(self, chat):
        chat.begin("/pythons import time; time.sleep(1.5); a = 6\n---\nprint(a * 7)")
        expect(cards(chat).locator(".words")).to_have_text(["Running Python…", "Runs next"], timeout=RUNS)
        ends(chat)
        expect(cards(chat).locator(".words")).to_have_text(["Ran Python", "Ran Python"])
        expect(cards(chat).last.locator("pre").last).to_have_text("42")

    def test_is_stopped_by_escape(self, chat):
        chat.begin(SLEEP)
        expect(cards(chat).locator(".words")).to_have_text("Running Python…", timeout=RUNS)
        chat.text.press("Escape")
        chat.is_idle()
        expect(cards(chat).locator(".words")).to_have_text("Stopped")
        expect(chat.endings).to_contain_text("Stopped.")

    def test_stopped_while_it_is_written_looks_the_same_after_a_reload(self, chat):
        chat.begin(f"/python {LONG}")
        expect(cards(chat).locator("code")).to_contain_text("number_9 ")
        chat.text.press("Escape")
        chat.is_idle()
        stopped = content(chat)
        chat.page.reload()
        assert content(chat) == stopped


class TestACard:
    def test_stays_as_one_has_folded_it_and_keeps_the_focus(self, chat):
        chat.begin("/python import time\ntime.sleep(2)\nprint(1)")
        expect(cards(chat).locator(".words")).to_have_text("Running Python…", timeout=RUNS)
        summary = cards(chat).locator("summary")
        summary.focus()
        chat.page.keyboard.press("Enter")
        assert cards(chat).get_attribute("open") is None
        chat.page.keyboard.press("Enter")
        assert cards(chat).get_attribute("open") is not None
        ends(chat)
        expect(cards(chat).locator(".words")).to_have_text("Ran Python")
        assert cards(chat).get_attribute("open") is not None
        expect(summary).to_be_focused()

    def test_shows_a_long_output_whole_on_demand(self, chat):
        chat.begin("/python print('-' * 5000 + 'middle' + '-' * 5000)")
        ends(chat)
        cards(chat).locator("summary").click()
        output = cards(chat).locator(".output")
        expect(output).not_to_contain_text("middle")
        expect(output).to_contain_text("characters are not shown")
        output.get_by_role("button", name="Show all of it").click()
        expect(output).to_contain_text("middle")
        expect(output.locator("pre")).to_be_focused()

    def test_gives_its_code_to_be_copied(self, chat):
        chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        chat.begin("/python if True:\n    print('<b>')")
        ends(chat)
        cards(chat).locator("summary").click()
        cards(chat).get_by_role("button", name="Copy").click()
        expect(cards(chat).locator(".copy")).to_have_text("Copied")
        assert chat.page.evaluate("navigator.clipboard.readText()") == "if True:\n    print('<b>')"

    def test_lets_nothing_loose(self, chat):
        chat.begin(
            "/python name = '<img src=x onerror=alert(1)>.txt'\nopen('/mnt/data/' + name, 'w').write(name); print(name)"
        )
        ends(chat)
        expect(chat.page.locator(".made .name")).to_have_text("<img src=x onerror=alert(1)>.txt")
        assert chat.page.locator("img[src=x]").count() == 0


class TestAScreenReader:
    def test_hears_that_code_runs_and_has_run_but_nothing_of_it(self, chat):
        chat.ask("Hello")
        chat.page.evaluate(
            "window.heard = []; new MutationObserver(() => heard.push(document.getElementById('announce').textContent))"
            ".observe(document.getElementById('announce'), { childList: true })"
        )
        chat.write("/python import time\ntime.sleep(1)\nprint(1)")
        ends(chat, answers=2)
        expect(chat.page.locator("#announce")).to_have_text("The answer is complete.")
        heard = chat.page.evaluate("heard.filter(Boolean)")
        assert heard[0] == "The assistant is running Python."
        assert set(heard) <= {
            "The assistant is running Python.",
            "The code has run.",
            "The assistant is answering.",
            "The answer is complete.",
        }


class TestAPicture:
    def test_stands_before_the_text_and_is_enlarged_and_saved(self, chat):
        chat.begin(CHART)
        ends(chat)
        picture = chat.page.locator(".answer a.picture")
        expect(picture.locator("img")).to_have_attribute("alt", "Picture made by the code")
        assert picture.evaluate("link => link.querySelector('img').naturalWidth") > 300
        assert picture.bounding_box()["y"] < chat.answer.bounding_box()["y"]
        picture.focus()
        chat.page.keyboard.press("Enter")
        dialog = chat.page.locator("#picture")
        expect(dialog.locator("img")).to_be_visible()
        assert dialog.locator("img").bounding_box()["width"] > picture.bounding_box()["width"]
        with chat.page.expect_download() as download:
            dialog.get_by_role("link", name="Download").click()
        assert download.value.suggested_filename == "image-1.png"
        chat.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(picture).to_be_focused()
        expect(chat.run).not_to_have_attribute("data-live", re.compile("."))

    def test_that_was_attached_is_seen_and_worked_on(self, chat, tmp_path: Path):
        from PIL import Image

        Image.new("RGB", (321, 123), "teal").save(tmp_path / "teal.png")
        chat.new()
        chat.page.set_input_files("#upload", tmp_path / "teal.png")
        expect(chat.page.locator("#attachments input")).to_have_count(1)
        chat.write("/python from PIL import Image\nprint(Image.open('/mnt/data/teal.png').size)")
        ends(chat)
        chat.shows("(321, 123)")
        chat.questions.locator("a.picture").click()
        expect(chat.page.locator("#picture img")).to_be_visible()
        chat.page.mouse.click(3, 3)
        expect(chat.page.locator("#picture")).to_be_hidden()


class TestAFile:
    def test_that_code_made_is_linked_offered_and_saved_under_its_name(self, chat):
        chat.begin(CHART)
        ends(chat)
        link, chip = chat.answer.locator("a.made"), chat.answers.last.locator(".files.made a")
        expect(link).to_have_text("values.csv")
        expect(chip).to_have_count(1)
        for each in (link, chip):
            with chat.page.expect_download() as download:
                each.click()
            assert download.value.suggested_filename == "values.csv"
            assert Path(download.value.path()).read_text() == "year,value\n2020,1\n2021,2\n"

    def test_of_data_is_attached_and_read_by_code(self, chat, tmp_path: Path):
        (tmp_path / "data.tsv").write_text("a\tb\n1\t41\n")
        chat.new()
        assert ".tsv" in chat.page.locator("#upload").get_attribute("accept").split(",")
        chat.page.set_input_files("#upload", tmp_path / "data.tsv")
        expect(chat.page.locator("#attachments")).to_contain_text("will be read")
        chat.write("/python import pandas as pd\nprint(pd.read_table('/mnt/data/data.tsv').b[0] + 1)")
        ends(chat)
        chat.shows("42")
        expect(chat.questions.locator(".document")).to_contain_text("data.tsv")


class TestAPhone:
    def test_scrolls_wide_code_inside_its_card(self, open_page, code_server):
        phone = open_page(code_server, **PHONE, color_scheme="dark")
        phone.text.fill(f"{CHART}\nprint('{'wide ' * 60}')")
        phone.page.locator("#send").tap()
        phone.page.wait_for_url("**/threads/thread_*/")
        ends(phone)
        cards(phone).locator("summary").tap()
        expect(cards(phone).locator(".output")).to_be_visible()
        width = "[document.documentElement.scrollWidth, document.getElementById('scroller').scrollWidth]"
        assert phone.page.evaluate(width) == [390, 390]
        assert cards(phone).locator("pre").last.evaluate("box => box.scrollWidth > box.clientWidth")
        phone.page.locator(".answer a.picture").tap()
        expect(phone.page.locator("#picture").get_by_role("button", name="Close")).to_be_in_viewport(ratio=1)
        phone.page.locator("#picture").get_by_role("button", name="Close").tap()
        expect(phone.page.locator("#picture")).to_be_hidden()


class TestAnEmptyPage:
    def test_says_what_assistants_can_do(self, chat):
        chat.new()
        expect(chat.page.locator(".assistant").first).to_contain_text("Runs Python")
        expect(chat.page.locator(".assistant").first).to_contain_text("Searches files")
