"""The command that reads folders, as a process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from chat.background.polling import is_anyone_alive
from chat.models import User, VectorStore
from chat.retrieval.indexing import worker
from tests.documents import samples
from tests.live import ROOT, LiveServer
from tests.retrieval.live import rows
from tests.retrieval.reading import text

pytestmark = pytest.mark.timeout(300)
PATIENCE = 120.0  # seconds
STUCK = "The river is frozen."
ENTRIES = """
SELECT file.filename AS name, status, worker, store.name AS store, store.owner_id AS owner,
    (SELECT COUNT(*) FROM chat_passage WHERE entry_id = entry.id) AS passages
FROM chat_vectorstorefile AS entry JOIN chat_file AS file ON file.id = entry.file_id
JOIN chat_vectorstore AS store ON store.id = entry.store_id WHERE store.name = ? ORDER BY file.filename
"""


class EmbeddingServer:
    """An OpenAI-compatible server at ``url`` whose answers for texts with ``STUCK`` wait until ``go_on`` is set."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Embeddings, self))
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"

    def embed(self, texts: list[str]) -> list[dict[str, Any]]:
        if any(STUCK in text for text in texts):
            self.asked.set()
            self.go_on.wait()
        return [{"index": index, "embedding": [0.6, 0.8]} for index, _text in enumerate(texts)]

    def wait_in_the_middle(self, server: LiveServer, store: str, *, completed: int) -> None:
        """Return when the file that is stuck, and no other, is being read; it stays so until ``go_on`` is set."""
        assert self.asked.wait(PATIENCE)
        until(lambda: sum(entry["status"] == "completed" for entry in entries(server, store)) == completed)


class _Embeddings(BaseHTTPRequestHandler):
    def __init__(self, embeddings: EmbeddingServer, *arguments: Any) -> None:
        self.embeddings = embeddings
        super().__init__(*arguments)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"object": "list", "data": self.embeddings.embed(asked["input"])}).encode()
        with suppress(ConnectionError):  # whoever asked was killed
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def embedding_server() -> Iterator[EmbeddingServer]:
    server = EmbeddingServer()
    thread = threading.Thread(target=server.http.serve_forever)
    thread.start()
    yield server
    server.go_on.set()
    server.http.shutdown()
    thread.join()
    server.http.server_close()


@pytest.fixture
def stuck(embedding_server: EmbeddingServer) -> EmbeddingServer:
    """The server, which has not been asked yet and does not go on yet."""
    embedding_server.asked.clear()
    embedding_server.go_on.clear()
    return embedding_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, embedding_server: EmbeddingServer) -> LiveServer:
    """Its data folder; the server itself is not started."""
    server = LiveServer(tmp_path_factory.mktemp("data"))
    server.shell(
        "from chat.models import Provider\n"
        f"Provider.objects.create(name='vectors', kind='openai', base_url='{embedding_server.url}', timeout=600,\n"
        "    embedding_model='e', embeds_new_stores=True)\n"
        "from chat.models import User\n"
        "User.objects.create(username='grace')"
    )
    return server


