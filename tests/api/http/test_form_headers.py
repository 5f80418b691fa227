"""Names of files that come in other bytes than UTF-8."""

from __future__ import annotations

import io

import pytest

from chat.api.http.form_headers import Utf8Headers
from tests.api.calling import Api

FORM = (
    b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="caf\xe9.txt"\r\n\r\n'
    b"\xe9 --b --b\r\n stays\r\n--b--\r\n"
)
IN_UTF8 = FORM.replace(b"caf\xe9", "café".encode())


class TestTheHeadersOfAForm:
    @pytest.mark.parametrize("size", [1, 7, 64, 10_000])
    def test_are_utf8_wherever_the_blocks_end(self, size: int) -> None:
        form = Utf8Headers(io.BytesIO(FORM), boundary="b")
        assert b"".join(iter(lambda: form.read(size), b"")) == IN_UTF8

    def test_in_utf8_stay_as_they_are(self) -> None:
        form = Utf8Headers(io.BytesIO(IN_UTF8), boundary="b")
        assert b"".join(iter(lambda: form.read(10_000), b"")) == IN_UTF8

    @pytest.mark.usefixtures("media")
    def test_give_a_file_its_name(self, api: Api) -> None:
        reply = api.client.post("/v1/files", FORM, content_type="multipart/form-data; boundary=b")
        assert reply.status_code == 200, reply.content
        assert reply.json()["filename"] == "café.txt"
