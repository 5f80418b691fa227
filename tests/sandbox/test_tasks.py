"""What people ask for every day gives the right result, in both tiers."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from PIL import Image

from chat.sandbox.libraries import MORE
from chat.sandbox.sessions.session import Session
from tests.sandbox.tasks import SHELF, TASKS, Task


def result(session: Session, task: Task) -> tuple[str, str, list[str | None]]:
    outcome = session.run(task.code)
    said = "\n".join(line.rstrip() for line in outcome.logs.splitlines())
    return outcome.status, said, [Image.open(io.BytesIO(picture)).format for picture in outcome.images]


def wanted(task: Task) -> tuple[str, str, list[str | None]]:
    return "ok", task.says, ["PNG"] * task.pictures


class TestAnEverydayTask:
    @pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
    def test_gives_the_right_result(self, session: Session, task: Task):
        for name, data in task.files.items():
            session.put(name, data)

        assert result(session, task) == wanted(task)


class TestEachLibrary:
    def test_is_there_and_works(self, session: Session):
        results = {task.name: result(session, task) for task in SHELF}

        assert results == {task.name: wanted(task) for task in SHELF}

    def test_is_among_the_tasks(self):
        assert set(MORE.values()) <= set(re.findall(r"\w+", " ".join(task.name for task in SHELF)))


class TestWhatATaskMade:
    def test_is_a_whole_file_for_the_one_who_asked(self, session: Session):
        session.run("import pandas as pd\npd.DataFrame({'a': range(50_000)}).to_csv('/mnt/data/a.csv', index=False)")
        session.run(
            "import zipfile\nwith zipfile.ZipFile('/mnt/data/a.zip', 'w', 8) as z: z.write('/mnt/data/a.csv', 'a.csv')"
        )

        archive = zipfile.ZipFile(io.BytesIO(session.get("a.zip", offset=0)))

        assert archive.read("a.csv").split() == [b"a", *(str(number).encode() for number in range(50_000))]

    def test_is_a_picture_of_what_was_drawn(self, session: Session):
        outcome = session.run(
            "import matplotlib.pyplot as plt\n"
            "plt.figure(figsize=(4, 2), facecolor='white')\n"
            "plt.axes([0, 0, 1, 1]).set_facecolor((1, 0, 0))\n"
            "plt.show()"
        )

        picture = Image.open(io.BytesIO(outcome.images[0])).convert("RGB")
        assert picture.width > picture.height
        assert picture.getpixel((picture.width // 2, picture.height // 2)) == (255, 0, 0)
