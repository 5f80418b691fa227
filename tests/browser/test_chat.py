"""The chat page as a person uses it, from signing in to deleting a chat."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


class TestAnAnswer:
    def test_streams_and_ends_in_its_final_form(self, chat):
        chat.begin("/stream 40 8")
        expect(chat.page.locator(".message.open .tail")).to_contain_text("word3 ")
        chat.is_idle()
        assert chat.answer.inner_text().split() == [f"word{number}" for number in range(1, 41)]
        expect(chat.answers.last.locator(".usage")).to_contain_text("tokens")

    def test_is_drawn_as_markdown(self, chat):
        chat.ask("/markdown")
        expect(chat.answer.locator("table td").first).to_have_text("apple")
        expect(chat.answer.locator("math").first).to_be_visible()
        expect(chat.answer.locator("pre.highlight .k").first).to_have_text("def")

    def test_is_the_same_after_a_reload(self, chat):
        chat.ask("/markdown")
        streamed = chat.answer.inner_html()
        chat.page.reload()
        assert chat.answer.inner_html() == streamed

    def test_is_stopped_by_escape_and_keeps_what_was_said(self, chat):
        chat.begin("/slow 30")
        chat.shows("word2")
        chat.text.press("Escape")
        expect(chat.endings.last).to_contain_text("Stopped.")
        chat.is_idle()
        chat.shows("word2")
        expect(chat.text).to_be_focused()

    def test_is_stopped_by_the_button(self, chat):
        chat.begin("/slow 30")
        chat.shows("word1")
        chat.stop_button.click()
        expect(chat.endings.last).to_contain_text("Stopped.")
        expect(chat.stop_button).to_be_hidden()

    def test_goes_on_after_a_reload(self, chat):
        chat.begin("/stream 60 15")
        chat.shows("word5 ")
        chat.page.reload()
        chat.is_idle()
        assert chat.answer.inner_text().split() == [f"word{number}" for number in range(1, 61)]

    def test_is_in_step_in_a_second_tab(self, chat, open_page):
        chat.begin("/stream 40 20")
        other = type(chat)(chat.page.context.new_page())
        other.page.goto(chat.page.url)
        other.shows("word8 ")
        other.write("From the other tab")
        for tab in (chat, other):
            expect(tab.answers).to_have_count(2)
            tab.is_idle()
            expect(tab.questions).to_have_text([re.compile("/stream"), re.compile("From the other tab")])
            tab.shows("You said: From the other tab")

    def test_that_failed_can_be_tried_again(self, chat):
        chat.begin("/fail rate_limit 3")
        expect(chat.page.get_by_role("alert").filter(has_text="limits how often")).to_be_visible()
        chat.is_idle()
        chat.shows("word3")
        chat.page.reload()
        expect(chat.endings).to_have_count(1)
        chat.endings.get_by_role("button", name="Try again").click()
        expect(chat.endings).to_have_count(2)
        expect(chat.page.get_by_role("button", name="Try again")).to_have_count(1)

    def test_that_calls_a_function_shows_what_it_waits_for(self, chat, server):
        weather = "{'type': 'function', 'function': {'name': 'weather'}}"
        server.shell(f"from chat.models import Assistant\nAssistant.objects.update(tools=[{weather}])\n")
        chat.begin('/call weather {"city": "Oslo"}')
        expect(chat.run).to_contain_text("weather")
        expect(chat.run).to_contain_text('"city": "Oslo"')
        chat.page.reload()
        expect(chat.run).to_contain_text("weather")
        chat.stop_button.click()
        chat.is_idle()

    def test_is_copied_as_it_was_written_and_so_is_its_code(self, chat):
        chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        chat.ask("/markdown")
        chat.answer.locator(".code .copy").click()
        expect(chat.answer.locator(".code .copy")).to_have_text("Copied")
        assert chat.page.evaluate("navigator.clipboard.readText()").startswith("def fibonacci(n: int) -> int:\n")
        chat.answers.last.get_by_role("button", name="Copy", exact=True).last.click()
        expect(chat.answers.last.locator("[data-copy]")).to_contain_text("Copied")
        assert chat.page.evaluate("navigator.clipboard.readText()").startswith("# A heading\n")


class TestAMessage:
    def test_sent_while_an_answer_comes_waits_and_is_then_said(self, chat):
        chat.begin("/stream 60 8")
        chat.shows("word3 ")
        chat.write("And then?")
        expect(chat.waiting).to_contain_text("And then?")
        expect(chat.answers).to_have_count(2)
        chat.is_idle()
        expect(chat.waiting).to_have_count(0)
        expect(chat.questions).to_have_count(2)
        chat.shows("You said: And then?")

    def test_that_waits_can_be_taken_back(self, chat):
        chat.begin("/slow 30")
        chat.shows("word1")
        chat.write("On second thought")
        chat.waiting.get_by_role("button", name="Take back").click()
        expect(chat.waiting).to_have_count(0)
        expect(chat.text).to_have_value("On second thought")
        chat.text.press("Escape")
        chat.is_idle()
        expect(chat.questions).to_have_count(1)

    def test_has_lines_and_is_shown_as_it_was_written(self, chat):
        chat.new()
        chat.text.press_sequentially("<b>one</b>")
        chat.text.press("Shift+Enter")
        chat.text.press_sequentially("*two*")
        chat.text.press("Enter")
        expect(chat.questions.locator(".said")).to_have_text("<b>one</b>\n*two*")

    def test_that_is_not_sent_yet_survives_a_reload(self, chat):
        chat.new()
        chat.ask("Hello")
        chat.text.fill("a draft of this chat")
        chat.page.reload()
        expect(chat.text).to_have_value("a draft of this chat")
        chat.new()
        expect(chat.text).to_have_value("")
        chat.page.go_back()
        expect(chat.text).to_have_value("a draft of this chat")
        chat.text.press("Enter")
        chat.shows("You said: a draft of this chat")
        chat.page.reload()
        expect(chat.text).to_have_value("")

    def test_of_nothing_is_not_sent(self, chat):
        chat.new()
        chat.text.fill("   ")
        chat.text.press("Enter")
        expect(chat.page.locator(".problem")).to_have_count(0)
        assert chat.page.url.endswith("/")
        assert "/threads/" not in chat.page.url

    def test_takes_files_along(self, chat, tmp_path: Path):
        (tmp_path / "notes.txt").write_text("The meeting is on Thursday.")
        (tmp_path / "empty.txt").write_text("")
        chat.new()
        chat.page.set_input_files("#upload", [tmp_path / "notes.txt", tmp_path / "empty.txt"])
        expect(chat.page.locator("#attachments .chip.problem")).to_contain_text("is empty")
        expect(chat.page.locator("#attachments .chip:has(input)")).to_contain_text("notes.txt")
        chat.write("When?")
        expect(chat.questions.locator(".chip")).to_contain_text("notes.txt")
        with chat.page.expect_download() as download:
            chat.questions.locator(".chip").click()
        assert Path(download.value.path()).read_text() == "The meeting is on Thursday."

    def test_goes_without_a_file_that_was_removed_and_is_then_deleted(self, chat, tmp_path: Path):
        (tmp_path / "notes.txt").write_text("The meeting is on Thursday.")
        chat.new()
        chat.text.fill("When?")
        chat.page.set_input_files("#upload", tmp_path / "notes.txt")
        address = f"/files/{chat.page.locator('#attachments input').get_attribute('value')}/"
        assert chat.page.request.get(address).status == 200
        with chat.page.expect_response("**/discard/") as discarded:
            chat.page.locator("#attachments [data-remove]").click()
        assert discarded.value.status == 204
        assert "When?" not in (discarded.value.request.post_data or "")
        assert chat.page.request.get(address).status == 404
        expect(chat.page.locator("#attachments .chip")).to_have_count(0)
        chat.text.press("Enter")
        expect(chat.questions).to_have_count(1)
        expect(chat.questions.locator(".chip")).to_have_count(0)

    def test_that_the_server_does_not_take_is_kept(self, chat):
        chat.ask("Hello")
        chat.page.route("**/messages/", lambda route: route.abort())
        chat.write("do not lose this")
        expect(chat.page.locator("#problem")).to_contain_text("What you wrote is kept")
        expect(chat.text).to_have_value("do not lose this")
        chat.page.unroute("**/messages/")
        chat.text.press("Enter")
        chat.shows("You said: do not lose this")


class TestAChat:
    def test_begins_with_an_idea_of_the_chosen_assistant(self, chat):
        chat.new()
        chat.page.locator(".assistant", has_text="Math tutor").click()
        chat.page.get_by_role("button", name="Solve the equation 3x + 11 = 14.").click()
        expect(chat.text).to_have_value("Solve the equation 3x + 11 = 14.")
        chat.text.press("Enter")
        expect(chat.page.locator(".top select option:checked")).to_have_text("Math tutor")
        expect(chat.answers.last.locator(".who")).to_contain_text("Math tutor")

    def test_is_renamed_everywhere(self, chat):
        chat.ask("A name to be changed")
        chat.choose("Rename")
        chat.page.fill("#new-title", "A better name")
        chat.page.press("#new-title", "Enter")
        expect(chat.page.locator("#title")).to_have_text("A better name")
        expect(chat.listed("A better name")).to_have_count(1)
        expect(chat.page).to_have_title("A better name · Everthread")

    def test_is_deleted_only_after_a_question(self, chat):
        chat.ask("To be deleted")
        address = chat.page.url
        chat.choose("Delete")
        chat.page.get_by_role("button", name="Cancel").locator("visible=true").click()
        chat.choose("Delete")
        chat.page.locator("#delete").get_by_role("button", name="Delete").click()
        chat.page.wait_for_url(lambda url: "/threads/" not in url)
        expect(chat.listed("To be deleted")).to_have_count(0)
        assert chat.page.goto(address).status == 404
        expect(chat.page.locator("h1")).to_have_text("Not found")

    def test_is_archived_found_there_and_taken_out(self, chat):
        chat.ask("Into the archive")
        chat.choose("Archive")
        chat.page.wait_for_url(lambda url: "/threads/" not in url)
        expect(chat.listed("Into the archive")).to_have_count(0)
        chat.page.locator("label.switch").click()
        chat.listed("Into the archive").click()
        chat.page.get_by_role("button", name="Take it out").click()
        chat.page.wait_for_load_state()
        expect(chat.listed("Into the archive")).to_have_count(1)

    def test_is_found_as_one_types(self, chat):
        chat.ask("A needle in the haystack")
        chat.ask("The word is zebra42")
        chat.new()
        chat.page.locator("#search").press_sequentially("zebra42")
        expect(chat.page.locator("#threads li")).to_have_count(1)
        chat.page.locator("#search").fill("nothing has this")
        expect(chat.page.locator("#threads")).to_contain_text("No chat has")

    def test_deleted_in_another_tab_says_so(self, chat):
        chat.ask("Gone soon")
        other = type(chat)(chat.page.context.new_page())
        other.page.goto(chat.page.url)
        other.choose("Delete")
        other.page.locator("#delete").get_by_role("button", name="Delete").click()
        expect(chat.page.locator("#connection")).to_contain_text("This chat was deleted.")

    def test_brings_earlier_messages_and_keeps_the_place(self, chat, server):
        chat.ask("A long one")
        id = re.search(r"thread_\w+", chat.page.url)[0]
        server.shell(
            "from chat.models import Message, Thread\n"
            "from chat.models.threads import text_part\n"
            f"thread = Thread.objects.get(id='{id}')\n"
            "for number in range(70):\n"
            "    content = [text_part(f'line {number:02}')]\n"
            "    Message.objects.create(thread=thread, role='user', content=content)\n"
        )
        chat.page.reload()
        expect(chat.questions).to_have_count(30)
        top = chat.page.get_by_text("line 40")
        top.scroll_into_view_if_needed()
        before = top.bounding_box()["y"]
        chat.page.get_by_role("button", name="Show earlier messages").click()
        expect(chat.page.get_by_text("line 10")).to_be_attached()
        expect(top).to_be_in_viewport()
        assert abs(top.bounding_box()["y"] - before) < 80


class TestSigningOut:
    def test_ends_other_tabs_too(self, chat):
        chat.ask("Private words")
        other = type(chat)(chat.page.context.new_page())
        other.page.goto(chat.page.url)
        other.is_connected()
        chat.page.click("summary.person")
        chat.page.get_by_role("button", name="Sign out").click()
        expect(chat.page.locator("input[name=password]")).to_be_visible()
        expect(other.page.locator("input[name=password]")).to_be_visible()
        expect(other.page.get_by_text("Private words")).to_have_count(0)


class TestTheList:
    def test_goes_on_when_one_scrolls_to_its_end(self, open_page, own_server):
        own_server.shell(
            "from chat.models import Thread, User\n"
            "ada = User.objects.get()\n"
            "for number in range(100): Thread.objects.create(owner=ada, title=f'Chat {number}')\n"
        )
        chat = open_page(own_server)
        items = chat.page.locator("#threads li")
        expect(items).to_have_count(40)
        for count in (80, 100):
            items.last.scroll_into_view_if_needed()
            chat.page.locator("#threads").evaluate("element => { element.scrollTop = element.scrollHeight }")
            expect(items).to_have_count(count)


class TestAPicture:
    def test_is_pasted_and_shown(self, chat):
        chat.ask("Hello")
        chat.page.evaluate(
            "(async () => { const canvas = document.createElement('canvas'); canvas.width = canvas.height = 40;"
            " const blob = await new Promise(done => canvas.toBlob(done));"
            " const clipboardData = new DataTransfer();"
            " clipboardData.items.add(new File([blob], 'drawn.png', { type: 'image/png' }));"
            " document.getElementById('text').dispatchEvent("
            "   new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })); })()"
        )
        expect(chat.page.locator("#attachments img")).to_have_count(1)
        chat.write("Look at this")
        expect(chat.questions.last.locator("img[alt='drawn.png']")).to_be_visible()
        chat.until("document.querySelector(\"img[alt='drawn.png']\").naturalWidth === 40")
