"""A thread whose code runs now on one machine, now on another: two brokers and data folders, one database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from chat.models import CodeSession, File, SandboxFile, Thread, User
from tests.engine.hosted_tools.test_code_interpreter import CODE, cells, printed
from tests.engine.stage import Stage
from tests.sandbox.brokers import RunningBroker, broker

pytestmark = [pytest.mark.django_db(transaction=True)]
WRITE = "open('/mnt/data/a.txt', 'w').write({!r});"
READ = "open('/mnt/data/a.txt').read()"


@pytest.fixture(scope="module")
def brokers(sandbox_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningBroker]]:
    folders = [tmp_path_factory.mktemp("machine") for _ in "AB"]
    with broker(sandbox_python, folders[0]) as first, broker(sandbox_python, folders[1]) as second:
        yield {"A": first, "B": second}


@pytest.fixture
def move_to(settings, brokers: dict[str, RunningBroker]) -> Callable[[str], None]:
    def move(machine: str) -> None:
        settings.EVERTHREAD_SANDBOX_SOCKET = brokers[machine].options.socket

    return move


@pytest.fixture
def thread(ada: User, assistant, media: object) -> Thread:
    assistant.tools = [CODE]
    assistant.save()
    return Thread.objects.create(owner=ada, assistant=assistant)


class TestAThreadOnTwoMachines:
    async def test_reads_what_was_written_last_wherever_and_says_that_variables_are_lost(
        self, stage: Stage, thread: Thread, move_to: Callable[[str], None]
    ) -> None:
        move_to("A")
        await printed(stage, thread, "x = 1; " + WRITE.format("one"))
        move_to("B")
        await printed(stage, thread, WRITE.format("two"))
        move_to("A")
        assert await printed(stage, thread, f"{READ}, 'x' in globals()") == "('two', False)\n"
        assert (await cells(thread))[-1]["note"].startswith("[The session was started anew")

    async def test_does_not_see_a_file_that_was_removed_elsewhere(
        self, stage: Stage, thread: Thread, move_to: Callable[[str], None]
    ) -> None:
        move_to("A")
        await printed(stage, thread, WRITE.format("one"))
        move_to("B")
        await printed(stage, thread, "import os; os.remove('/mnt/data/a.txt')")
        move_to("A")
        assert await printed(stage, thread, "import os; os.listdir('/mnt/data')") == "[]\n"


class TestALivingSession:
    async def test_loses_a_file_whose_row_is_deleted(
        self, stage: Stage, thread: Thread, move_to: Callable[[str], None]
    ) -> None:
        move_to("A")
        await printed(stage, thread, "x = 1; " + WRITE.format("one"))
        await SandboxFile.objects.filter(thread=thread).adelete()
        assert await printed(stage, thread, "import os; os.listdir('/mnt/data'), x") == "([], 1)\n"

    async def test_gets_another_file_of_the_same_name_and_size(
        self, stage: Stage, thread: Thread, ada: User, move_to: Callable[[str], None]
    ) -> None:
        move_to("A")
        for content in (b"old", b"new"):
            file = File(owner=ada, filename="a.txt", bytes=3)
            file.content.save(file.id, ContentFile(content), save=False)
            await file.asave()
            thread.tool_resources = {"code_interpreter": {"file_ids": [file.id]}}
            await thread.asave()
            said = await printed(stage, thread, READ)
        assert said == "'new'\n"


class TestTheRow:
    def test_is_not_written_by_who_read_it_before_another_session_took_over(self, thread: Thread) -> None:
        row = CodeSession.objects.create(thread=thread)
        late = CodeSession.objects.get(pk=row.pk)
        assert row.record("first", {})
        assert not late.record("second", {})
        assert (row.is_latest, late.is_latest) == (True, False)