@pytest.fixture
def stores(make_user: Callable[..., User]) -> None:
    """Two stores of one name, and one that has expired."""
    owner = make_user("admin", is_superuser=True)
    VectorStore.objects.create(owner=owner, name="Twin")
    VectorStore.objects.create(owner=owner, name="Twin")
    VectorStore.objects.create(owner=owner, name="Old", expires_after=1, last_active_at="2020-01-01T00:00Z")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Documents, some in a folder below."""
    folder = tmp_path / "docs"
    (folder / "below").mkdir(parents=True)
    (folder / "rivers.txt").write_text("The Danube flows into the Black Sea.")
    (folder / "lakes.pdf").write_bytes(samples.pdf([samples.prose(["Lake Garda lies in Italy."])]))
    (folder / "below" / "seas.html").write_text("<h1>Seas</h1><p>The Dead Sea is salty.</p>")
    (folder / "below" / "map.png").write_bytes(b"\x89PNG")
    (folder / ".hidden.txt").write_text("hidden")
    return folder


def start(server: LiveServer, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "manage.py", "ingest", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, env=server.environment, text=True, **pipes)


def ingest(server: LiveServer, *arguments: object) -> tuple[int, str, str]:
    """The exit code, what was printed, and what was remarked."""
    process = start(server, *arguments)
    out, remarks = process.communicate(timeout=PATIENCE)
    return process.returncode, out, remarks


def entries(server: LiveServer, store: str) -> list[dict[str, Any]]:
    return rows(server, ENTRIES, store)


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def made(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:03}.txt").write_bytes(text(30, word=f"{folder.name}{number}x"))
    return folder


class TestIngest:
    def test_makes_files_and_folders_searchable_and_reads_nothing_twice(self, server: LiveServer, folder: Path) -> None:
        (folder / "broken.pdf").write_text("no PDF")
        (folder / "empty.txt").write_text("")
        code, out, remarks = ingest(server, folder, folder / "rivers.txt", "--store", "Waters", "--owner", "grace")

        assert code == 1
        assert out.startswith("Waters (vs_")
        assert out.endswith("): 3 files read, 2 failed.\n")
        assert f"Left out, since such files are not read: {folder}/below/map.png" in remarks
        assert remarks.count(" of 5 files") == 1, "where there is no terminal, a line a minute"
        assert f"{folder}/broken.pdf: The file is named .pdf but is not a PDF." in remarks
        assert f"{folder}/empty.txt: The file “empty.txt” is empty." in remarks
        assert "Traceback" not in remarks
        read = {entry["name"]: entry for entry in entries(server, "Waters") if entry["status"] == "completed"}
        assert [(name, entry["passages"]) for name, entry in read.items()] == [
            ("lakes.pdf", 1),
            ("rivers.txt", 1),
            ("seas.html", 1),
        ]
        (grace,) = rows(server, "SELECT id FROM chat_user WHERE username = 'grace'")
        assert {entry["owner"] for entry in read.values()} == {grace["id"]}

        (folder / "rivers.txt").write_text("The Rhine flows into the North Sea.")
        (folder / "copy.md").write_text("The Danube flows into the Black Sea.")
        (folder / "empty.txt").unlink()
        code, out, _remarks = ingest(server, folder, "--store", "Waters", "--owner", "grace")

        assert code == 1  # what failed before was tried again
        assert out.endswith("): 2 files read, 2 were there already, 1 failed.\n")
        names = [entry["name"] for entry in entries(server, "Waters") if entry["status"] == "completed"]
        assert names == ["copy.md", "lakes.pdf", "rivers.txt", "rivers.txt", "seas.html"]

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (("{folder}/nothing", "--store", "X"), "There is no file or folder"),
            (("{folder}/below/map.png", "--store", "X"), "There is nothing here that can be read."),
            (("{folder}", "--store", "X", "--owner", "nobody"), "There is no active user 'nobody'."),
            (("{folder}", "--store", "Twin"), "admin has several stores named 'Twin': vs_"),
            (("{folder}", "--store", "Old"), "The store 'Old' has expired"),
            (("{folder}", "--store", " "), "A store's name has 1 to 256 characters."),
        ],
    )
    @pytest.mark.usefixtures("stores")
    def test_says_in_words_what_is_wrong(
        self, refusal: Callable[..., str], folder: Path, arguments: tuple[str, ...], reason: str
    ) -> None:
        assert reason in refusal("ingest", *[argument.format(folder=folder) for argument in arguments])

    def test_shows_what_is_wrong_without_a_traceback(self, server: LiveServer, folder: Path) -> None:
        code, out, remarks = ingest(server, folder, "--store", " ")

        assert (code, out) == (1, "")
        assert "A store's name has 1 to 256 characters." in remarks
        assert "Traceback" not in remarks


class TestIngestThatIsInterrupted:
    @pytest.mark.parametrize(
        ("how", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)], ids=["killed", "Ctrl-C"]
    )
    def test_goes_on_where_it_was(
        self, server: LiveServer, stuck: EmbeddingServer, tmp_path: Path, how: signal.Signals, code: int
    ) -> None:
        folder, name = made(tmp_path / how.name, 5), f"Interrupted by {how.name}"
        (folder / "002.txt").write_text(f"{STUCK} {name}")  # what was read before would not be embedded again
        process = start(server, folder, "--store", name)
        stuck.wait_in_the_middle(server, name, completed=4)
        process.send_signal(how)
        _out, remarks = process.communicate(timeout=PATIENCE)
        assert process.returncode == code
        assert "Traceback" not in remarks
        assert ("goes on where this one stopped" in remarks) == (how == signal.SIGINT)
        assert all(entry["worker"] == "" for entry in entries(server, name)) or how == signal.SIGKILL
        stuck.go_on.set()
        again, out, _remarks = ingest(server, folder, "--store", name)

        assert again == 0
        assert "were there already" in out
        found = entries(server, name)
        assert [entry["name"] for entry in found] == [f"{number:03}.txt" for number in range(5)]
        assert {(entry["status"], entry["passages"]) for entry in found} == {("completed", 1)}


class TestIngestBesideAServer:
    def test_only_watches_until_the_server_is_gone(
        self, server: LiveServer, stuck: EmbeddingServer, tmp_path: Path
    ) -> None:
        folder = made(tmp_path / "beside", 5)
        (folder / "002.txt").write_text(f"{STUCK} Beside a server")
        with server:
            assert server.process is not None
            until(lambda: is_anyone_alive(worker.folder(server.data_dir)))
            process = start(server, folder, "--store", "Beside")
            stuck.wait_in_the_middle(server, "Beside", completed=4)
            workers = {entry["worker"] for entry in entries(server, "Beside")} - {""}
            assert {worker.partition("-")[0] for worker in workers} == {str(server.process.pid)}
            server.kill()
        stuck.go_on.set()
        out, _remarks = process.communicate(timeout=PATIENCE)

        assert process.returncode == 0
        assert out.endswith("): 5 files read.\n")
