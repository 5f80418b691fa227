"""Files in parts over the API: reference, sections 2, 3 and 9."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from chat.models import File, Upload, UploadPart, User
from tests.api.calling import Api

UPLOADS = "/v1/uploads"
NEW = {"filename": "Größe.txt", "bytes": 10, "purpose": "assistants", "mime_type": "text/plain"}
HOUR = 3600
Call = Callable[..., tuple[int, dict[str, Any]]]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]


def calls_of(user: User) -> Call:
    """``call(path, body)`` posts JSON with a key of the user's, or, given ``data``, a part."""
    client = Api(user).client

    def call(path: str = "", body: Any = None, *, data: bytes | None = None) -> tuple[int, dict[str, Any]]:
        if data is not None:
            reply = client.post(UPLOADS + path, {"data": SimpleUploadedFile("upload", data)})
        else:
            reply = client.post(UPLOADS + path, body or b"", content_type="application/json")
        return reply.status_code, reply.json()

    return call


@pytest.fixture
def call(ada: User) -> Call:
    return calls_of(ada)


@pytest.fixture
def upload(call: Call) -> str:
    """The path of an upload of ten bytes."""
    return f"/{call('', NEW)[1]['id']}"


def part(call: Call, upload: str, data: bytes) -> str:
    status, shown = call(f"{upload}/parts", data=data)
    assert status == 200, shown
    return str(shown["id"])


def stored(file: File) -> bytes:
    return Path(file.content.path).read_bytes()


def refusal(reply: tuple[int, dict[str, Any]]) -> str:
    status, body = reply
    assert status == 400
    return str(body["error"]["message"])


class TestAnUpload:
    def test_is_pending_for_an_hour(self, call: Call) -> None:
        status, shown = call("", NEW)
        row = Upload.objects.get()
        created_at = int(row.created_at.timestamp())
        assert status == 200
        assert shown == {
            "id": row.id,
            "object": "upload",
            "bytes": 10,
            "created_at": created_at,
            "filename": "Größe.txt",
            "purpose": "assistants",
            "status": "pending",
            "expires_at": created_at + HOUR,
        }

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"purpose": "fun"}, "'fun' is not one of ['fine-tune', 'assistants', 'batch', 'user_data', 'vision'"),
            ({"bytes": 0}, "Invalid 'bytes': integer below minimum value. Expected a value >= 1"),
            (
                {"bytes": 8 * 1024**3 + 1},
                "Invalid 'bytes': integer above maximum value. Expected a value <= 8589934592",
            ),
            ({"bytes": "10"}, "Invalid type for 'bytes': expected an integer, but got a string instead."),
            ({"filename": ""}, "Invalid 'filename': string too short."),
            ({"colour": "blue"}, "Unknown parameter: 'colour'."),
            (
                {"expires_after": {"anchor": "created_at", "seconds": 1}},
                "Invalid 'expires_after.seconds': integer below minimum value.",
            ),
        ],
    )
    def test_that_cannot_be_is_refused(self, call: Call, change: dict[str, Any], message: str) -> None:
        assert refusal(call("", NEW | change)).startswith(message)
        assert not Upload.objects.exists()

    @pytest.mark.parametrize("name", NEW)
    def test_needs_all_it_is_made_of(self, call: Call, name: str) -> None:
        given = {key: value for key, value in NEW.items() if key != name}
        assert refusal(call("", given)) == f"Missing required parameter: '{name}'."

    def test_becomes_a_file_of_its_parts_in_the_order_that_is_said(self, call: Call, upload: str) -> None:
        second, first = part(call, upload, b"world"), part(call, upload, b"Hello")
        md5 = hashlib.md5(b"Helloworld").hexdigest()
        status, shown = call(f"{upload}/complete", {"part_ids": [first, second], "md5": md5.upper()})
        file = File.objects.get()
        assert status == 200
        assert shown["status"] == "completed"
        assert shown["file"] == {
            "object": "file",
            "id": file.id,
            "purpose": "assistants",
            "filename": "Größe.txt",
            "bytes": 10,
            "created_at": int(file.created_at.timestamp()),
            "expires_at": None,
            "status": "processed",
            "status_details": None,
        }
        assert stored(file) == b"Helloworld"

    def test_gives_its_file_the_life_it_was_told(self, call: Call) -> None:
        expiry = {"anchor": "created_at", "seconds": HOUR}
        upload = f"/{call('', NEW | {'expires_after': expiry})[1]['id']}"
        file = call(f"{upload}/complete", {"part_ids": [part(call, upload, b"Helloworld")]})[1]["file"]
        assert file["expires_at"] == file["created_at"] + HOUR

    def test_shows_a_part(self, call: Call, upload: str) -> None:
        status, shown = call(f"{upload}/parts", data=b"Hello")
        row = UploadPart.objects.get()
        assert status == 200
        assert shown == {
            "id": row.id,
            "object": "upload.part",
            "created_at": int(row.created_at.timestamp()),
            "upload_id": upload[1:],
        }
        assert row.id.startswith("part_")

    def test_is_cancelled_with_a_body_that_is_empty(self, call: Call, upload: str, media: Path) -> None:
        part(call, upload, b"Hello")
        status, shown = call(f"{upload}/cancel")
        assert (status, shown["status"]) == (200, "cancelled")

    @pytest.mark.parametrize("ending", ["complete", "cancel"])
    def test_that_has_ended_takes_nothing_more(self, call: Call, upload: str, ending: str) -> None:
        body = {"part_ids": [part(call, upload, b"Helloworld")]}
        call(f"{upload}/{ending}", body if ending == "complete" else None)
        status = {"complete": "completed", "cancel": "cancelled"}[ending]
        said = f"upload '{upload[1:]}' with status '{status}'."
        assert refusal(call(f"{upload}/parts", data=b"x")) == f"Cannot add a part to {said}"
        assert refusal(call(f"{upload}/complete", body)) == f"Cannot complete {said}"
        assert refusal(call(f"{upload}/cancel")) == f"Cannot cancel {said}"

    @pytest.mark.parametrize("tail", ["/parts", "/complete", "/cancel"])
    def test_of_someone_else_looks_like_an_absent_one(self, call: Call, bob: User, tail: str) -> None:
        theirs = calls_of(bob)("", NEW)[1]["id"]
        for id in (theirs, "upload_absent", "nonsense"):
            given = (
                {"data": b"x"}
                if tail == "/parts"
                else {"body": {"part_ids": ["part_x"]} if tail == "/complete" else None}
            )
            status, body = call(f"/{id}{tail}", **given)
            assert status == 404
            assert body["error"]["message"] == f"No such Upload object: {id}"
            assert body["error"]["param"] == "id"


class TestAPart:
    def test_needs_data(self, call: Call, upload: str, ada: User) -> None:
        assert refusal(call(f"{upload}/parts", {"data": "x"})) == "Missing required parameter: 'data'."

    def test_that_is_empty_is_refused(self, call: Call, upload: str) -> None:
        assert refusal(call(f"{upload}/parts", data=b"")) == "The part is empty."

    def test_over_the_limit_is_refused(self, call: Call, upload: str, settings: Any) -> None:
        settings.EVERTHREAD_MAX_UPLOAD_MB = 1
        status, body = call(f"{upload}/parts", data=b"x" * (1024 * 1024 + 1))
        assert status == 413
        assert "at most 1048576" in body["error"]["message"]
