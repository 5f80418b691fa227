from __future__ import annotations

import errno
import io
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from chat.actions.conversation import sending
from chat.actions.files import files
from chat.actions.knowledge import vector_stores
from chat.errors import InvalidRequest, NotFound, StorageFull, TooLarge
from chat.models import Assistant, File, Message, Thread, User, VectorStoreFile
from chat.models.files import LOOKED_AT
from tests.actions.knowledge.stores import ids_of


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (2, 2)).save(out, "PNG")
    return out.getvalue()


def upload(content: bytes, name: str = "notes.txt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.mark.django_db
@pytest.mark.usefixtures("media")
class TestAFile:
    @pytest.mark.parametrize(
        ("content", "name", "found"),
        [
            (b"Hello", "picture.png", "text/plain"),
            ("Grüße, 世界".encode(), "notes.md", "text/plain"),
            (png(), "notes.txt", "image/png"),
            (b"%PDF-1.7\x00\xff\xfe\xfd" * 10, "paper.pdf", "application/pdf"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "x.svg", "text/plain"),
            (b"\x00" * 20, "zeros.txt", "application/octet-stream"),
            (png()[:-20] + b"\xff" * 20, "broken.png", "application/octet-stream"),
            (b"BM\xff\xfe\xfd" * 20, "drawing.bmp", "application/octet-stream"),
        ],
    )
    def test_is_what_its_bytes_say(self, ada: User, content: bytes, name: str, found: str) -> None:
        assert files.create(ada, upload=upload(content, name)).content_type == found

    def test_with_a_character_cut_at_the_end_of_what_is_looked_at_is_text_still(self, ada: User) -> None:
        content = b"a" * (LOOKED_AT - 1) + "é".encode() * 10
        assert files.create(ada, upload=upload(content)).content_type == "text/plain"

    @pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\passwd", "/etc/passwd"])
    def test_is_stored_under_a_name_of_our_own(self, ada: User, media: Path, name: str) -> None:
        row = files.create(ada, upload=upload(b"x", name))
        assert row.filename == "passwd"
        assert Path(row.content.path).is_relative_to(media / "files")
        assert row.id in row.content.name

    def test_that_is_a_huge_picture_is_not_taken_for_one(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("chat.models.files.MAX_PICTURE", len(png()) - 1)
        assert not files.create(ada, upload=upload(png(), "cat.png")).is_image

    def test_for_an_unknown_purpose_is_refused(self, ada: User) -> None:
        with pytest.raises(InvalidRequest, match="'fun' is not one of") as refused:
            files.create(ada, upload=upload(b"x"), purpose="fun")
        assert refused.value.param == "purpose"

    def test_that_is_empty_is_refused(self, ada: User) -> None:
        with pytest.raises(InvalidRequest, match="is empty"):
            files.create(ada, upload=upload(b""))

    def test_over_the_limit_is_refused(self, ada: User, settings) -> None:
        settings.EVERTHREAD_MAX_UPLOAD_MB = 1
        with pytest.raises(TooLarge, match="at most 1 MB"):
            files.create(ada, upload=upload(b"x" * (1024 * 1024 + 1)))

    def test_on_a_full_disk_is_refused_and_leaves_no_row(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*args: object, **options: object) -> str:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(FileSystemStorage, "_save", full)
        with pytest.raises(StorageFull, match="disk is full"):
            files.create(ada, upload=upload(b"x"))
        assert not File.objects.exists()

    def test_of_someone_else_looks_like_an_absent_one(self, ada: User, bob: User) -> None:
        theirs = files.create(bob, upload=upload(b"x"))
        with pytest.raises(NotFound) as foreign:
            files.get(ada, theirs.id)
        with pytest.raises(NotFound) as absent:
            files.get(ada, "file-absent")
        assert foreign.value.message.replace(theirs.id, "file-absent") == absent.value.message

    def test_that_has_expired_looks_like_an_absent_one(self, ada: User) -> None:
        file = files.create(ada, upload=upload(b"x"), expires_after=3600)
        assert files.get(ada, file.id) == file
        File.objects.update(expires_at=timezone.now())
        with pytest.raises(NotFound, match=f"No such File object: {file.id}"):
            files.get(ada, file.id)
        assert not files.of_user(ada)
        assert files.get_present(ada, [file.id]) == []

    def test_takes_its_bytes_along_when_its_owner_is_deleted(
        self, bob: User, django_capture_on_commit_callbacks
    ) -> None:
        path = Path(files.create(bob, upload=upload(b"x")).content.path)
        assert path.exists()
        with django_capture_on_commit_callbacks(execute=True):
            bob.delete()
        assert not path.exists()


def with_files(*file_ids: str) -> dict[str, object]:
    return {"code_interpreter": {"file_ids": list(file_ids)}, "file_search": {"vector_store_ids": ["vs_1"]}}


@pytest.mark.django_db
@pytest.mark.usefixtures("media")
class TestAFileThatIsDeleted:
    @pytest.fixture
    def file(self, ada: User) -> File:
        return files.create(ada, upload=upload(b"x"))

    def test_takes_its_bytes_along_once_that_is_certain(
        self, ada: User, file: File, django_capture_on_commit_callbacks
    ) -> None:
        path = Path(file.content.path)
        with django_capture_on_commit_callbacks(execute=True):
            files.delete(ada, file.id)
            assert path.exists()
        assert not path.exists()
        assert not File.objects.exists()

    def test_cannot_be_someone_elses(self, bob: User, file: File) -> None:
        for take_away in (files.delete, files.discard):
            with pytest.raises(NotFound, match=f"No such File object: {file.id}"):
                take_away(bob, file.id)
        assert File.objects.exists()

    def test_leaves_vector_stores(self, ada: User, file: File) -> None:
        (other,) = ids_of(ada, 1)
        vector_stores.create(ada, file_ids=[file.id, other])
        files.delete(ada, file.id)
        assert VectorStoreFile.objects.get().file_id == other

    def test_leaves_the_code_interpreter_of_its_owners_assistants_and_threads(
        self, ada: User, file: File, assistant: Assistant, thread: Thread
    ) -> None:
        for row in (assistant, thread):
            row.tool_resources = with_files("file-a", file.id, "file-b")
            row.save()
        unconcerned = Thread.objects.create(owner=ada, tool_resources={"code_interpreter": {"file_ids": ["file-a"]}})
        files.delete(ada, file.id)
        for row in (assistant, thread, unconcerned):
            row.refresh_from_db()
        assert assistant.tool_resources == thread.tool_resources == with_files("file-a", "file-b")
        assert unconcerned.tool_resources == {"code_interpreter": {"file_ids": ["file-a"]}}

    def test_is_named_by_messages_still(self, ada: User, file: File, thread: Thread) -> None:
        attachments = [{"file_id": file.id, "tools": [{"type": "code_interpreter"}]}]
        Message.objects.create(thread=thread, role="user", attachments=attachments)
        files.delete(ada, file.id)
        assert Message.objects.get().attachments == attachments


@pytest.mark.django_db
@pytest.mark.usefixtures("media")
class TestAFileThatIsDiscarded:
    @pytest.fixture
    def file(self, ada: User) -> File:
        return files.create(ada, upload=upload(png(), "cat.png"))

    def test_goes_when_nothing_uses_it(self, ada: User, file: File, thread: Thread) -> None:
        sending.send(
            thread.owner, thread.id, text="Look", files=[files.create(ada, upload=upload(b"x"))], client_key="a" * 32
        )
        files.discard(ada, file.id)
        assert not File.objects.filter(pk=file.pk).exists()

    def test_stays_when_it_was_sent(self, ada: User, file: File, thread: Thread) -> None:
        sending.send(thread.owner, thread.id, text="Look", files=[file], client_key="a" * 32)
        files.discard(ada, file.id)
        assert File.objects.get() == file

    def test_stays_when_it_waits_to_be_sent(self, ada: User, file: File, thread: Thread) -> None:
        sending.send(thread.owner, thread.id, text="Hello", client_key="a" * 32)
        assert sending.send(thread.owner, thread.id, text="Look", files=[file], client_key="b" * 32).queued
        files.discard(ada, file.id)
        assert File.objects.get() == file

    def test_stays_when_a_vector_store_has_it(self, ada: User) -> None:
        file = files.create(ada, upload=upload(b"x"))
        vector_stores.create(ada, file_ids=[file.id])
        files.discard(ada, file.id)
        assert File.objects.get() == file

    def test_stays_when_an_assistant_has_it(self, ada: User, file: File, assistant: Assistant) -> None:
        assistant.tool_resources = with_files(file.id)
        assistant.save()
        files.discard(ada, file.id)
        assert File.objects.get() == file
