"""Files that a real server reads while it is killed, and files that are meant to harm it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from chat.retrieval.indexing.passage_rows import TOO_LARGE
from tests.documents import hostile
from tests.live import LiveServer
from tests.retrieval.live import entries, put, rows, wait_until_emptied, wait_until_read
from tests.retrieval.reading import text

pytestmark = pytest.mark.timeout(600)
FILES = 60
LONG = 10  # each so many files one has several passages
GROWTH = 150 << 20  # bytes that the server's own memory may grow by; 67 MB of them are what counts tokens


def read_count(found: list[dict[str, Any]]) -> int:
    return sum(entry["status"] == "completed" for entry in found)


def is_reading(found: list[dict[str, Any]]) -> bool:
    return any(entry["worker"] for entry in found)


class TestAServerThatIsKilledWhileItReads:
    def test_loses_no_file_and_reads_none_twice(self, tmp_path: Path) -> None:
        folder = tmp_path / "files"
        folder.mkdir()
        for number in range(FILES):
            words = 400 if number % LONG == 0 else 20
            (folder / f"{number:03}.txt").write_bytes(text(words, word=f"file{number}x"))
        server = LiveServer(tmp_path / "data")
        with server:
            store = put(server, folder)
            for share in (0.2, 0.5):
                while read_count(found := entries(server, store)) < share * FILES or not is_reading(found):
                    time.sleep(0.1)
                server.kill()
                assert any(entry["status"] == "in_progress" for entry in entries(server, store))
                server.start()
            found = wait_until_read(server, store)

        assert [entry["name"] for entry in found] == [f"{number:03}.txt" for number in range(FILES)]
        assert {entry["status"] for entry in found} == {"completed"}
        assert {entry["bare"] for entry in found} == {0}
        by_length = {(entry["passages"], entry["windows"]) for entry in found[::LONG]}
        assert len(by_length) <= 2  # the numbers in the words make some a little longer
        assert all(passages > 1 < windows for passages, windows in by_length)
        short = [entry for number, entry in enumerate(found) if number % LONG]
        assert {(entry["passages"], entry["windows"]) for entry in short} == {(1, 1)}
        (words,) = rows(server, "SELECT COUNT(*) AS count FROM chat_passage_words")
        assert words["count"] == sum(entry["passages"] for entry in found)


class Harmed(NamedTuple):
    """What became of hostile files, and the most that the server's memory grew by, in bytes."""

    entries: dict[str, dict[str, Any]]
    growth: int


# Those that would cost the server memory or time; tests/documents/reading reads each of the others in a process.
REFUSED = (
    "random bytes as PDF",
    "a PDF whose content unpacks to gigabytes",
    "a zip bomb of moderate parts",
    "an OpenDocument sheet that is one huge rectangle",
    "100 MB in one line",
)
READ = ("a PDF with a picture of a thousand million pixels", "JSON of 100,000 brackets")
CASES = hostile.REFUSED | hostile.READ
GOOD = "a good file.txt"


def file_name(case: str) -> str:
    return f"{case}{Path(CASES[case][0]).suffix}"


class Scales:
    """Weighs a process now and then."""

    def __init__(self, pid: int) -> None:
        self.process = psutil.Process(pid)
        self.begin = self.most = self.process.memory_info().rss
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.weigh)
        self.thread.start()

    def weigh(self) -> None:
        while not self.ended.wait(0.1):
            self.most = max(self.most, self.process.memory_info().rss)

    def growth(self) -> int:
        self.ended.set()
        self.thread.join()
        return self.most - self.begin


@pytest.fixture(scope="module")
def harmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harmed]:
    """All of them at once, and a good one."""
    folder = tmp_path_factory.mktemp("hostile")
    for case in (*REFUSED, *READ):
        (folder / file_name(case)).write_bytes(CASES[case][1]())
    (folder / GOOD).write_bytes(b"All is well.")
    with LiveServer(tmp_path_factory.mktemp("data")) as server:
        assert server.process is not None
        scales = Scales(server.process.pid)
        store = put(server, folder)
        wait_until_read(server, store)
        found = wait_until_emptied(server, store)
        yield Harmed({entry["name"]: entry for entry in found}, scales.growth())
        assert server.answers()


class TestAServerThatReadsHostileFiles:
    @pytest.mark.parametrize("case", REFUSED)
    def test_fails_each_with_the_reason(self, harmed: Harmed, case: str) -> None:
        _name, _make, code, words = hostile.REFUSED[case]
        entry = harmed.entries[file_name(case)]

        assert (entry["status"], entry["error"]["code"]) == ("failed", code)
        # Some are too large for more than one reason.
        assert words in entry["error"]["message"] or entry["error"]["message"] == TOO_LARGE
        assert (entry["passages"], entry["windows"]) == (0, 0)

    @pytest.mark.parametrize("case", READ)
    def test_reads_what_can_be_read_after_all(self, harmed: Harmed, case: str) -> None:
        entry = harmed.entries[file_name(case)]

        assert (entry["status"], entry["error"]) == ("completed", None)

    def test_reads_the_good_file_among_them(self, harmed: Harmed) -> None:
        assert harmed.entries[GOOD]["status"] == "completed"
        assert harmed.entries[GOOD]["passages"] == 1

    def test_keeps_its_memory(self, harmed: Harmed) -> None:
        assert harmed.growth < GROWTH
