"""Odd requests, handed to the application as the server does: whatever is parsed in them, they never break it."""

from __future__ import annotations

import asyncio
import logging.config
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chat.actions.access import api_keys
from chat.actions.files import files
from chat.models import Assistant, File, User
from config.asgi import django_application

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]
EXAMPLES = 100
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
Headers = list[tuple[str, str]]
METHODS = ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT"]
# Every header that Django, its middleware or we parse.
NAMES = [
    *("accept-encoding", "accept-language", "access-control-request-method", "api-key", "authorization"),
    *("content-length", "content-type", "cookie", "host", "hx-current-url", "hx-request", "hx-target", "hx-trigger"),
    *("idempotency-key", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "origin"),
    *("openai-beta", "range", "referer", "x-csrftoken", "x-forwarded-for", "x-forwarded-proto", "x-request-id"),
    *("x-stainless-timeout", "x-stainless-poll-interval", "openai-poll-after-ms"),
]
SHAPES = [
    *(
        "bytes={}-{}",
        "bytes={}-",
        "bytes=-{}",
        "multipart/form-data; boundary={}",
        "a/b; boundary*=x''{}",
        "a/b; c*={}",
    ),
    *("application/json; charset={}", "Bearer {}", "Basic {}", "sessionid={}; csrftoken={}; timezone={}", "en;q={}"),
    *("http://[{}", "http://{}:{}/", "Mon, 01 Jan {} 00:00:00 GMT", "W/{}", 'W/"{}"', "assistants={}", "{}:{}", "{}"),
]
FILLINGS = st.one_of(
    st.sampled_from(["", "9" * 5000, "-1", "1e999", "%ff", "%00", "\xff\xfe", "%", "x''a", "[::", "\x00", "٣", "²"]),
    st.text(st.characters(codec="latin-1"), max_size=20),
)
VALUES = st.builds(lambda shape, value: shape.replace("{}", value), st.sampled_from(SHAPES), FILLINGS)
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), min_size=1, max_size=3)
SEGMENTS = [
    *(
        "v1",
        "openai",
        "threads",
        "assistants",
        "files",
        "runs",
        "steps",
        "messages",
        "vector_stores",
        "uploads",
        "models",
    ),
    *(
        "content",
        "admin",
        "chat",
        "user",
        "provider",
        "account",
        "keys",
        "sign-in",
        "password",
        "new",
        "start",
        "static",
    ),
]
SEGMENT = st.one_of(st.sampled_from(SEGMENTS), st.binary(max_size=12).map(lambda value: quote_from_bytes(value, "")))
PATHS = st.lists(SEGMENT, max_size=6).map(lambda segments: "/" + "/".join(segments))
QUERIES = st.one_of(
    st.sampled_from(["&" * 3000, "a=&" * 3000, "limit=" + "9" * 5000, "after=%00", "include[]=x", "p=%ff", "o=9.9.9"]),
    st.lists(st.tuples(st.sampled_from(["limit", "after", "order", "q", "p", "o", "next", "name"]), FILLINGS)).map(
        lambda pairs: "&".join(f"{name}={quote_from_bytes(value.encode(), '')}" for name, value in pairs)
    ),
)


class Visitor:
    """Someone with a key and a session, who asks the application without a server."""

    def __init__(self, user: User) -> None:
        client = Client()
        client.force_login(user)
        session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        self.headers = {"host": "localhost", "authorization": f"Bearer {api_keys.create(user, name='test')[1]}"}
        self.headers["cookie"] = f"{django_settings.SESSION_COOKIE_NAME}={session}"

    def ask(self, method: str, path: str, *, query: str = "", headers: Headers | None = None, body: bytes = b"") -> int:
        """Return the status of the answer."""
        lines = [*(self.headers | dict(headers or ())).items()]
        scope: dict[str, Any] = {"type": "http", "http_version": "1.1", "method": method, "scheme": "http"}
        scope |= {"path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": ""}
        scope["headers"] = [(name.encode(), value.encode("latin-1", "replace")) for name, value in lines]
        return asyncio.run(answer(scope | {"client": ["127.0.0.1", 5], "server": ["127.0.0.1", 80]}, body))


