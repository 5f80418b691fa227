"""The files of a store in the admin: upload, table, retry, passages, download, removal."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from chat.actions.knowledge import enqueue
from chat.models import File, Passage, VectorStore, VectorStoreFile
from tests.documents import samples

pytestmark = pytest.mark.django_db
Status = VectorStoreFile.Status
PDF = samples.pdf([samples.prose(["Thirty days of leave."])])


def address(page: str, store: VectorStore, *places: int) -> str:
    return reverse(f"admin:chat_vectorstore_{page}", args=[store.pk, *places])


def upload(client: Client, store: VectorStore, name: str, content: bytes) -> Any:
    return client.post(address("upload", store), {"file": SimpleUploadedFile(name, content)})


@pytest.fixture
def client(boss, enter, media) -> Client:
    return enter(boss)


class TestUploading:
    def test_keeps_each_file_for_the_owner_of_the_store_and_has_it_read(self, ada, client) -> None:
        store = VectorStore.objects.create(owner=ada, name="Ada's")
        assert upload(client, store, "leave.pdf", PDF).status_code == 201
        entry = store.entries.get()
        assert (entry.status, entry.attempt) == (Status.IN_PROGRESS, 1)
        assert (entry.file.owner, entry.file.filename, entry.file.purpose) == (ada, "leave.pdf", "assistants")
        with entry.file.content.open() as kept:
            assert kept.read() == PDF

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("setup.exe", b"MZ", "Files with extensions [.exe] are not supported"),
            ("README", b"text", "Files without an extension are not supported"),
            ("old.wps", b"text", "Save it as .docx"),
            ("empty.pdf", b"", "is empty"),
        ],
    )
    def test_says_why_a_file_is_refused_and_keeps_nothing(self, name, content, words, client, handbook) -> None:
        answer = upload(client, handbook, name, content)
        assert answer.status_code == 400
        assert answer["Content-Type"].startswith("text/plain")
        assert words in answer.content.decode()
        assert not File.objects.exists()

    def test_refuses_what_is_too_large(self, client, handbook, settings) -> None:
        settings.EVERTHREAD_MAX_UPLOAD_MB = 1
        answer = upload(client, handbook, "long.txt", b"word " * 300_000)
        assert answer.status_code == 413
        assert "at most 1 MB" in answer.content.decode()

    def test_keeps_no_file_that_the_store_has_no_room_for(self, client, handbook, monkeypatch, media) -> None:
        monkeypatch.setattr(enqueue, "MAX_FILES", 1)
        assert upload(client, handbook, "one.txt", b"one").status_code == 201
        assert "too many files" in upload(client, handbook, "two.txt", b"two").content.decode()
        assert [file.filename for file in File.objects.all()] == ["one.txt"]

    def test_wants_a_file(self, client, handbook) -> None:
        assert "Choose a file first." in client.post(address("upload", handbook)).content.decode()
        assert client.get(address("upload", handbook)).status_code == 405

    def test_into_a_store_that_expired_is_refused(self, client, handbook) -> None:
        VectorStore.objects.update(expires_after=1, last_active_at="2026-01-01T00:00:00Z")
        assert "has expired" in upload(client, handbook, "leave.pdf", PDF).content.decode()
        assert not File.objects.exists()
        assert 'id="upload"' not in client.get(address("change", handbook)).content.decode()

    def test_shows_a_name_only_as_text(self, client, handbook) -> None:
        upload(client, handbook, "<script>alert(1)<b>.txt", b"text")
        for page in ("change", "files", "history"):
            text = client.get(address(page, handbook)).content.decode()
            assert "<script>alert" not in text
            assert "<b>" not in text.partition('id="content"')[2]

    def test_is_noted_in_the_history(self, client, handbook) -> None:
        upload(client, handbook, "leave.pdf", PDF)
        assert "“leave.pdf”" in client.get(address("history", handbook)).content.decode()


class TestTheTable:
    def test_is_asked_for_again_only_while_a_file_is_being_read(self, client, handbook, fill) -> None:
        entry = fill(handbook, status=Status.IN_PROGRESS)
        VectorStoreFile.objects.update(progress=40, worker="w")
        page = client.get(address("files", handbook)).content.decode()
        assert "every 1s" in page
        assert '<progress max="100" value="40"' in page
        VectorStoreFile.objects.filter(pk=entry.pk).update(status=Status.COMPLETED)
        page = client.get(address("files", handbook)).content.decode()
        assert "every 1s" not in page
        assert '<span class="state state-completed">ready</span>' in page

    def test_brings_the_figures_along_when_all_is_read(self, client, handbook, fill) -> None:
        entry = fill(handbook, status=Status.IN_PROGRESS)
        assert 'id="figures"' not in client.get(address("files", handbook)).content.decode()
        VectorStoreFile.objects.filter(pk=entry.pk).update(status=Status.COMPLETED, usage_bytes=2048)
        page = client.get(address("files", handbook)).content.decode()
        assert re.search(r'id="figures" hx-swap-oob="true"', page)
        figures = dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd>([^<]+)</dd>", page.replace("\xa0", " ")))
        shown = {name: figures[name] for name in ("Files", "Passages", "Vectors", "Size of passages and vectors")}
        assert shown == {"Files": "1", "Passages": "2", "Vectors": "2", "Size of passages and vectors": "2.0 KB"}

    def test_tells_why_a_file_failed_and_what_to_know_of_others(self, client, handbook, fill) -> None:
        error = {"code": "invalid_file", "message": "The PDF is protected by a password."}
        fill(handbook, "", name="locked.pdf", status=Status.FAILED, last_error=error)
        fill(handbook, "", name="scan.pdf", notice="No text was found.")
        page = client.get(address("change", handbook)).content.decode()
        assert "The PDF is protected by a password." in page
        assert "No text was found." in page
        assert len(re.findall(r">\s*Try again\s*<", page)) == 1

    def test_can_be_narrowed_to_one_state_and_turned_page_by_page(self, client, handbook, fill) -> None:
        fill(handbook, "", name="locked.pdf", status=Status.FAILED, last_error={"message": "Locked."})
        files = [
            File(owner=handbook.owner, filename=f"{number}.txt", content_type="text/plain", bytes=5)
            for number in range(60)
        ]
        File.objects.bulk_create(files)
        VectorStoreFile.objects.bulk_create(
            VectorStoreFile(store=handbook, file=file, status=Status.COMPLETED) for file in files
        )
        page = client.get(address("change", handbook)).content.decode()
        assert "60 of 61 ready" in page
        assert page.count('<tr id="file-') == 50
        assert client.get(f"{address('change', handbook)}?p=2").content.decode().count('<tr id="file-') == 11
        failed = client.get(f"{address('change', handbook)}?status=failed").content.decode()
        assert failed.count('<tr id="file-') == 1
        assert "Locked." in failed


class TestRetrying:
    @pytest.fixture
    def failed(self, handbook, fill) -> VectorStoreFile:
        fields = {"status": Status.FAILED, "last_error": {"message": "Broken."}, "attributes": {"team": "hr"}}
        strategy = {"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50}}
        return fill(handbook, "", chunking_strategy=strategy, **fields)

    def test_has_the_file_read_as_it_was_to_be(self, client, handbook, failed) -> None:
        page = client.post(address("retry", handbook, failed.pk)).content.decode()
        assert "every 1s" in page
        again = VectorStoreFile.objects.get()
        assert (again.status, again.last_error, again.attempt) == (Status.IN_PROGRESS, None, 2)
        assert (again.attributes, again.chunking_strategy) == (failed.attributes, failed.chunking_strategy)

    def test_all_takes_all_that_failed(self, client, handbook, failed, fill) -> None:
        ready = fill(handbook)
        cancelled = fill(handbook, "", status=Status.CANCELLED)
        client.post(address("retry_all", handbook))
        failed.refresh_from_db()
        ready.refresh_from_db()
        cancelled.refresh_from_db()
        assert (failed.status, cancelled.status) == (Status.IN_PROGRESS, Status.IN_PROGRESS)
        assert (ready.status, ready.attempt) == (Status.COMPLETED, 1)

    def test_leaves_a_file_alone_that_is_ready(self, client, handbook, fill) -> None:
        ready = fill(handbook)
        client.post(address("retry", handbook, ready.pk))
        ready.refresh_from_db()
        assert ready.status == Status.COMPLETED


class TestRemoving:
    def test_takes_the_passages_along_and_the_file_if_asked(self, client, handbook, media) -> None:
        upload(client, handbook, "leave.txt", b"leave")
        entry = handbook.entries.get()
        path = media / entry.file.content.name
        assert path.exists()
        client.post(address("remove", handbook, entry.pk))
        assert File.objects.exists()
        VectorStoreFile.objects.create(store=handbook, file=entry.file)
        page = client.post(address("remove", handbook, handbook.entries.get().pk), {"with_file": "on"})
        assert "No files yet." in page.content.decode()
        assert not File.objects.exists()

    def test_leaves_a_file_that_something_else_uses(self, client, boss, handbook, fill) -> None:
        entry = fill(handbook)
        other = VectorStore.objects.create(owner=boss, name="Other")
        VectorStoreFile.objects.create(store=other, file=entry.file)
        client.post(address("remove", handbook, entry.pk), {"with_file": "on"})
        assert not handbook.entries.exists()
        assert not Passage.objects.exists()
        assert other.files.get() == entry.file

    def test_is_done_by_post_alone(self, client, handbook, fill) -> None:
        entry = fill(handbook)
        assert client.get(address("remove", handbook, entry.pk)).status_code == 405
        assert handbook.entries.exists()

    def test_needs_the_token_of_the_page(self, boss, handbook, fill) -> None:
        entry = fill(handbook)
        client = Client(enforce_csrf_checks=True)
        client.force_login(boss)
        for page, places in (("remove", (entry.pk,)), ("retry", (entry.pk,)), ("upload", ())):
            assert client.post(address(page, handbook, *places)).status_code == 403
        assert handbook.entries.exists()


class TestThePassages:
    def test_are_shown_as_they_were_cut(self, client, handbook, fill) -> None:
        entry = fill(handbook, "# Leave\nThirty days.\fThe canteen.", name="leave.pptx", attributes={"team": "hr"})
        text = "Thirty days of leave. All year."
        entry.passages.all().delete()
        for place, (begin, end, pages) in enumerate([(0, 21, (1, 1)), (15, 31, (1, 2))]):
            Passage.objects.create(
                entry=entry,
                place=place,
                text=text[begin:end],
                heading="Leave",
                page_from=pages[0],
                page_to=pages[1],
                char_from=begin,
                char_to=end,
                window_from=0,
                window_to=0,
            )
        page = client.get(address("passages", handbook, entry.pk)).content.decode()
        assert re.findall(r"<strong>(Passage \d)</strong>", page) == ["Passage 1", "Passage 2"]
        assert "<span>slide 1</span>" in page
        assert "<span>slides 1–2</span>" in page
        assert '<span class="again">leave.</span> All year.</pre>' in page
        assert "5 tokens" in page
        assert re.search(r"<dt>team</dt>\s*<dd>hr</dd>", page)

    def test_are_turned_page_by_page_and_found_by_their_place(self, client, handbook, fill) -> None:
        entry = fill(handbook, "\n\n".join(f"Paragraph {number}." for number in range(45)))
        page = client.get(address("passages", handbook, entry.pk)).content.decode()
        assert "Paragraph 19." in page
        assert "Paragraph 20." not in page
        page = client.get(f"{address('passages', handbook, entry.pk)}?passage=41").content.decode()
        assert 'id="passage-41"' in page

    def test_are_only_text(self, client, handbook, fill) -> None:
        entry = fill(handbook, "# <script>alert(1)</script>\n<img src=x onerror=alert(2)>")
        page = client.get(address("passages", handbook, entry.pk)).content.decode()
        assert "<script>alert" not in page
        assert "<img" not in page.partition('id="content"')[2]

    def test_of_a_file_of_another_store_are_not_there(self, client, boss, handbook, fill) -> None:
        entry = fill(VectorStore.objects.create(owner=boss, name="Other"))
        for page in ("passages", "download"):
            assert client.get(address(page, handbook, entry.pk)).status_code == 404
        for page in ("retry", "remove"):
            assert client.post(address(page, handbook, entry.pk)).status_code == 404


class TestDownloading:
    def test_saves_the_original_and_runs_nothing(self, client, handbook) -> None:
        upload(client, handbook, "page.html", b"<script>alert(1)</script>")
        answer = client.get(address("download", handbook, handbook.entries.get().pk))
        assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"
        assert answer["Content-Disposition"] == 'attachment; filename="page.html"'
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]

    def test_tells_when_the_bytes_are_lost(self, client, handbook, media) -> None:
        upload(client, handbook, "leave.pdf", PDF)
        entry = handbook.entries.get()
        (media / entry.file.content.name).unlink()
        answer = client.get(address("download", handbook, entry.pk))
        assert answer.status_code == 404
        assert answer.content.decode() == "The file is no longer stored."
