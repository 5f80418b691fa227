"""What code leaves is kept by the worker that holds its run, and by no other."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest

from chat.engine.hosted_tools import generated_files
from chat.engine.recording.run_lifecycle import HoldLost
from chat.models import File, Run, RunStatus, SandboxFile, Thread
from tests.interpreted import PNG

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]
DEEDS: list[Callable[[Run], object]] = [
    lambda run: generated_files.keep_file(run, "b.txt", BytesIO(b"late")),
    lambda run: generated_files.keep_picture(run, PNG, number=1),
    lambda run: generated_files.forget_files(run, ["a.txt"]),
]


@pytest.fixture
def run(thread: Thread) -> Run:
    return Run.objects.create(thread=thread, model="scripted", status=RunStatus.IN_PROGRESS, worker="first")


def rows() -> list[object]:
    return [*File.objects.values_list("id"), *SandboxFile.objects.values_list("name", "file")]


class TestAWorkerThatLostItsRun:
    @pytest.mark.parametrize("deed", DEEDS, ids=["keeps no file", "keeps no picture", "forgets no file"])
    @pytest.mark.parametrize("lost", [{"worker": "second"}, {"status": RunStatus.FAILED, "worker": ""}])
    def test_writes_nothing(self, run: Run, deed: Callable[[Run], object], lost: dict[str, str]) -> None:
        generated_files.keep_file(run, "a.txt", BytesIO(b"kept"))
        before = rows()
        Run.objects.filter(pk=run.pk).update(**lost)
        with pytest.raises(HoldLost):
            deed(run)
        assert rows() == before
