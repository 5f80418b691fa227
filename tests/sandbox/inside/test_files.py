"""``/mnt/data``, from within and from without, in both tiers."""

from __future__ import annotations

import pytest

from chat.sandbox.errors import FileRefused
from chat.sandbox.sessions.session import Session
from tests.sandbox.saying import complaint, said


class TestFiles:
    def test_go_in_and_out_whole(self, session: Session):
        data = bytes(range(256)) * 10_000

        session.put("folder/a b é.bin", data)

        assert said(session, "import os\nos.path.getsize('/mnt/data/folder/a b é.bin')") == f"{len(data)}\n"
        assert b"".join(session.get("folder/a b é.bin", offset=at) for at in range(0, len(data), 1 << 20)) == data
        assert session.get("folder/a b é.bin", offset=len(data)) == b""

    def test_are_listed_with_their_size(self, session: Session):
        session.put("b.txt", b"12345")
        session.put("a.txt", b"")
        said(
            session,
            "import os; os.makedirs('c'); open('c/d', 'w').write('x')",
        )

        assert [(entry.name, entry.size) for entry in session.files()] == [("a.txt", 0), ("b.txt", 5), ("c/d", 1)]

    def test_are_listed_without_those_in_a_folder_that_cannot_be_entered(self, session: Session):
        session.put("a.txt", b"")
        session.put("b/c.txt", b"")
        said(session, "import os; os.chmod('b', 0o644)")

        assert [entry.name for entry in session.files() if entry.name != "b/c.txt"] == ["a.txt"]

    def test_are_replaced_when_put_again(self, session: Session):
        session.put("a.txt", b"long before")
        session.put("a.txt", b"short")

        assert session.get("a.txt", offset=0) == b"short"

    def test_can_be_removed(self, session: Session):
        session.put("a.txt", b"x")

        session.remove("a.txt")

        assert session.files() == []
        with pytest.raises(FileRefused):
            session.remove("a.txt")

    def test_that_are_not_there_are_refused(self, session: Session):
        with pytest.raises(FileRefused, match="No such file"):
            session.get("nope.txt", offset=0)

    def test_that_are_folders_are_refused(self, session: Session):
        session.put("a/b", b"x")

        with pytest.raises(FileRefused):
            session.get("a", offset=0)
        with pytest.raises(FileRefused):
            session.put("a", b"x")

    def test_that_are_links_or_pipes_are_neither_listed_nor_read(self, session: Session):
        session.run("import os\nos.symlink('/etc/passwd', 'link')")
        session.run("import os\nos.mkfifo('pipe')")

        assert session.files() == []
        for name in ("link", "pipe"):
            with pytest.raises(FileRefused):
                session.get(name, offset=0)

    def test_a_missing_one_is_called_by_the_name_that_the_cell_used(self, session: Session):
        told = complaint(session, "open('/mnt/data/data.csv')")

        assert told.endswith("FileNotFoundError: [Errno 2] No such file or directory: '/mnt/data/data.csv'\n")

    def test_of_the_cells_own_do_not_stand_for_libraries(self, session: Session):
        session.put("statistics.py", b"raise Exception('mine')")

        assert said(session, "import statistics\nstatistics.mean([1, 3])") == "2\n"


class TestTheFolder:
    @pytest.mark.parametrize(
        "code",
        [
            "import os; os.getcwd()",
            "import os; os.path.abspath('.')",
            "import pathlib; str(pathlib.Path.cwd())",
            "import pathlib; str(pathlib.Path('.').resolve())",
            "import os; os.chdir('/mnt/data'); os.getcwdb().decode()",
            "import os; os.makedirs('/mnt/data/a/b'); os.chdir('a/b'); os.path.abspath('../..')",
        ],
    )
    def test_is_called_the_same_in_both_tiers(self, session: Session, code: str):
        assert said(session, code) == "'/mnt/data'\n"

    @pytest.mark.parametrize(
        "code",
        [
            "import io; io.open('/mnt/data/x', 'w').close()",
            "import os; os.close(os.open('/mnt/data/x', os.O_CREAT | os.O_WRONLY))",
            "import pathlib; pathlib.Path('/mnt/data/x').touch()",
            "import pathlib; pathlib.Path('/mnt/data', 'x').write_bytes(b'')",
            "open(file='/mnt/data/x', mode='w').close()",
            "open(b'/mnt/data/x', 'wb').close()",
            "import os; open('y', 'w').close(); os.rename('/mnt/data/y', '/mnt/data/x')",
            "import shutil; open('y', 'w').close(); shutil.move('/mnt/data/y', '/mnt/data/x');",
            "import shutil, os; open('y', 'w').close(); shutil.copy2('y', '/mnt/data/x'); os.remove('/mnt/data/y')",
            "import numpy as np; np.array([], 'u1').tofile('/mnt/data/x')",
            "import logging; logging.FileHandler('/mnt/data/x').close()",
            "import codecs; codecs.open('/mnt/data/x', 'w', 'utf-8').close()",
            "import bz2; bz2.open('/mnt/data/y', 'w').close(); import os; os.replace('/mnt/data/y', 'x')",
        ],
    )
    def test_can_be_written_to_in_every_way(self, session: Session, code: str):
        said(session, code)

        assert [entry.name for entry in session.files()] == ["x"]

    def test_can_hold_databases_of_any_kind(self, session: Session):
        said(session, "import shelve\nwith shelve.open('/mnt/data/kept') as kept:\n    kept['a'] = [1]")

        assert said(session, "dict(shelve.open('/mnt/data/kept'))") == "{'a': [1]}\n"

    def test_can_be_looked_through_in_every_way(self, session: Session):
        session.put("a/b.txt", b"x")
        code = (
            "import os, glob, pathlib\n"
            "print(os.listdir('/mnt/data'), [e.name for e in os.scandir('/mnt/data/a')], glob.glob('/mnt/data/*/*'))\n"
            "print(list(os.walk('/mnt/data')), sorted(map(str, pathlib.Path('/mnt/data').rglob('*'))))\n"
            "print(os.path.exists('/mnt/data/a/b.txt'), os.path.isdir('/mnt/data/a'), os.access('/mnt/data', os.W_OK))"
        )

        assert said(session, code) == (
            "['a'] ['b.txt'] ['/mnt/data/a/b.txt']\n"
            "[('/mnt/data', ['a'], []), ('/mnt/data/a', [], ['b.txt'])] ['/mnt/data/a', '/mnt/data/a/b.txt']\n"
            "True True True\n"
        )
