"""Files in a bucket: everything that files do, against a server of the S3 protocol."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files import storage as file_storage  # pytest would set up ``default_storage`` too early
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from chat.actions.files import files, orphans
from chat.errors import FilesUnavailable
from chat.models import File, UploadPart, User
from chat.retrieval.indexing.local_copies import local_copy
from config import env
from tests.api.calling import Api

pytest.importorskip("storages")
LONG = bytes(range(256)) * 4096  # a megabyte

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    from tests.s3 import s3

    with s3() as address:
        yield address


@pytest.fixture
def _bucket(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(address, monkeypatch)


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A call that makes the bucket's server one that is not there."""
    return lambda: use("s3://everthread/data?endpoint=http://127.0.0.1:9", monkeypatch)


def use(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from config.object_storage import ObjectStorage

    monkeypatch.setenv("EVERTHREAD_STORAGE_URL", address)
    made = env.storage("EVERTHREAD_STORAGE_URL")
    assert made["BACKEND"] == "config.object_storage.ObjectStorage"
    monkeypatch.setattr(file_storage.default_storage, "_wrapped", ObjectStorage(**made["OPTIONS"]))


def made(owner: User, content: bytes = LONG, name: str = "long.bin") -> File:
    return files.create(owner, upload=SimpleUploadedFile(name, content))


@pytest.mark.usefixtures("_bucket")
class TestAStoredFile:
    def test_is_read_from_wherever_one_wants(self, ada: User) -> None:
        with made(ada).content.open("rb") as content:
            content.seek(1_000_003)
            assert content.read(5) == LONG[1_000_003:1_000_008]
            content.seek(-3, os.SEEK_END)
            assert content.read() == LONG[-3:]
            content.seek(0)
            assert content.read() == LONG

    def test_is_downloaded_whole_and_in_part(self, ada: User) -> None:
        file, client = made(ada), Api(ada).client
        path = f"/v1/files/{file.id}/content"
        assert b"".join(client.get(path).streaming_content) == LONG
        part = client.get(path, headers={"Range": "bytes=70000-70009"})
        assert (part.status_code, b"".join(part.streaming_content)) == (206, LONG[70000:70010])

    def test_goes_with_its_row(self, ada: User) -> None:
        file = made(ada)
        assert file_storage.default_storage.exists(file.content.name)
        files.delete(ada, file.id)
        assert not file_storage.default_storage.exists(file.content.name)

    def test_is_copied_for_those_who_need_a_path(self, ada: User) -> None:
        with local_copy(made(ada)) as path:
            assert path.read_bytes() == LONG
        assert not path.exists()

    def test_that_is_lost_is_not_found(self, ada: User) -> None:
        file = made(ada)
        file_storage.default_storage.delete(file.content.name)
        assert Api(ada).client.get(f"/v1/files/{file.id}/content").status_code == 404

    def test_of_no_row_is_swept(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        file = made(ada)
        stray = file_storage.default_storage.save("files/ab/file-stray", ContentFile(b"x"))
        orphans.sweep_orphans()
        assert file_storage.default_storage.exists(stray)  # it may be on its way
        monkeypatch.setattr(orphans, "AGE", -orphans.AGE)
        orphans.sweep_orphans()
        assert (file_storage.default_storage.exists(stray), file_storage.default_storage.exists(file.content.name)) == (
            False,
            True,
        )

    def test_may_be_fetched_from_the_bucket_itself(self, ada: User, settings: Any) -> None:
        settings.EVERTHREAD_STORAGE_REDIRECTS = True
        file = made(ada, name="Größe.bin")
        reply = Api(ada).client.get(f"/v1/files/{file.id}/content")
        assert reply.status_code == 302
        assert f"/{file.content.name}?" in reply["Location"]
        assert "X-Amz-Signature=" in reply["Location"] or "Signature=" in reply["Location"]
        assert "Gr%25C3%25B6%25C3%259Fe.bin" in reply["Location"]


@pytest.mark.usefixtures("_bucket")
class TestAnUploadInParts:
    def test_becomes_one_file(self, ada: User) -> None:
        client = Api(ada).client
        new = {"filename": "a.bin", "bytes": len(LONG), "purpose": "assistants", "mime_type": "text/plain"}
        path = f"/v1/uploads/{client.post('/v1/uploads', new, content_type='application/json').json()['id']}"
        ids = [
            client.post(f"{path}/parts", {"data": SimpleUploadedFile("part", part)}).json()["id"]
            for part in (LONG[:700_000], LONG[700_000:])
        ]
        body = {"part_ids": ids, "md5": hashlib.md5(LONG, usedforsecurity=False).hexdigest()}
        done = client.post(f"{path}/complete", body, content_type="application/json").json()
        assert done["status"] == "completed", done
        with File.objects.get(id=done["file"]["id"]).content.open("rb") as content:
            assert content.read() == LONG
        assert not UploadPart.objects.exists()


@pytest.mark.usefixtures("_bucket")
class TestABucketThatIsAway:
    def test_refuses_an_upload_and_keeps_no_row(self, ada: User, away: Any) -> None:
        away()
        upload = {"file": SimpleUploadedFile("a.txt", b"Hello"), "purpose": "assistants"}
        reply = Api(ada).client.post("/v1/files", upload)
        assert reply.status_code == 503
        assert "storage of files" in reply.json()["error"]["message"]
        assert not File.objects.exists()

    def test_refuses_a_download(self, ada: User, away: Any) -> None:
        file = made(ada)
        away()
        assert Api(ada).client.get(f"/v1/files/{file.id}/content").status_code == 503
        with pytest.raises(FilesUnavailable):
            file.content.open("rb")

    def test_is_told_by_the_health_check(self, client: Any, away: Any) -> None:
        assert client.get(reverse("ready")).json()["files"] is True
        away()
        assert client.get(reverse("ready")).json()["files"] is False


class TestItsAddress:
    @pytest.mark.parametrize(
        "value", ["bucket", "s3://", "http://host/bucket", "s3://bucket?endpoint=host:9", "s3://bucket?secret=x"]
    )
    def test_is_refused_with_an_example(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("EVERTHREAD_STORAGE_URL", value)
        with pytest.raises(Exception, match=r"EVERTHREAD_STORAGE_URL.*s3://bucket/folder.*AWS_ACCESS_KEY_ID"):
            env.storage("EVERTHREAD_STORAGE_URL")