async def answer(scope: dict[str, Any], body: bytes) -> int:
    received, sent = asyncio.Queue[dict[str, Any]](), []
    received.put_nowait({"type": "http.request", "body": body})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await django_application(scope, received.get, send)
    return int(sent[0]["status"])


@pytest.fixture
def visitor(ada: User, assistant: Assistant) -> Visitor:
    ada.is_staff = ada.is_superuser = True
    ada.save()
    return Visitor(ada)


@pytest.fixture
def file(ada: User) -> File:
    return files.create(ada, upload=SimpleUploadedFile("a.txt", b"Hello"))


class TestOddHeaders:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_break_nothing(self, visitor: Visitor, file: File, method: str) -> None:
        paths = ["/", "/sign-in/", "/healthz", f"/files/{file.id}/", "/admin/", "/v1/assistants", "/v1/threads"]
        paths += [f"/v1/files/{file.id}/content", "/v1/files", "/nothing/", "/account/keys/"]

        @BOUNDED
        @given(path=st.sampled_from(paths), headers=HEADERS)
        def check(path: str, headers: Headers) -> None:
            assert visitor.ask(method, path, headers=headers, body=b"{}" if method == "POST" else b"") < 500

        check()

    @pytest.mark.parametrize(
        ("path", "name", "value", "status"),
        [
            ("/healthz", "content-type", "a/b; boundary*=x''a", 400),
            ("/v1/assistants", "content-type", "a/b; boundary*=x''a", 400),
            ("/sign-in/", "host", "evil.example", 400),
            ("/files/{file}/", "range", "bytes=" + "9" * 5000 + "-", 200),
            ("/v1/files/{file}/content", "range", "bytes=0-" + "9" * 5000, 200),
        ],
    )
    def test_are_refused_or_ignored(
        self, visitor: Visitor, file: File, *, path: str, name: str, value: str, status: int
    ) -> None:
        assert visitor.ask("GET", path.format(file=file.id), headers=[(name, value)]) == status

    def test_of_a_page_that_is_no_address_lead_to_the_sign_in(self, visitor: Visitor) -> None:
        visitor.headers.pop("cookie")
        assert visitor.ask("GET", "/", headers=[("hx-request", "true"), ("hx-current-url", "http://[")]) == 200

    @pytest.mark.parametrize("path", ["/v1/files", "/files/"])
    def test_of_a_part_of_a_form_are_refused(self, visitor: Visitor, path: str) -> None:
        body = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename*=x''a\r\n\r\na\r\n--b--\r\n"
        headers = [("content-type", "multipart/form-data; boundary=b"), ("content-length", str(len(body)))]
        assert visitor.ask("POST", path, headers=headers, body=body) in (400, 403)

    def test_of_a_foreign_host_write_one_line(self, visitor: Visitor, capfd: pytest.CaptureFixture[str]) -> None:
        logging.config.dictConfig(django_settings.LOGGING)
        visitor.ask("GET", "/", headers=[("host", "evil.example")])
        written = capfd.readouterr().err
        assert "evil.example" in written
        assert len(written.strip().splitlines()) == 1


class TestOddAddresses:
    def test_break_nothing(self, visitor: Visitor) -> None:
        @BOUNDED
        @given(method=st.sampled_from(METHODS), path=PATHS, query=QUERIES)
        def check(method: str, path: str, query: str) -> None:
            assert visitor.ask(method, path, query=query) < 500

        check()

    @pytest.mark.parametrize("path", ["/v1/assistants", "/sign-in/"])
    def test_of_too_many_parameters_are_refused(self, visitor: Visitor, path: str) -> None:
        visitor.headers.pop("cookie")
        assert visitor.ask("GET", path, query="a=&" * 3000) == 400
