from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from chat.actions import expiry_sweep
from chat.actions.files import files, uploads
from chat.errors import InvalidRequest, NotFound, StorageFull, TooLarge
from chat.models import File, KeptReply, Upload, UploadPart, User
from chat.models.api_objects.file_objects import upload_object
from tests.models.racing import race, raised

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000 1f15c4890000000d49444154789c6360606060000000050001a5"
    "f645400000000049454e44ae426082"
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]


def begin(user: User, size: int = 10) -> Upload:
    return uploads.create(user, filename="a.txt", bytes=size, purpose="assistants", mime_type="text/plain")


def add(upload: Upload, data: bytes) -> str:
    return uploads.add_part(upload.owner, upload.id, data=SimpleUploadedFile("upload", data)).id


def stored(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file()]


def end_hour(upload: Upload) -> None:
    upload.expires_at = timezone.now()
    upload.save()


@pytest.fixture
def upload(ada: User) -> Upload:
    """One of ten bytes."""
    return begin(ada)


class TestAnUpload:
    def test_leaves_no_parts_when_it_is_completed(
        self, ada: User, upload: Upload, media: Path, django_capture_on_commit_callbacks
    ) -> None:
        first, _unused, last = add(upload, b"Hello"), add(upload, b"oops"), add(upload, b"world")
        with django_capture_on_commit_callbacks(execute=True):
            done = uploads.complete(ada, upload.id, part_ids=[first, last])
        assert done.file
        assert [path.read_bytes() for path in stored(media)] == [b"Helloworld"]
        assert not UploadPart.objects.exists()

    def test_leaves_no_parts_when_it_is_cancelled(
        self, ada: User, upload: Upload, media: Path, django_capture_on_commit_callbacks
    ) -> None:
        add(upload, b"Hello")
        with django_capture_on_commit_callbacks(execute=True):
            assert uploads.cancel(ada, upload.id).status == "cancelled"
        assert stored(media) == []
        assert not UploadPart.objects.exists()

    def test_becomes_what_its_bytes_say(self, ada: User) -> None:
        upload = begin(ada, len(PNG))
        part_ids = [add(upload, PNG[:20]), add(upload, PNG[20:])]
        file = uploads.complete(ada, upload.id, part_ids=part_ids).file
        assert file
        assert file.content_type == "image/png"
        assert files.get(ada, file.id).owner == ada

    def test_shows_no_file_when_that_is_gone(self, ada: User, upload: Upload) -> None:
        uploads.complete(ada, upload.id, part_ids=[add(upload, b"Helloworld")])
        File.objects.get().delete()
        shown = upload_object(Upload.objects.get())
        assert (shown["status"], "file" in shown) == ("completed", False)

    def test_whose_parts_are_too_few_can_still_be_completed(self, ada: User, upload: Upload, media: Path) -> None:
        first = add(upload, b"Hello")
        with pytest.raises(InvalidRequest, match="The parts have 5 bytes together, but 10 were announced"):
            uploads.complete(ada, upload.id, part_ids=[first])
        assert uploads.complete(ada, upload.id, part_ids=[first, add(upload, b"world")]).status == "completed"

    def test_whose_md5_is_another_can_still_be_completed(self, ada: User, upload: Upload, media: Path) -> None:
        part_id = add(upload, b"Helloworld")
        right, wrong = (hashlib.md5(data).hexdigest() for data in (b"Helloworld", b"Hello"))
        with pytest.raises(InvalidRequest, match=f"is '{right}', not '{wrong}'"):
            uploads.complete(ada, upload.id, part_ids=[part_id], md5=wrong)
        assert len(stored(media)) == 1
        assert uploads.complete(ada, upload.id, part_ids=[part_id], md5=right).status == "completed"

    def test_does_not_take_parts_of_another(self, ada: User, upload: Upload) -> None:
        other = add(begin(ada), b"Helloworld")
        for part_id in (other, "part_absent"):
            with pytest.raises(
                InvalidRequest, match=f"^Invalid 'part_ids': upload '{upload.id}' has no part '{part_id}'"
            ):
                uploads.complete(ada, upload.id, part_ids=[part_id])

    def test_does_not_take_a_part_twice(self, ada: User, upload: Upload) -> None:
        part_id = add(upload, b"Hello")
        with pytest.raises(InvalidRequest, match="listed twice"):
            uploads.complete(ada, upload.id, part_ids=[part_id, part_id])

    def test_that_is_cancelled_while_it_is_completed_gets_no_file(
        self,
        ada: User,
        upload: Upload,
        media: Path,
        django_capture_on_commit_callbacks,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        part_ids = [add(upload, b"Hello"), add(upload, b"world")]
        chunks = uploads.Joined.chunks

        def interrupted(self: uploads.Joined, chunk_size: int | None = None) -> Iterator[bytes]:
            for number, block in enumerate(chunks(self, chunk_size)):
                yield block
                if number == 0:
                    with django_capture_on_commit_callbacks(execute=True):
                        uploads.cancel(ada, upload.id)

        monkeypatch.setattr(uploads.Joined, "chunks", interrupted)
        with pytest.raises(InvalidRequest, match="with status 'cancelled'"):
            uploads.complete(ada, upload.id, part_ids=part_ids)
        assert stored(media) == []
        assert not File.objects.exists()

    def test_on_a_full_disk_is_refused_and_can_be_completed_later(
        self, ada: User, upload: Upload, media: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        part_id = add(upload, b"Helloworld")

        def full(self: uploads.Joined, chunk_size: int | None = None) -> Iterator[bytes]:
            yield b"Hel"
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(uploads.Joined, "chunks", full)
            with pytest.raises(StorageFull):
                uploads.complete(ada, upload.id, part_ids=[part_id])
        assert [path.read_bytes() for path in stored(media)] == [b"Helloworld"]
        assert uploads.complete(ada, upload.id, part_ids=[part_id]).status == "completed"

    def test_may_have_sixteen_times_what_one_request_may(self, ada: User, settings) -> None:
        settings.EVERTHREAD_MAX_UPLOAD_MB = 2
        assert begin(ada, 32 * 1024 * 1024)
        with pytest.raises(InvalidRequest, match="a value <= 33554432"):
            begin(ada, 32 * 1024 * 1024 + 1)

    @pytest.mark.parametrize("megabytes", [512, 100_000])
    def test_may_never_have_more_than_8_gb(self, ada: User, settings, megabytes: int) -> None:
        settings.EVERTHREAD_MAX_UPLOAD_MB = megabytes
        assert begin(ada, 8 * 1024**3)
        with pytest.raises(InvalidRequest, match="a value <= 8589934592"):
            begin(ada, 8 * 1024**3 + 1)

    def test_has_a_name_that_is_only_shown(self, ada: User) -> None:
        upload = uploads.create(ada, filename="../../etc/passwd", bytes=1, purpose="batch", mime_type="")
        assert upload.filename == "passwd"

    def test_of_someone_else_looks_like_an_absent_one(self, bob: User, upload: Upload) -> None:
        with pytest.raises(NotFound, match=f"^No such Upload object: {upload.id}$"):
            uploads.get(bob, upload.id)
        with pytest.raises(NotFound, match="No such Upload object: upload_absent"):
            uploads.get(bob, "upload_absent")


@pytest.mark.django_db(transaction=True)
class TestAnUploadThatIsCompletedSeveralTimesAtOnce:
    def test_becomes_one_file(self, ada: User, media: Path) -> None:
        upload = begin(ada)
        part_ids = [add(upload, b"Hello"), add(upload, b"world")]
        results = race(*[lambda: uploads.complete(ada, upload.id, part_ids=part_ids)] * 4)
        assert [type(error) for error in raised(results)] == [InvalidRequest] * 3
        assert [path.read_bytes() for path in stored(media)] == [b"Helloworld"]
        assert Upload.objects.get().file == File.objects.get()


class TestAPart:
    def test_of_more_than_64_mb_is_refused_whatever_the_setting(
        self, upload: Upload, settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.EVERTHREAD_MAX_UPLOAD_MB = 512
        assert uploads.max_part() == 64 * 1024 * 1024
        monkeypatch.setattr(uploads, "MAX_PART", 4)
        with pytest.raises(TooLarge, match="5 bytes, and at most 4"):
            add(upload, b"Hello")

    def test_that_makes_all_parts_too_large_is_refused_and_not_kept(
        self, upload: Upload, media: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(uploads, "MAX_UPLOAD", 12)
        add(upload, b"Helloworld")
        with pytest.raises(TooLarge, match="at most 12 bytes"):
            add(upload, b"!!!")
        assert len(stored(media)) == UploadPart.objects.count() == 1

    def test_on_a_full_disk_is_refused_and_leaves_no_row(self, upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*args: object, **options: object) -> str:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(FileSystemStorage, "_save", full)
        with pytest.raises(StorageFull):
            add(upload, b"Hello")
        assert not UploadPart.objects.exists()


class TestAnUploadWhoseHourIsOver:
    def test_takes_nothing_more_even_before_it_is_swept(self, ada: User, upload: Upload) -> None:
        part_id = add(upload, b"Helloworld")
        end_hour(upload)
        with pytest.raises(InvalidRequest, match=r"^Cannot add a part to upload .* with status 'expired'"):
            add(upload, b"x")
        with pytest.raises(InvalidRequest, match=r"^Cannot complete upload .* with status 'expired'"):
            uploads.complete(ada, upload.id, part_ids=[part_id])
        with pytest.raises(InvalidRequest, match=r"^Cannot cancel upload .* with status 'expired'"):
            uploads.cancel(ada, upload.id)

    def test_loses_its_parts_in_the_sweep(
        self, ada: User, upload: Upload, media: Path, django_capture_on_commit_callbacks
    ) -> None:
        other = begin(ada)
        add(upload, b"Hello")
        add(other, b"kept")
        end_hour(upload)
        with django_capture_on_commit_callbacks(execute=True):
            expiry_sweep.sweep()
        upload.refresh_from_db()
        other.refresh_from_db()
        assert (upload.status, other.status) == ("expired", "pending")
        assert [path.read_bytes() for path in stored(media)] == [b"kept"]

    def test_stays_what_it_became(self, ada: User, upload: Upload) -> None:
        uploads.complete(ada, upload.id, part_ids=[add(upload, b"Helloworld")])
        Upload.objects.update(expires_at=timezone.now())
        expiry_sweep.sweep()
        assert Upload.objects.get().status == "completed"


class TestTheSweep:
    def test_removes_expired_files_and_no_others(
        self, ada: User, media: Path, django_capture_on_commit_callbacks
    ) -> None:
        for name, life in (("old", 3600), ("young", 3600), ("lasting", None)):
            files.create(ada, upload=SimpleUploadedFile(name, name.encode()), expires_after=life)
        File.objects.filter(filename="old").update(expires_at=timezone.now())
        with django_capture_on_commit_callbacks(execute=True):
            expiry_sweep.sweep()
        assert set(File.objects.values_list("filename", flat=True)) == {"young", "lasting"}
        assert {path.read_bytes() for path in stored(media)} == {b"young", b"lasting"}

    def test_goes_on_when_there_is_more_than_a_batch(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(expiry_sweep, "BATCH", 2)
        for _number in range(5):
            files.create(ada, upload=SimpleUploadedFile("x", b"x"))
        File.objects.update(expires_at=timezone.now())
        expiry_sweep.sweep()
        assert not File.objects.exists()

    def test_forgets_replies_after_a_day(self, ada: User) -> None:
        for key, hours in (("old", 24), ("young", 23)):
            KeptReply.objects.create(owner=ada, key=key, created_at=timezone.now() - timedelta(hours=hours))
        expiry_sweep.sweep()
        assert KeptReply.objects.get().key == "young"
