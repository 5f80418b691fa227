"""The real model in its child process; each start takes most of a second."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import psutil
import pytest

from chat.providers.embedded.minilm.embedder import MiniLM
from chat.providers.embedded.server.supervisor import ROOT
from tests.providers.embedded.conftest import is_running, until

pytestmark = pytest.mark.slow

CAT, KITTEN, MARKET = "A cat sits on the mat.", "A kitten rests on a rug.", "The stock market fell."
LONG = "The archive keeps every letter that the keeper of the lighthouse wrote. " * 15

PARENT = """
from chat.providers.embedded.minilm.embedder import MiniLM

embedder = MiniLM()
embedder.embed(["Hello"])
print(embedder.pid, flush=True)
input()
"""

FORKING = """
import os, sys
from chat.providers.embedded.minilm.embedder import MiniLM

embedder = MiniLM()
before = embedder.embed(["Hello"])
fork = os.fork()
if fork == 0:
    same = (embedder.embed(["Hello"]) == before).all()
    embedder.close()
    os._exit(0 if same else 1)
code = os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1])
pid = embedder.pid
same = (embedder.embed(["Hello"]) == before).all()
sys.exit(code or not same or pid != embedder.pid)
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[MiniLM]:
    """For tests that leave the child alone."""
    embedder = MiniLM()
    yield embedder
    embedder.close()


@pytest.fixture
def minilm() -> Iterator[MiniLM]:
    embedder = MiniLM()
    yield embedder
    embedder.close()


