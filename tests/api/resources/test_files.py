"""Files over the API: reference, sections 2, 3, 9 and 12."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from chat.actions.files import files
from chat.models import File, User
from tests.api.calling import Api

FILES = "/v1/files"
BOUNDARY = "a-line-between-parts"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
HOUR = 3600

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]


def client_of(user: User) -> Client:
    return Api(user).client


@pytest.fixture
def api(ada: User) -> Client:
    return client_of(ada)


def kept(owner: User, name: str = "notes.txt", content: bytes = b"Hello", **more: Any) -> File:
    return files.create(owner, upload=SimpleUploadedFile(name, content), **more)


def expire(file: File) -> None:
    File.objects.filter(pk=file.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def stored(file: File) -> bytes:
    return Path(file.content.path).read_bytes()


def hand_in(api: Client, name: str = "notes.txt", content: bytes = b"Hello", **fields: object) -> Any:
    """``fields``, and then the file."""
    return api.post(FILES, fields | {"file": SimpleUploadedFile(name, content)})


def form(*parts: tuple[str, bytes]) -> bytes:
    """A form as written by hand: dispositions and contents."""
    lines = [
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + content
        for disposition, content in parts
    ]
    return b"\r\n".join([*lines, f"--{BOUNDARY}--\r\n".encode()])


def post_form(api: Client, *parts: tuple[str, bytes]) -> Any:
    return api.post(FILES, form(*parts), content_type=FORM)


class TestAFileHandedIn:
    def test_is_shown_whole(self, api: Client) -> None:
        reply = hand_in(api, purpose="assistants")
        row = File.objects.get()
        assert reply.status_code == 200
        assert reply.json() == {
            "object": "file",
            "id": row.id,
            "purpose": "assistants",
            "filename": "notes.txt",
            "bytes": 5,
            "created_at": int(row.created_at.timestamp()),
            "expires_at": None,
            "status": "processed",
            "status_details": None,
        }
        assert row.id.startswith("file-")
        assert stored(row) == b"Hello"

    @pytest.mark.parametrize("purpose", ["fine-tune", "assistants", "batch", "user_data", "vision", "evals"])
    def test_may_have_any_of_the_purposes(self, api: Client, purpose: str) -> None:
        assert hand_in(api, purpose=purpose).json()["purpose"] == purpose

    @pytest.mark.parametrize("purpose", ["world_domination", "assistants_output"])
    def test_for_another_purpose_is_refused_in_the_exact_words(self, api: Client, purpose: str) -> None:
        reply = hand_in(api, purpose=purpose)
        message = (
            f"'{purpose}' is not one of ['fine-tune', 'assistants', 'batch', 'user_data', 'vision', 'evals'] -"
            " 'purpose'"
        )
        assert reply.status_code == 400
        assert reply.json() == {
            "error": {"message": message, "type": "invalid_request_error", "param": "purpose", "code": None},
            "detail": {"message": message, "code": None},
        }
        assert not File.objects.exists()

    def test_expires_when_it_was_told(self, api: Client) -> None:
        expiry = {"expires_after[anchor]": "created_at", "expires_after[seconds]": HOUR}
        shown = hand_in(api, purpose="user_data", **expiry).json()
        assert shown["expires_at"] == shown["created_at"] + HOUR

    @pytest.mark.parametrize(
        ("expiry", "message"),
        [
            (
                {"anchor": "created_at", "seconds": "3599"},
                "Invalid 'expires_after.seconds': integer below minimum value. Expected a value >= 3600, but got 3599"
                " instead.",
            ),
            (
                {"anchor": "created_at", "seconds": "2592001"},
                "Invalid 'expires_after.seconds': integer above maximum value. Expected a value <= 2592000, but got"
                " 2592001 instead.",
            ),
            (
                {"anchor": "created_at", "seconds": "soon"},
                "Invalid type for 'expires_after.seconds': expected an integer, but got a string instead.",
            ),
            ({"anchor": "created_at"}, "Missing required parameter: 'expires_after.seconds'."),
            (
                {"anchor": "last_active_at", "seconds": "3600"},
                "Invalid value: 'last_active_at'. Supported values are: 'created_at'.",
            ),
            ({"anchor": "created_at", "seconds": "3600", "days": "1"}, "Unknown parameter: 'expires_after.days'."),
        ],
    )
    def test_with_an_expiry_that_cannot_be_is_refused(self, api: Client, expiry: dict[str, str], message: str) -> None:
        fields = {f"expires_after[{name}]": value for name, value in expiry.items()}
        reply = hand_in(api, purpose="user_data", **fields)
        assert (reply.status_code, reply.json()["error"]["message"]) == (400, message)
        assert not File.objects.exists()

    def test_may_have_its_parts_in_any_order(self, api: Client) -> None:
        reply = post_form(
            api,
            ('name="file"; filename="notes.txt"', b"Hello"),
            ('name="expires_after[seconds]"', b"3600"),
            ('name="purpose"', b"assistants"),
            ('name="expires_after[anchor]"', b"created_at"),
        )
        assert reply.status_code == 200
        assert reply.json()["expires_at"]

    def test_with_a_field_that_is_not_known_is_refused(self, api: Client) -> None:
        error = hand_in(api, purpose="assistants", colour="blue").json()["error"]
        assert error["message"] == "Unknown parameter: 'colour'."
        assert (error["param"], error["code"]) == ("colour", "unknown_parameter")

    def test_beside_another_file_is_refused(self, api: Client) -> None:
        reply = hand_in(api, purpose="assistants", attachment=SimpleUploadedFile("other.txt", b"x"))
        assert reply.json()["error"]["message"] == "Unknown parameter: 'attachment'."

    @pytest.mark.parametrize(("left_out", "fields"), [("file", {"purpose": "assistants"}), ("purpose", {})])
    def test_is_refused_without_what_it_needs(self, api: Client, left_out: str, fields: dict[str, str]) -> None:
        reply = api.post(FILES, fields) if left_out == "file" else hand_in(api, **fields)
        assert reply.status_code == 400
        assert reply.json()["error"]["message"] == f"Missing required parameter: '{left_out}'."
        assert reply.json()["error"]["param"] == left_out

    @pytest.mark.parametrize("content_type", ["application/json", FORM])
    def test_that_is_no_form_at_all_is_refused(self, api: Client, content_type: str) -> None:
        reply = api.post(FILES, b"{}", content_type=content_type)
        assert (reply.status_code, reply.json()["error"]["message"]) == (400, "Missing required parameter: 'file'.")

    def test_in_a_form_that_cannot_be_read_is_refused(self, api: Client) -> None:
        reply = api.post(FILES, b"x", content_type="multipart/form-data")
        assert reply.status_code == 400
        assert "could not parse the form" in reply.json()["error"]["message"]

    @pytest.mark.parametrize(
        ("disposition", "name"),
        [
            ('filename="Größe 世界.txt"', "Größe 世界.txt"),
            ("filename*=utf-8''Gr%C3%B6%C3%9Fe.txt", "Größe.txt"),
            ("filename=\"x.txt\"; filename*=utf-8''Gr%C3%B6%C3%9Fe.txt", "Größe.txt"),
            ('filename="=?utf-8?B?R3LDtsOfZS50eHQ=?="', "Größe.txt"),
            ('filename="=?utf-8?B?4pi+4pi/IMO/w78udHh0?="', "☾☿ ÿÿ.txt"),  # base64 with a slash in it
            ('filename="=?utf-8?Q?Gr=C3=B6=C3=9Fe.txt?="', "Größe.txt"),
            ('filename="=?nonsense?B?R3LD?="', "=?nonsense?B?R3LD?="),
            ('filename="../../etc/passwd"', "passwd"),
            ('filename="=?utf-8?Q?=2E=2E/=2E=2E/passwd?="', "passwd"),
        ],
    )
    def test_keeps_its_name(self, api: Client, disposition: str, name: str) -> None:
        reply = post_form(api, ('name="purpose"', b"assistants"), (f'name="file"; {disposition}', b"Hello"))
        assert reply.json()["filename"] == name

    @pytest.mark.parametrize("disposition", ['name="file"; filename=""', 'name="file"'])
    def test_without_a_name_is_text_that_gets_one(self, api: Client, disposition: str) -> None:
        reply = post_form(api, ('name="purpose"', b"assistants"), (disposition, "Größe".encode()))
        assert reply.json()["filename"] == "file"
        assert stored(File.objects.get()) == "Größe".encode()

    @pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x" * (5 * 1024 * 1024 + 1)])
    def test_without_a_name_that_would_be_spoilt_is_refused(self, api: Client, content: bytes) -> None:
        reply = post_form(api, ('name="purpose"', b"assistants"), ('name="file"; filename=""', content))
        assert reply.status_code == 400
        assert "without a file name" in reply.json()["error"]["message"]

    def test_that_is_empty_is_refused(self, api: Client) -> None:
        reply = hand_in(api, content=b"", purpose="assistants")
        assert reply.status_code == 400
        assert "is empty" in reply.json()["error"]["message"]

    def test_over_the_limit_is_refused(self, api: Client, settings: Any) -> None:
        settings.EVERTHREAD_MAX_UPLOAD_MB = 1
        for size in (1024 * 1024 + 1, 3 * 1024 * 1024):
            reply = hand_in(api, content=b"x" * size, purpose="assistants")
            assert reply.status_code == 413
            assert "too large" in reply.json()["detail"]["message"]
        assert not File.objects.exists()


class TestTheListOfFiles:
    def test_begins_with_the_newest_and_has_ends(self, api: Client, ada: User, bob: User) -> None:
        made = [kept(ada, f"{number}.txt").id for number in range(3)]
        kept(bob)
        shown = api.get(FILES).json()
        assert [each["id"] for each in shown["data"]] == made[::-1]
        assert (shown["first_id"], shown["last_id"]) == (made[2], made[0])
        assert (shown["object"], shown["has_more"]) == ("list", False)

    def test_goes_by_pages(self, api: Client, ada: User) -> None:
        made = [kept(ada, f"{number}.txt").id for number in range(3)]
        first = api.get(FILES, {"limit": 2, "order": "asc"}).json()
        assert ([each["id"] for each in first["data"]], first["has_more"]) == (made[:2], True)
        rest = api.get(FILES, {"limit": 2, "order": "asc", "after": first["last_id"]}).json()
        assert ([each["id"] for each in rest["data"]], rest["has_more"]) == (made[2:], False)

    def test_can_be_of_one_purpose(self, api: Client, ada: User) -> None:
        kept(ada)
        seen = kept(ada, purpose="vision")
        assert [each["id"] for each in api.get(FILES, {"purpose": "vision"}).json()["data"]] == [seen.id]

    def test_leaves_out_what_has_expired(self, api: Client, ada: User) -> None:
        expire(kept(ada, expires_after=HOUR))
        assert api.get(FILES).json()["data"] == []

    @pytest.mark.parametrize(("limit", "status"), [(0, 400), (10_000, 200), (10_001, 400)])
    def test_has_at_most_10000(self, api: Client, limit: int, status: int) -> None:
        reply = api.get(FILES, {"limit": limit})
        assert reply.status_code == status
        assert ("detail" in reply.json()) == (status == 400)


class TestAFile:
    def test_is_shown(self, api: Client, ada: User) -> None:
        file = kept(ada)
        assert api.get(f"{FILES}/{file.id}").json()["filename"] == "notes.txt"

    def test_is_deleted(self, api: Client, ada: User) -> None:
        file = kept(ada)
        assert api.delete(f"{FILES}/{file.id}").json() == {"object": "file", "deleted": True, "id": file.id}
        assert api.get(f"{FILES}/{file.id}").status_code == 404

    @pytest.mark.parametrize("which", ["absent", "foreign", "expired"])
    @pytest.mark.parametrize("ask", [("get", ""), ("delete", ""), ("get", "/content"), ("head", "/content")])
    def test_that_is_not_there_is_refused_in_the_exact_words(
        self, api: Client, ada: User, bob: User, which: str, ask: tuple[str, str]
    ) -> None:
        theirs, old = kept(bob), kept(ada, expires_after=HOUR)
        expire(old)
        id = {"absent": "fake_id", "foreign": theirs.id, "expired": old.id}[which]
        method, tail = ask
        reply = getattr(api, method)(f"{FILES}/{id}{tail}")
        message = f"No such File object: {id}"
        assert reply.status_code == 404
        assert File.objects.count() == 2
        if method != "head":
            assert reply.json() == {
                "error": {"message": message, "type": "invalid_request_error", "param": "id", "code": None},
                "detail": {"message": message, "code": None},
            }


@pytest.fixture
def content(api: Client, ada: User) -> Iterator[Callable[..., Any]]:
    """Ask for the bytes ``0123456789``."""
    file = kept(ada, "Größe.csv", b"0123456789")
    with ExitStack() as replies:

        def ask(method: str = "get", **headers: str) -> Any:
            reply = getattr(api, method)(f"{FILES}/{file.id}/content", headers=headers)
            replies.callback(reply.close)
            return reply

        yield ask


class TestTheContentOfAFile:
    @pytest.mark.parametrize("accept", ["application/binary", "application/json", "text/html", "*/*"])
    def test_is_its_bytes_whatever_is_accepted(self, content: Callable[..., Any], accept: str) -> None:
        reply = content(Accept=accept)
        assert reply.getvalue() == b"0123456789"
        assert reply["Content-Type"] == "application/octet-stream"
        assert reply["Content-Length"] == "10"

    def test_is_saved_under_its_name_and_cannot_run(self, content: Callable[..., Any]) -> None:
        reply = content()
        assert reply["Content-Disposition"] == "attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.csv"
        assert reply["X-Content-Type-Options"] == "nosniff"
        assert reply["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert reply["x-request-id"].startswith("req_")

    def test_has_a_length_that_can_be_asked_for_alone(self, content: Callable[..., Any]) -> None:
        reply = content("head")
        assert (reply.status_code, reply["Content-Length"], reply["Accept-Ranges"]) == (200, "10", "bytes")

    @pytest.mark.parametrize(
        ("asked", "status", "given", "span"),
        [
            ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
            ("bytes=7-", 206, b"789", "bytes 7-9/10"),
            ("bytes=-2", 206, b"89", "bytes 8-9/10"),
            ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
            ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
            ("bytes=10-", 416, b"", "bytes */10"),
            ("bytes=-0", 416, b"", "bytes */10"),
            ("bytes=4-2", 200, b"0123456789", None),
            ("bytes=0-1,4-5", 200, b"0123456789", None),
            ("lines=1-2", 200, b"0123456789", None),
            ("bytes=-", 200, b"0123456789", None),
        ],
    )
    def test_can_be_had_in_ranges(
        self, content: Callable[..., Any], asked: str, status: int, given: bytes, span: str | None
    ) -> None:
        reply = content(Range=asked)
        assert (reply.status_code, reply.getvalue(), reply.get("Content-Range")) == (status, given, span)

    def test_can_be_had_of_files_that_tools_made(self, api: Client, ada: User) -> None:
        made = kept(ada)
        File.objects.update(purpose="assistants_output")
        assert api.get(f"{FILES}/{made.id}/content").getvalue() == b"Hello"

    def test_that_the_disk_has_lost_is_not_found(self, api: Client, ada: User) -> None:
        file = kept(ada)
        file.content.storage.delete(file.content.name)
        assert api.get(f"{FILES}/{file.id}/content").status_code == 404
