"""The parent's side: whatever the child does, its memory stays bounded and other reading goes on."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from chat.documents.reading import confinement
from chat.documents.reading.process import read_document
from chat.documents.sections import Section
from chat.errors import Unreadable
from tests.documents import harm, samples
from tests.documents.conftest import Reading

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]


def children() -> list[psutil.Process]:
    """The children of this process that read documents."""
    return [child for child in psutil.Process().children() if "chat.documents" in child.cmdline()]


def confined(code: str) -> subprocess.CompletedProcess[str]:
    """What became of ``code``, run under a reader's limits."""
    program = f"from chat.documents.reading import confinement\n{code}"
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)


def peak_memory() -> int:
    """The most that this process ever had resident, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A text of 60 MB in many sections."""
    path = tmp_path / "endless.md"
    path.write_bytes(b"# heading\nsome words of text\n" * 2_000_000)
    return path


class TestReading:
    async def test_can_be_given_up_and_leaves_no_child(self, endless: Path) -> None:
        async with aclosing(read_document(endless, name="endless.md")) as items:
            first = await anext(items)
            assert isinstance(first, Section)
            assert len(children()) == 1

        assert children() == []

    async def test_can_be_cancelled_and_leaves_no_child(self, endless: Path) -> None:
        begun = asyncio.Event()

        async def all_of_it() -> None:
            async with aclosing(read_document(endless, name="endless.md")) as items:
                async for _ in items:
                    begun.set()

        task = asyncio.create_task(all_of_it())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert children() == []

    async def test_keeps_the_memory_of_the_server_however_much_is_read(self, endless: Path) -> None:
        before = peak_memory()
        characters = 0
        async with aclosing(read_document(endless, name="endless.md")) as items:
            async for item in items:
                if isinstance(item, Section):
                    characters += len(item.text)
                if characters > 5_000_000:
                    break

        assert peak_memory() - before < 20 << 20

    async def test_goes_on_beside_a_file_that_does_harm(self, reading_in_a_child: Reading, tmp_path: Path) -> None:
        harmful = tmp_path / "harmful"
        harmful.write_bytes(harm.stream_of_zeros())
        refused = asyncio.create_task(reading_in_a_child("a.pdf", harmful))
        outcomes = []
        for number in range(3):
            path = tmp_path / str(number)
            path.write_bytes(samples.pdf([samples.prose([f"This is file {number}."])]))
            outcomes.append(await reading_in_a_child("a.pdf", path))

        assert [outcome.text.strip() for outcome in outcomes] == [f"This is file {number}." for number in range(3)]
        with pytest.raises(Unreadable):
            await refused

    async def test_of_a_file_that_is_gone_is_the_servers_fault(
        self, reading_in_a_child: Reading, tmp_path: Path
    ) -> None:
        with pytest.raises(Unreadable) as refusal:
            await reading_in_a_child("a.pdf", tmp_path / "gone")
        assert refusal.value.code == "server_error"

    async def test_of_a_name_that_is_none_of_ours_starts_no_child(
        self, reading_in_a_child: Reading, tmp_path: Path
    ) -> None:
        with pytest.raises(Unreadable, match="not supported"):
            await reading_in_a_child("a.png", tmp_path / "gone")


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Makes a shell script take the child's place."""

    def become(script: str) -> None:
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(program))

    return become


class TestAChildThatGoesWrong:
    @pytest.mark.parametrize(
        ("script", "code", "words"),
        [
            ("kill -XCPU $$", "invalid_file", "took too long"),
            ("kill -KILL $$", "invalid_file", "too much memory or time"),
            ("kill -SEGV $$", "invalid_file", "broken or needs too much memory"),
            ("exit 3", "server_error", "could not read the file. Try again"),
            ("exit 0", "server_error", "could not read the file. Try again"),
            ("echo nonsense", "invalid_file", "broken or needs too much memory"),
            ('echo \'{"section": {"page": "x"}}\'', "invalid_file", "broken or needs too much memory"),
            ("yes | tr -d '\\n'", "invalid_file", "broken or needs too much memory"),
        ],
    )
    async def test_ends_as_a_refusal(
        self, reading_in_a_child: Reading, child, script: str, code: str, words: str
    ) -> None:
        child(script)
        with pytest.raises(Unreadable, match=words) as refusal:
            await reading_in_a_child("a.pdf", samples.pdf([]))
        assert refusal.value.code == code

    async def test_sees_nothing_of_our_secrets(self, reading_in_a_child: Reading, child, tmp_path, monkeypatch) -> None:
        child(f"env > {tmp_path}/seen")
        monkeypatch.setenv("DJANGO_SECRET_KEY", "hidden")
        with pytest.raises(Unreadable):
            await reading_in_a_child("a.pdf", samples.pdf([]))

        assert "hidden" not in (tmp_path / "seen").read_text()


class TestConfinement:
    def test_ends_who_works_too_long(self) -> None:
        done = confined("confinement.CPU_SECONDS = 1\nconfinement.limit_resources()\nwhile True: pass")
        assert done.returncode == -signal.SIGXCPU

    def test_gives_more_time_for_pages_that_were_read(self) -> None:
        code = "import resource\nconfinement.limit_resources()\nconfinement.allow_pages(500)\n"
        assert confined(f"{code}print(resource.getrlimit(resource.RLIMIT_CPU)[0])").stdout == "110\n"

    def test_refuses_memory_beyond_its_limit(self) -> None:
        done = confined(f"confinement.limit_resources()\nbytearray({confinement.MEMORY_BYTES})")
        assert "MemoryError" in done.stderr

    @pytest.mark.parametrize(
        "deed",
        [
            "import socket; socket.create_connection(('127.0.0.1', 9))",
            "import socket; socket.getaddrinfo('localhost', 80)",
            "import subprocess; subprocess.run(['true'])",
            "import os; os.system('true')",
            "import os; os.fork()",
        ],
    )
    def test_allows_no_network_and_no_programs(self, deed: str) -> None:
        assert "PermissionError" in confined(f"confinement.forbid_side_effects()\n{deed}").stderr

    def test_allows_no_new_files(self, tmp_path: Path) -> None:
        deed = f"with open({os.fspath(tmp_path / 'new')!r}, 'w') as file: file.write('x')"
        done = confined(f"confinement.forbid_side_effects()\n{deed}")

        assert "File too large" in done.stderr
        assert (tmp_path / "new").read_bytes() == b""