class TestVectors:
    def test_are_rows_of_384_numbers_and_length_one(self, shared: MiniLM) -> None:
        vectors = shared.embed([CAT, "", "日本語 😀", LONG])
        assert vectors.shape == (4, 384)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)

    def test_of_no_texts_are_no_rows(self, shared: MiniLM) -> None:
        assert shared.embed([]).shape == (0, 384)

    @pytest.mark.parametrize(
        ("text", "is_read"),
        [
            ("When is it open?", True),
            ("Où est-ce ? Đường nào?", True),
            ("42?", True),
            ("", True),
            ("いつ開いていますか", False),
            ("Когда открыто?", False),
            ("GPUの温度を測る方法", False),
            ("How is 東京 written?", True),
        ],
    )
    def test_are_of_texts_in_latin_letters(self, shared: MiniLM, text: str, is_read: bool) -> None:
        assert shared.reads(text) is is_read

    def test_are_closer_the_closer_the_meanings_are(self, shared: MiniLM) -> None:
        cat, kitten, market = shared.embed([CAT, KITTEN, MARKET])
        assert cat @ kitten == pytest.approx(0.66, abs=0.02)
        assert cat @ market == pytest.approx(0.07, abs=0.02)

    def test_of_a_question_are_closest_to_its_answer(self, shared: MiniLM) -> None:
        answers = [
            "An administrator resets your password in the settings.",
            "Invoices are paid within thirty days.",
            "The canteen is open from noon to two.",
        ]
        (question,) = shared.embed(["I cannot sign in any more"], urgent=True)
        assert np.argmax(shared.embed(answers) @ question) == 0

    def test_do_not_depend_on_what_else_is_asked(self, shared: MiniLM) -> None:
        together = shared.embed([CAT, LONG, MARKET])
        assert (shared.embed([MARKET, CAT])[::-1] == together[[0, 2]]).all()
        assert (shared.embed([LONG])[0] == together[1]).all()

    def test_of_a_long_text_are_those_of_its_beginning(self, shared: MiniLM) -> None:
        cut = "keeper " * 254
        assert (shared.embed([cut + "of the lighthouse"]) == shared.embed([cut])).all()

    def test_are_right_for_each_of_many_threads(self, shared: MiniLM) -> None:
        texts = [f"Letter {number} of the keeper" for number in range(12)]
        alone = shared.embed(texts)
        found: dict[str, np.ndarray] = {}

        def work(text: str, urgent: bool) -> None:
            found[text] = shared.embed([text], urgent=urgent)[0]

        threads = [threading.Thread(target=work, args=(text, place % 2 == 0)) for place, text in enumerate(texts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert all((found[text] == row).all() for text, row in zip(texts, alone, strict=True))


class TestTheChild:
    def test_is_started_by_the_first_text(self, minilm: MiniLM) -> None:
        assert minilm.pid is None
        minilm.windows(LONG)
        assert minilm.pid is None
        minilm.embed([CAT])
        assert minilm.pid is not None
        assert is_running(minilm.pid)

    def test_is_told_no_secrets_and_goes_after_others(self, minilm: MiniLM, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        minilm.embed([CAT])
        child = psutil.Process(minilm.pid)
        assert not {name for name in child.environ() if name.startswith(("OPENAI", "DJANGO", "EVERTHREAD"))}
        assert child.nice() > psutil.Process().nice()

    def test_is_replaced_when_it_was_killed(self, minilm: MiniLM) -> None:
        before = minilm.embed([CAT])
        killed = minilm.pid
        assert killed is not None

        os.kill(killed, signal.SIGKILL)

        assert (minilm.embed([CAT]) == before).all()
        assert minilm.pid != killed
        assert not psutil.pid_exists(killed)

    def test_is_replaced_when_it_was_killed_at_work(self, minilm: MiniLM) -> None:
        minilm.embed([CAT])
        killed = minilm.pid
        assert killed is not None
        os.kill(killed, signal.SIGSTOP)
        found: list[np.ndarray] = []
        thread = threading.Thread(target=lambda: found.append(minilm.embed([CAT, LONG])))
        thread.start()

        os.kill(killed, signal.SIGKILL)
        thread.join()

        assert (found[0] == minilm.embed([CAT, LONG])).all()

    def test_is_replaced_when_it_hangs(self, minilm: MiniLM, monkeypatch: pytest.MonkeyPatch) -> None:
        before = minilm.embed([CAT])
        hanging = minilm.pid
        assert hanging is not None
        # Long enough for a new child to load the model.
        monkeypatch.setattr("chat.providers.embedded.minilm.model_process.SILENT_SECONDS", 6.0)

        os.kill(hanging, signal.SIGSTOP)

        assert (minilm.embed([CAT]) == before).all()
        assert not psutil.pid_exists(hanging)

    def test_ends_when_the_embedder_is_closed(self, minilm: MiniLM) -> None:
        minilm.embed([CAT])
        pid = minilm.pid
        assert pid is not None

        minilm.close()

        assert not psutil.pid_exists(pid)

    def test_ends_when_nothing_was_asked_for_a_while(self) -> None:
        minilm = MiniLM(idle_seconds=0.1)
        before = minilm.embed([CAT])
        assert until(lambda: minilm.pid is None)
        assert (minilm.embed([CAT]) == before).all()
        assert until(lambda: minilm.pid is None)

    def test_ends_when_its_parent_was_killed(self) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", PARENT], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as parent:
            assert parent.stdout is not None
            pid = int(parent.stdout.readline())
            parent.kill()
            assert until(lambda: not is_running(pid))

    def test_is_not_shared_by_forked_processes(self) -> None:
        assert subprocess.run([sys.executable, "-c", FORKING], cwd=ROOT).returncode == 0


class TestAnUrgentText:
    def test_goes_before_all_others_that_wait(self, minilm: MiniLM) -> None:
        minilm.embed([CAT])
        assert minilm.pid is not None
        done: list[str] = []

        def work(name: str, texts: list[str], *, urgent: bool) -> None:
            minilm.embed(texts, urgent=urgent)
            done.append(name)

        os.kill(minilm.pid, signal.SIGSTOP)
        threads = []
        for name, texts, urgent in (("at work", [CAT, CAT], False), ("waiting", [CAT], False), ("urgent", [CAT], True)):
            threads.append(threading.Thread(target=work, args=(name, texts), kwargs={"urgent": urgent}))
            threads[-1].start()
            time.sleep(0.3)  # so that each waits before the next one comes
        os.kill(minilm.pid, signal.SIGCONT)
        for thread in threads:
            thread.join()

        assert done[0] == "urgent"
