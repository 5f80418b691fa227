"""Folders that a hostile hand has filled, measured and removed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chat.sandbox.sessions import folders

NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "session"
    folders.make(folder, uid=None)
    yield folder
    folders.remove(folder)  # pytest's own removal fails on what is too deep


def nest(folder: Path, *, depth: int) -> None:
    """Deeper than a path may be long, if it must be."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("deeper", dir_fd=here)
        inner = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


@contextmanager
def bound_by_permissions(folder: str) -> Iterator[None]:
    """Root gives up its powers for a while; the folder belongs to who it is then."""
    if os.geteuid() != 0:
        yield
        return
    os.chown(folder, NOBODY, -1)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


class TestMeasuring:
    def test_counts_bytes_on_the_disk_and_names(self, folder: Path) -> None:
        (folder / "data" / "a").write_bytes(bytes(100_000))
        (folder / "data" / "inner").mkdir()
        (folder / "data" / "inner" / "b").write_bytes(b"b")

        use = folders.measure(folder, at_most=100)

        assert use.size >= 100_000
        assert (use.count, use.depth) == (5, 2)  # data, tmp, a, inner, b

    def test_does_not_count_holes(self, folder: Path) -> None:
        with (folder / "data" / "sparse").open("wb") as file:
            file.truncate(1 << 40)

        assert folders.measure(folder, at_most=100).size < 1 << 20

    def test_follows_no_link(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "outside").write_bytes(bytes(1 << 20))
        (folder / "data" / "file").symlink_to(tmp_path / "outside")
        (folder / "data" / "all").symlink_to("/")

        use = folders.measure(folder, at_most=100)

        assert use.count == 4
        assert use.size < 1 << 20

    def test_stops_when_there_is_too_much(self, folder: Path) -> None:
        for number in range(50):
            (folder / "data" / str(number)).touch()

        assert folders.measure(folder, at_most=10).count == 11

    def test_stops_when_it_is_too_deep(self, folder: Path) -> None:
        nest(folder / "data", depth=2000)

        assert folders.measure(folder, at_most=10_000).depth == folders.MAX_DEPTH + 1

    @pytest.mark.parametrize("mode", [0, 0o300])
    def test_says_that_it_may_not_look_into_a_folder(self, mode: int) -> None:
        with tempfile.TemporaryDirectory() as folder, bound_by_permissions(folder):
            (Path(folder) / "dark").mkdir(mode=mode)

            assert folders.measure(Path(folder), at_most=10).is_hidden

    def test_finds_nothing_hidden_where_it_may_look(self, folder: Path) -> None:
        assert not folders.measure(folder, at_most=10).is_hidden

    def test_counts_files_that_are_deleted_and_still_open(self, folder: Path) -> None:
        with (folder / "data" / "deleted").open("wb") as file, (folder / "data" / "kept").open("wb") as kept:
            file.write(bytes(1 << 20))
            file.flush()
            kept.write(bytes(1 << 20))
            kept.flush()
            before = folders.deleted_size(os.getpid())
            (folder / "data" / "deleted").unlink()

            assert folders.deleted_size(os.getpid()) - before == 1 << 20

    def test_finds_nothing_where_nothing_is(self, tmp_path: Path) -> None:
        assert folders.measure(tmp_path / "none", at_most=10).count == 0


class TestRemoving:
    def test_takes_everything(self, folder: Path) -> None:
        nest(folder / "data", depth=3000)
        (folder / "tmp" / "closed").mkdir()
        (folder / "tmp" / "closed" / "file").touch()
        (folder / "tmp" / "closed").chmod(0)

        folders.remove(folder)

        assert not folder.exists()

    def test_follows_no_link(self, folder: Path, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "kept").write_text("kept")
        (folder / "data" / "link").symlink_to(outside)
        (folder / "data" / "inner").mkdir()
        (folder / "data" / "inner" / "link").symlink_to(outside)

        folders.remove(folder)

        assert not folder.exists()
        assert (outside / "kept").read_text() == "kept"

    def test_is_content_with_nothing(self, tmp_path: Path) -> None:
        folders.remove(tmp_path / "none")


class TestMaking:
    def test_is_for_its_owner_alone(self, folder: Path) -> None:
        assert {path.stat().st_mode & 0o777 for path in (folder, folder / "data", folder / "tmp")} == {0o700}
