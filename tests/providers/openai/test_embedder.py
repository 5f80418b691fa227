from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from chat.documents import passages
from chat.errors import ContextOverflow, KeyRefused, ModelNotFound, ProviderError, RateLimited, TimedOut, Unreachable
from chat.providers.openai import clients
from chat.providers.openai.embedder import OpenAIEmbedder
from tests.providers.conftest import KEY
from tests.providers.openai.upstream import error

Answer = Callable[[dict[str, Any]], tuple[int, Any, dict[str, str]]]
SOON = {"Retry-After-Ms": "5"}


class Server(ThreadingHTTPServer):
    """Embeds a text as ``[its length, 3]``, unless ``answers`` come first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Answer] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/v1"

    def texts(self) -> list[list[str]]:
        return [body["input"] for body in self.bodies]


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append({"path": self.path, **body})
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        answer = self.server.answers.pop(0) if self.server.answers else lengths
        status, reply, headers = answer(body)
        sent = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(sent)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def reply(rows: list[list[float]], *, order: list[int] | None = None) -> dict[str, Any]:
    """OpenAI's object, its rows in ``order``."""
    data = [{"object": "embedding", "index": place, "embedding": row} for place, row in enumerate(rows)]
    data = [data[place] for place in order] if order else data
    return {"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}


def lengths(body: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
    return 200, reply([[len(text), 3] for text in body["input"]]), {}


def says(content: Any, *, status: int = 200, **headers: str) -> Answer:
    return lambda _body: (status, content, headers)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def embedder(server: Server) -> Iterator[OpenAIEmbedder]:
    embedder = OpenAIEmbedder(server.url, KEY, model="text-embedding-3-small", timeout=5)
    yield embedder
    embedder.close()


class TestARequest:
    def test_names_the_model_the_texts_and_the_key(self, server: Server, embedder: OpenAIEmbedder) -> None:
        embedder.embed(["one", "two"])
        assert server.bodies == [
            {
                "path": "/v1/embeddings",
                "model": "text-embedding-3-small",
                "input": ["one", "two"],
                "encoding_format": "float",
            }
        ]
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"

    def test_sends_nothing_that_belongs_to_openai_alone(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
        monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
        embedder = OpenAIEmbedder(server.url, "", model="m")
        embedder.embed(["one"])
        embedder.close()
        assert server.headers[0]["authorization"] == "Bearer none"
        assert not {name for name in server.headers[0] if name.startswith("openai-")}

    def test_is_made_for_no_more_texts_than_servers_take(self, server: Server, embedder: OpenAIEmbedder) -> None:
        vectors = embedder.embed([str(number) for number in range(70)])
        assert [len(texts) for texts in server.texts()] == [32, 32, 6]
        assert len(vectors) == 70

    def test_is_made_for_no_more_tokens_than_servers_take(self, server: Server, embedder: OpenAIEmbedder) -> None:
        embedder.embed(["word " * 6000] * 3)
        assert [len(texts) for texts in server.texts()] == [2, 1]

    def test_sends_the_beginning_of_a_text_that_is_too_long(self, server: Server, embedder: OpenAIEmbedder) -> None:
        embedder.embed(["word " * 30_000], urgent=True)
        ((sent,),) = server.texts()
        assert 4000 < passages.count_tokens(sent) <= 8000

    def test_is_not_made_for_no_texts(self, server: Server, embedder: OpenAIEmbedder) -> None:
        assert len(embedder.embed([])) == 0
        assert server.bodies == []


class TestVectors:
    def test_are_of_length_one(self, embedder: OpenAIEmbedder) -> None:
        vectors = embedder.embed(["four"])
        assert vectors.dtype == np.float32
        assert vectors.tolist() == [[pytest.approx(0.8), pytest.approx(0.6)]]

    def test_are_in_the_order_of_the_texts(self, server: Server, embedder: OpenAIEmbedder) -> None:
        server.answers = [says(reply([[1, 0], [0, 1], [-1, 0]], order=[2, 0, 1]))]
        assert embedder.embed(["a", "b", "c"]).tolist() == [[1, 0], [0, 1], [-1, 0]]

    def test_may_come_without_places(self, server: Server, embedder: OpenAIEmbedder) -> None:
        server.answers = [says({"data": [{"embedding": [1, 0]}, {"embedding": [0, 1]}]})]
        assert embedder.embed(["a", "b"]).tolist() == [[1, 0], [0, 1]]

    def test_must_be_as_many_as_the_texts(self, server: Server, embedder: OpenAIEmbedder) -> None:
        server.answers = [says(reply([[1, 0]]))]
        with pytest.raises(ProviderError, match="1 vectors for 2 texts"):
            embedder.embed(["a", "b"])

    @pytest.mark.parametrize("rows", [[[1, 0], [1]], [[0, 0], [1, 0]], [[], []], [[1e200, 0], [1, 0]]])
    def test_must_be_of_one_size_and_have_a_direction(
        self, server: Server, embedder: OpenAIEmbedder, rows: list[list[float]]
    ) -> None:
        server.answers = [says(reply(rows))]
        with pytest.raises(ProviderError, match="vectors that cannot be used"):
            embedder.embed(["a", "b"])


class TestWindows:
    def test_are_the_whole_text_without_the_space_around_it(self, embedder: OpenAIEmbedder) -> None:
        assert embedder.windows("  A passage.\n\nAnd more. ") == [(2, 23)]

    @pytest.mark.parametrize("text", ["", " \n"])
    def test_of_nothing_are_none(self, embedder: OpenAIEmbedder, text: str) -> None:
        assert embedder.windows(text) == []

    @pytest.mark.parametrize("text", ["lighthouse keeper " * 10_000, "灯台守" * 9000, "x0" * 20_000])
    def test_cover_a_very_long_text(self, embedder: OpenAIEmbedder, text: str) -> None:
        parts = [text[start:end] for start, end in embedder.windows(text)]
        assert len(parts) > 1
        assert max(passages.count_tokens(part) for part in parts) <= 8000
        assert "".join("".join(parts).split()) == "".join(text.split())

    def test_end_between_words(self, embedder: OpenAIEmbedder) -> None:
        text = "lighthouse keeper " * 10_000
        words = {word for start, end in embedder.windows(text) for word in text[start:end].split()}
        assert words == {"lighthouse", "keeper"}


class TestAFailure:
    @pytest.mark.parametrize(
        ("status", "body", "raised", "words"),
        [
            (401, error(f"Incorrect API key provided: {KEY}"), KeyRefused, "set another one under Providers"),
            (404, error("no", code="model_not_found"), ModelNotFound, "no embedding model 'text-embedding-3-small'"),
            (404, error("Not Found"), ProviderError, "correct the address under Providers"),
            (400, error("maximum context length is 512 tokens"), ContextOverflow, "cannot read as much text at once"),
            (429, error("no money", code="insufficient_quota"), RateLimited, "no credit left"),
            (200, error("overloaded", code="rate_limit_exceeded"), RateLimited, "limits how often"),
            (200, b"<html>welcome</html>", ProviderError, "correct the address under Providers"),
            (200, {"data": [{"embedding": "AAAA"}]}, ProviderError, "correct the address under Providers"),
            (503, error("down"), ProviderError, r"problem of its own \(status 503\)"),
            (200, b'{"data": ' + b"[" * 100_000, ProviderError, "correct the address under Providers"),
            (200, b'{"data": [{"embedding": [1e999]}]}', ProviderError, "correct the address under Providers"),
            (200, b" " * (clients.MAX_BODY_BYTES + 1), ProviderError, "more in one piece"),
        ],
    )
    def test_is_told_in_words_that_help(
        self, server: Server, status: int, body: Any, raised: type[ProviderError], words: str
    ) -> None:
        server.answers = [says(body, status=status)]
        embedder = OpenAIEmbedder(server.url, KEY, model="text-embedding-3-small", max_retries=0)
        with pytest.raises(raised, match=words) as caught:
            embedder.embed(["a"])
        embedder.close()
        assert KEY not in caught.value.for_staff

    def test_is_a_redirect(self, server: Server, embedder: OpenAIEmbedder) -> None:
        server.answers = [says({}, status=307, Location=f"{server.url}/elsewhere?key=secret")]
        with pytest.raises(ProviderError, match="sends requests on to another address") as caught:
            embedder.embed(["a"])
        assert len(server.bodies) == 1
        assert "secret" not in caught.value.for_staff

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_that_passes_is_waited_out(self, server: Server, embedder: OpenAIEmbedder, status: int) -> None:
        server.answers = [says(error("later"), status=status, **SOON)] * 2
        assert embedder.embed(["four"]).shape == (1, 2)
        assert len(server.bodies) == 3

    def test_that_stays_is_told(self, server: Server, embedder: OpenAIEmbedder) -> None:
        server.answers = [says(error("later"), status=500, **SOON)] * 9
        with pytest.raises(ProviderError) as caught:
            embedder.embed(["a"])
        assert caught.value.said == "later"
        assert len(server.bodies) == 3

    def test_that_would_come_again_is_not_tried_again(self, server: Server, embedder: OpenAIEmbedder) -> None:
        server.answers = [says(error("No"), status=400, **SOON)] * 9
        with pytest.raises(ProviderError):
            embedder.embed(["a"])
        assert len(server.bodies) == 1

    def test_is_told_when_nobody_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        embedder = OpenAIEmbedder(f"http://127.0.0.1:{port}/v1", KEY, model="m", max_retries=0)
        with pytest.raises(Unreachable, match=r"could not be reached\. An.*under Providers"):
            embedder.embed(["a"])
        embedder.close()

    def test_is_told_when_the_name_is_unknown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        embedder = OpenAIEmbedder("http://models.invalid/v1", KEY, model="m", max_retries=0)
        with pytest.raises(Unreachable, match="name of the model's server could not be found"):
            embedder.embed(["a"])
        embedder.close()

    def test_is_told_when_the_server_is_silent(self, server: Server) -> None:
        enough = threading.Event()
        server.answers = [lambda body: (enough.wait(30), lengths(body))[1]]
        embedder = OpenAIEmbedder(server.url, KEY, model="m", timeout=0.2)
        with pytest.raises(TimedOut, match="sent nothing"):
            embedder.embed(["a"])
        enough.set()
        embedder.close()

    def test_is_told_when_the_key_cannot_be_one(self, server: Server) -> None:
        embedder = OpenAIEmbedder(server.url, "sk-\u201cquoted\u201d", model="m")
        with pytest.raises(KeyRefused, match="characters that no key has"):
            embedder.embed(["a"])
        embedder.close()
        assert server.bodies == []


class TestThreads:
    def test_may_ask_at_the_same_time(self, server: Server, embedder: OpenAIEmbedder) -> None:
        both = threading.Barrier(2, timeout=30)
        server.answers = [lambda body: (both.wait(), lengths(body))[1]] * 2
        found: list[int] = []
        threads = [threading.Thread(target=lambda: found.append(len(embedder.embed(["a"])))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [1, 1]
