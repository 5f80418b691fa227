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
from numpy.typing import NDArray

from chat.providers.embedded.embedder.built_in import PARTS, WIDTH, BuiltInEmbedder, joined
from chat.providers.embedded.server.supervisor import ROOT
from chat.providers.int8_rows import Int8Rows
from tests.providers.embedded.conftest import is_running, until

pytestmark = pytest.mark.slow

CAT, KITTEN, MARKET = "A cat sits on the mat.", "A kitten rests on a rug.", "The stock market fell."
LONG = "The archive keeps every letter that the keeper of the lighthouse wrote. " * 15

PARENT = """
from chat.providers.embedded.embedder.built_in import BuiltInEmbedder

embedder = BuiltInEmbedder()
embedder.embed(["Hello"])
print(embedder.pid, flush=True)
input()
"""

FORKING = """
import os, sys
from chat.providers.embedded.embedder.built_in import BuiltInEmbedder

embedder = BuiltInEmbedder()
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


def compact(rows: NDArray[np.float32]) -> Int8Rows:
    return Int8Rows.of(rows, parts=PARTS)


@pytest.fixture(scope="module")
def shared() -> Iterator[BuiltInEmbedder]:
    """For tests that leave the child alone."""
    embedder = BuiltInEmbedder()
    yield embedder
    embedder.close()


@pytest.fixture
def embedder() -> Iterator[BuiltInEmbedder]:
    embedder = BuiltInEmbedder()
    yield embedder
    embedder.close()


class TestVectors:
    def test_are_rows_of_two_parts_of_length_one_and_the_language(self, shared: BuiltInEmbedder) -> None:
        vectors = shared.embed([CAT, "", "日本語 😀", LONG, "a\ud800b"])
        assert vectors.shape == (5, WIDTH)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors[:, :384], axis=1) == pytest.approx(1)
        assert np.linalg.norm(vectors[:, 384:-1], axis=1) == pytest.approx(1)
        assert vectors[:, -1].tolist() == [1, 1, 0, 1, 1]

    def test_of_no_texts_are_no_rows(self, shared: BuiltInEmbedder) -> None:
        assert shared.embed([]).shape == (0, WIDTH)

    def test_joined_are_of_length_one(self, shared: BuiltInEmbedder) -> None:
        assert np.linalg.norm(joined(shared.embed([CAT, "日本語", LONG])), axis=1) == pytest.approx(1)

    def test_are_closer_the_closer_the_meanings_are(self, shared: BuiltInEmbedder) -> None:
        cat, *others = shared.embed([CAT, KITTEN, MARKET])
        assert shared.similarities(compact(np.array(others)), cat) == pytest.approx([0.66, 0.07], abs=0.02)

    def test_of_a_question_are_closest_to_its_answer(self, shared: BuiltInEmbedder) -> None:
        answers = [
            "An administrator resets your password in the settings.",
            "Invoices are paid within thirty days.",
            "The canteen is open from noon to two.",
        ]
        (question,) = shared.embed(["I cannot sign in any more"], urgent=True)
        assert np.argmax(shared.similarities(compact(shared.embed(answers)), question)) == 0

    @pytest.mark.parametrize(
        ("question", "place"),
        [
            ("Wie früh muss ich meine Ferien anmelden?", 0),
            ("Wo trifft man sich, wenn es brennt?", 1),
            ("Wer ersetzt meinen kaputten Monitor?", 2),
            ("Where is the meeting point in case of fire?", 1),
            ("Est-ce que les animaux sont admis ?", 3),
            ("壊れた画面は誰が直しますか", 2),
            ("Можно ли приводить собак?", 3),
        ],
    )
    def test_of_a_question_are_closest_to_its_answer_in_other_languages(
        self, shared: BuiltInEmbedder, question: str, place: int
    ) -> None:
        answers = [
            "Urlaubsanträge müssen spätestens drei Wochen vor Beginn bei der Personalabteilung eingereicht werden.",
            "Bei Feueralarm verlassen alle Mitarbeiter das Haus und sammeln sich am Brunnen.",
            "Defekte Bildschirme werden vom Helpdesk am selben Tag ausgetauscht.",
            "Hunde dürfen mitgebracht werden, wenn alle Kollegen im Zimmer einverstanden sind.",
        ]
        (asked,) = shared.embed([question], urgent=True)
        assert np.argmax(shared.similarities(compact(shared.embed(answers)), asked)) == place

    def test_do_not_depend_on_what_else_is_asked(self, shared: BuiltInEmbedder) -> None:
        together = shared.embed([CAT, LONG, MARKET])
        assert (shared.embed([MARKET, CAT])[::-1] == together[[0, 2]]).all()
        assert (shared.embed([LONG])[0] == together[1]).all()

    def test_of_a_long_text_are_those_of_its_beginning(self, shared: BuiltInEmbedder) -> None:
        cut = "keeper " * 600
        assert (shared.embed([cut + "of the lighthouse"]) == shared.embed([cut])).all()

    def test_are_right_for_each_of_many_threads(self, shared: BuiltInEmbedder) -> None:
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
    def test_is_started_by_the_first_text(self, embedder: BuiltInEmbedder) -> None:
        assert embedder.pid is None
        embedder.windows(LONG)
        assert embedder.pid is None
        embedder.embed([CAT])
        assert embedder.pid is not None
        assert is_running(embedder.pid)

    def test_is_told_no_secrets_and_goes_after_others(
        self, embedder: BuiltInEmbedder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        embedder.embed([CAT])
        child = psutil.Process(embedder.pid)
        assert not {name for name in child.environ() if name.startswith(("OPENAI", "DJANGO", "EVERTHREAD"))}
        assert child.nice() > psutil.Process().nice()

    def test_is_replaced_when_it_was_killed(self, embedder: BuiltInEmbedder) -> None:
        before = embedder.embed([CAT])
        killed = embedder.pid
        assert killed is not None

        os.kill(killed, signal.SIGKILL)

        assert (embedder.embed([CAT]) == before).all()
        assert embedder.pid != killed
        assert not psutil.pid_exists(killed)

    def test_is_replaced_when_it_was_killed_at_work(self, embedder: BuiltInEmbedder) -> None:
        embedder.embed([CAT])
        killed = embedder.pid
        assert killed is not None
        os.kill(killed, signal.SIGSTOP)
        found: list[np.ndarray] = []
        thread = threading.Thread(target=lambda: found.append(embedder.embed([CAT, LONG])))
        thread.start()

        os.kill(killed, signal.SIGKILL)
        thread.join()

        assert (found[0] == embedder.embed([CAT, LONG])).all()

    def test_is_replaced_when_it_hangs(self, embedder: BuiltInEmbedder, monkeypatch: pytest.MonkeyPatch) -> None:
        before = embedder.embed([CAT])
        hanging = embedder.pid
        assert hanging is not None
        # Long enough for a new child to load the model.
        monkeypatch.setattr("chat.providers.embedded.embedder.model_process.SILENT_SECONDS", 6.0)

        os.kill(hanging, signal.SIGSTOP)

        assert (embedder.embed([CAT]) == before).all()
        assert not psutil.pid_exists(hanging)

    def test_ends_when_the_embedder_is_closed(self, embedder: BuiltInEmbedder) -> None:
        embedder.embed([CAT])
        pid = embedder.pid
        assert pid is not None

        embedder.close()

        assert not psutil.pid_exists(pid)

    def test_ends_when_nothing_was_asked_for_a_while(self) -> None:
        embedder = BuiltInEmbedder(idle_seconds=0.1)
        before = embedder.embed([CAT])
        assert until(lambda: embedder.pid is None)
        assert (embedder.embed([CAT]) == before).all()
        assert until(lambda: embedder.pid is None)

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
    def test_goes_before_all_others_that_wait(self, embedder: BuiltInEmbedder) -> None:
        embedder.embed([CAT])
        assert embedder.pid is not None
        done: list[str] = []

        def work(name: str, texts: list[str], *, urgent: bool) -> None:
            embedder.embed(texts, urgent=urgent)
            done.append(name)

        os.kill(embedder.pid, signal.SIGSTOP)
        threads = []
        for name, texts, urgent in (("at work", [CAT, CAT], False), ("waiting", [CAT], False), ("urgent", [CAT], True)):
            threads.append(threading.Thread(target=work, args=(name, texts), kwargs={"urgent": urgent}))
            threads[-1].start()
            time.sleep(0.3)  # so that each waits before the next one comes
        os.kill(embedder.pid, signal.SIGCONT)
        for thread in threads:
            thread.join()

        assert done[0] == "urgent"
