from __future__ import annotations

import errno
import io
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from chat.actions import files
from chat.errors import InvalidRequest, NotFound, StorageFull, TooLarge
from chat.models import File, User


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
        ],
    )
    def test_is_what_its_bytes_say(self, ada: User, content: bytes, name: str, found: str) -> None:
        assert files.create(ada, upload=upload(content, name)).content_type == found

    def test_with_a_character_cut_at_the_end_of_what_is_looked_at_is_text_still(self, ada: User) -> None:
        content = b"a" * (files.LOOKED_AT - 1) + "é".encode() * 10
        assert files.create(ada, upload=upload(content)).content_type == "text/plain"

    @pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\passwd", "/etc/passwd"])
    def test_is_stored_under_a_name_of_our_own(self, ada: User, media: Path, name: str) -> None:
        row = files.create(ada, upload=upload(b"x", name))
        assert row.filename == "passwd"
        assert Path(row.content.path).is_relative_to(media / "files")
        assert row.id in row.content.name

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

    def test_takes_its_bytes_along_when_its_owner_is_deleted(
        self, bob: User, django_capture_on_commit_callbacks
    ) -> None:
        path = Path(files.create(bob, upload=upload(b"x")).content.path)
        assert path.exists()
        with django_capture_on_commit_callbacks(execute=True):
            bob.delete()
        assert not path.exists()
