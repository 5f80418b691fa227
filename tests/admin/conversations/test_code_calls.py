"""Code calls on the page of a run: code, output, pictures and files, for those who may read the messages."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from chat.actions.files import files
from chat.models import File, Message, Run, RunStep, Thread, User
from tests.admin.conversations.test_threads_and_runs import page_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
CODE = 'print("the secret of x is", 6 * 7)'
LOGS = "the secret of x is 42"


def store_file(owner: User, name: str, content: bytes) -> File:
    return files.create(owner, upload=SimpleUploadedFile(name, content))


def png() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (4, 3), "teal").save(drawn, "PNG")
    return drawn.getvalue()


def place_of(row: Run | Thread, file: File) -> str:
    return reverse(f"admin:chat_{row._meta.model_name}_file", args=[row.pk, file.id])


@pytest.fixture
def picture(ada: User) -> File:
    return store_file(ada, "image-1.png", png())


@pytest.fixture
def table(ada: User) -> File:
    return store_file(ada, "debts.csv", b"who,what\n")


@pytest.fixture
def step(run: Run, picture: File, table: File) -> RunStep:
    """Code that printed, drew and wrote."""
    code_call = {
        "input": CODE,
        "outputs": [{"type": "logs", "logs": LOGS}, {"type": "image", "image": {"file_id": picture.id}}],
        "status": "ok",
        "seconds": 0.42,
        "files": [{"name": "out/debts.csv", "file_id": table.id, "bytes": 9}],
        "note": "[The session was started anew.]",
    }
    called = {"id": "call_9", "type": "code_interpreter", "code_interpreter": code_call}
    return RunStep.objects.create(
        run=run, type="tool_calls", status="completed", details={"type": "tool_calls", "tool_calls": [called]}
    )


@pytest.fixture
def answer(run: Run, thread: Thread, picture: File, table: File) -> Message:
    """Shows the picture and links to the table."""
    message = Message.objects.get(run=run, role="assistant")
    message.content.insert(0, {"type": "image_file", "image_file": {"file_id": picture.id}})
    linked = {"type": "file_path", "text": "sandbox:/mnt/data/debts.csv", "file_path": {"file_id": table.id}}
    message.content[1]["text"]["annotations"].append(linked)
    message.save()
    return message


@pytest.fixture
def reader(make_staff: Callable[..., User], enter: Callable[[User], Client]) -> Client:
    return enter(make_staff("view_run", "view_thread", "read_messages", username="reader"))


@pytest.fixture
def looker(make_staff: Callable[..., User], enter: Callable[[User], Client]) -> Client:
    """Sees runs and threads, but not what is in them."""
    return enter(make_staff("view_run", "view_thread", username="looker"))


def plain(page: str) -> str:
    """The text of a page, without markup."""
    return html.unescape(re.sub(r"<[^>]+>", "", page))


class TestCode:
    def test_is_shown_in_colours_with_what_came_of_it(self, reader, run, step, picture, table) -> None:
        page = text_of(reader, page_of(run))
        assert '<span class="nb">print</span>' in page
        for words in (CODE, LOGS, "0.42 s", "ran", "out/debts.csv", "9\xa0bytes", "The session was started anew."):
            assert words in plain(page)
        assert f'<img src="{place_of(run, picture)}"' in page
        assert f'href="{place_of(run, table)}"' in page

    def test_is_kept_from_those_who_may_not_read(self, looker, run, step, picture, table) -> None:
        page = text_of(looker, page_of(run))
        for words in ("secret", LOGS, "debts", "started anew", picture.id, table.id):
            assert words not in page
        for words in ("code_interpreter", "0.42 s", "1 picture", "1 file"):
            assert words in plain(page)

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("waiting", "waits for a free place"),
            ("running", "runs"),
            ("error", "ended with an error"),
            ("interrupted", "was stopped"),
            ("died", "its session died"),
            ("refused", "did not run"),
        ],
    )
    def test_says_how_it_ended(self, status, words, reader, run, step) -> None:
        step.details["tool_calls"][0]["code_interpreter"] |= {"status": status, "seconds": None}
        step.save()
        assert words in text_of(reader, page_of(run))

    def test_can_be_what_an_older_run_kept(self, reader, run, step) -> None:
        """Without our own keys, as an import or another server may have it."""
        step.details["tool_calls"][0]["code_interpreter"] = {"input": CODE, "outputs": []}
        step.save()
        assert CODE in plain(text_of(reader, page_of(run)))

    def test_is_only_text(self, reader, run, step) -> None:
        evil = "<script>alert(1)</script>"
        code_call = step.details["tool_calls"][0]["code_interpreter"]
        code_call |= {"input": f'x = "{evil}" # {evil}', "note": evil}
        code_call["outputs"][0]["logs"] = evil
        code_call["files"][0]["name"] = evil
        step.save()
        page = text_of(reader, page_of(run))
        assert "<script>alert" not in page
        assert page.count("&lt;script&gt;alert") >= 4

    @pytest.mark.parametrize("code", ["x = 1 " + "+ 1 " * 1000, "# line\n" * 20_000], ids=["a long line", "long"])
    def test_that_is_very_long_is_shown_without_colours(self, code, reader, run, step) -> None:
        step.details["tool_calls"][0]["code_interpreter"]["input"] = code
        step.save()
        page = text_of(reader, page_of(run))
        assert html.escape(code) in page

    def test_says_that_what_it_made_is_gone(self, reader, run, step, picture, table) -> None:
        files.remove(picture)
        files.remove(table)
        page = text_of(reader, page_of(run))
        assert "A picture that is gone." in page
        assert "is gone" in page.partition("out/debts.csv")[2]
        assert "<img" not in page


class TestAThread:
    def test_shows_pictures_and_files_of_its_messages(self, reader, thread, answer, picture, table) -> None:
        page = text_of(reader, page_of(thread))
        assert f'<img src="{place_of(thread, picture)}"' in page
        assert f'href="{place_of(thread, table)}"' in page
        assert "1 picture" in page
        assert "1 file<" in page

    def test_only_counts_them_for_those_who_may_not_read(self, looker, thread, answer, picture, table) -> None:
        page = text_of(looker, page_of(thread))
        for words in ("debts", picture.id, table.id):
            assert words not in page
        assert "1 picture" in page
        assert "1 file<" in page

    def test_shows_what_was_attached(self, reader, thread, ada) -> None:
        diary = store_file(ada, "diary.txt", b"wet")
        question = Message.objects.get(thread=thread, role="user")
        question.attachments = [{"file_id": diary.id, "tools": [{"type": "code_interpreter"}]}]
        question.save()
        assert "diary.txt" in text_of(reader, page_of(thread))
        assert b"".join(reader.get(place_of(thread, diary))) == b"wet"


class TestAFile:
    @pytest.fixture(params=["run", "thread"])
    def row(self, request, run, thread, step, answer) -> Run | Thread:
        return {"run": run, "thread": thread}[request.param]

    def test_is_shown_or_saved(self, row, reader, picture, table) -> None:
        response = reader.get(place_of(row, picture))
        assert (response.status_code, response["Content-Type"], b"".join(response)) == (200, "image/png", png())
        assert response["Content-Disposition"].startswith("inline")
        saved = reader.get(place_of(row, table))
        assert (saved["Content-Type"], b"".join(saved)) == ("application/octet-stream", b"who,what\n")
        assert saved["Content-Disposition"].startswith("attachment")
        for answered in (response, saved):
            assert answered["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in answered["Content-Security-Policy"]

    def test_is_kept_from_those_who_may_not_read(self, row, looker, picture, table) -> None:
        for file in (picture, table):
            assert looker.get(place_of(row, file)).status_code == 403
        assert not LogEntry.objects.exists()

    def test_is_kept_from_those_who_may_not_see_the_page(self, row, make_staff, enter, picture) -> None:
        assert enter(make_staff("read_messages")).get(place_of(row, picture)).status_code == 403

    def test_is_nobody_else_s(self, row, reader, bob, step, answer) -> None:
        """Neither a file that the page does not name, nor one of somebody else that it names."""
        for owner in (bob, row.thread.owner if isinstance(row, Run) else row.owner):
            assert reader.get(place_of(row, store_file(owner, "other.png", png()))).status_code == 404
        foreign = store_file(bob, "foreign.png", png())
        step.details["tool_calls"][0]["code_interpreter"]["outputs"][1]["image"]["file_id"] = foreign.id
        step.save()
        answer.content[0]["image_file"]["file_id"] = foreign.id
        answer.save()
        assert reader.get(place_of(row, foreign)).status_code == 404
        assert foreign.id not in text_of(reader, page_of(row))

    def test_that_is_gone_is_not_found(self, row, reader, picture, table) -> None:
        picture.content.delete(save=False)
        assert reader.get(place_of(row, picture)).status_code == 404
        files.remove(table)
        assert reader.get(place_of(row, table)).status_code == 404

    def test_is_only_read(self, row, boss, enter, picture) -> None:
        assert enter(boss).post(place_of(row, picture)).status_code == 405

    def test_is_noted_once_a_visit(self, row, reader, picture, table) -> None:
        def noted() -> list[Any]:
            return list(LogEntry.objects.values_list("object_id", "user__username", "change_message"))

        for file in (picture, table, picture):
            b"".join(reader.get(place_of(row, file)))
        assert noted() == [(str(row.pk), "reader", "Read the messages.")]
        text_of(reader, page_of(row))
        b"".join(reader.get(place_of(row, picture)))
        assert len(noted()) == 2

    def test_of_ones_own_is_not_noted(self, row, ada, make_staff, enter, picture) -> None:
        ada.is_staff = ada.is_superuser = True
        ada.save()
        assert b"".join(enter(ada).get(place_of(row, picture))) == png()
        assert not LogEntry.objects.exists()
