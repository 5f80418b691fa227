"""An archive that is not a whole backup is refused, and nothing in it is taken for a path."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from chat.models import Installation, User
from tests.management.transfer.conftest import BYTES, NAMES, restore

Member = tuple[tarfile.TarInfo, bytes]


def refused(archive: bytes) -> str:
    with pytest.raises(CommandError) as refusal:
        restore(archive)
    assert not User.objects.exists()
    return str(refusal.value)


def changed(archive: bytes, change: Callable[[list[Member]], None]) -> bytes:
    """Return the archive with other members."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar.getmembers()]
    change(members)
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return made.getvalue()


def with_manifest(archive: bytes, **values: Any) -> bytes:
    def change(members: list[Member]) -> None:
        member, content = members[0]
        members[0] = (member, msgspec.json.encode({**msgspec.json.decode(content), **values}))

    return changed(archive, change)


def with_name(archive: bytes, name: str, *, type: bytes = tarfile.REGTYPE) -> bytes:
    def change(members: list[Member]) -> None:
        member = next(member for member, _ in members if member.name == NAMES["File"])
        member.name, member.type, member.linkname = name, type, "/etc/passwd"

    return changed(archive, change)


class TestADamagedArchive:
    def test_is_refused_if_it_ends_early(self, archive: bytes) -> None:
        for share in (0, 0.001, 0.3, 0.9):
            assert "no whole backup" in refused(archive[: int(len(archive) * share)])
        restore(archive)  # what was refused is in nobody's way
        assert User.objects.count() == 1

    def test_is_refused_if_it_lacks_its_end(self, archive: bytes) -> None:
        assert "it ends early" in refused(changed(archive, lambda members: members.pop() and None))

    def test_is_refused_if_a_row_was_altered(self, archive: bytes) -> None:
        assert "it was altered, in auth_group, axes" in refused(archive.replace(b"\xa1x", b"\xa1y", 3))

    def test_is_refused_if_a_file_was_altered(self, archive: bytes) -> None:
        assert "it was altered, in files" in refused(archive.replace(BYTES, BYTES.replace(b"long", b"wide", 1), 1))

    def test_is_refused_if_a_file_is_left_out(self, archive: bytes) -> None:
        def change(members: list[Member]) -> None:
            members[:] = [member for member in members if member[0].name != NAMES["File"]]

        assert "it was altered, in files" in refused(changed(archive, change))

    def test_is_refused_if_it_is_something_else(self, installation: None) -> None:
        User.objects.all().delete()
        assert "no whole backup" in refused(b"PK\x03\x04" * 500)


class TestNamesInAnArchive:
    def test_are_those_of_stored_files(self, archive: bytes) -> None:
        for name in ("../../etc/cron.d/x", "/etc/cron.d/x", "files/../secret_key", "files/ab/../../x", "secret_key"):
            assert f"{name!r} is in it" in refused(with_name(archive, name))

    def test_are_of_files_only(self, archive: bytes) -> None:
        for type in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE):
            assert "is in it" in refused(with_name(archive, NAMES["File"], type=type))

    def test_cannot_be_named_by_rows(self, archive: bytes) -> None:
        def change(members: list[Member]) -> None:
            for place, (member, content) in enumerate(members):
                if member.name.startswith("rows/chat_file/"):
                    (row,) = msgspec.msgpack.decode(content)
                    row = ["secret_key" if value == NAMES["File"] else value for value in row]
                    members[place] = (member, msgspec.msgpack.encode([row]))

        assert "'secret_key' is no stored file's name" in refused(changed(archive, change))


class TestWhatDoesNotFit:
    def test_is_a_newer_version(self, archive: bytes) -> None:
        newer = with_manifest(archive, version="9.0", migrations=[["chat", "0001_initial"], ["chat", "9000_new"]])
        assert "Everthread 9.0" in refused(newer)
        assert "chat.9000_new" in refused(newer)

    def test_is_a_newer_format(self, archive: bytes) -> None:
        assert "Install Everthread 9.0" in refused(with_manifest(archive, format=2, version="9.0"))

    def test_is_another_table(self, archive: bytes) -> None:
        assert "its tables" in refused(with_manifest(archive, columns={"auth_user; DROP TABLE chat_user": ["id"]}))

    def test_is_an_installation_that_is_there(self, archive: bytes) -> None:
        restore(archive)
        with pytest.raises(CommandError, match=r"There is an installation already: [a-z_]+ has rows"):
            restore(archive)
        assert User.objects.count() == 1


class TestTheCommands:
    def test_write_a_private_file_and_read_it(self, installation: None, tmp_path: Path, capsys: Any) -> None:
        target = tmp_path / "all.tar"
        target.write_bytes(b"an earlier one")
        call_command("backup", str(target))
        assert target.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["all.tar"]
        assert "secret key is not in it" in capsys.readouterr().err

    def test_leave_nothing_half_written(self, transactional_db: None, tmp_path: Path, monkeypatch: Any) -> None:
        def full(*_arguments: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("chat.management.commands.backup.write_archive", full)
        with pytest.raises(CommandError, match="No space left"):
            call_command("backup", str(tmp_path / "all.tar"))
        assert list(tmp_path.iterdir()) == []

    def test_ask_for_the_secret_key_of_the_backup(self, archive: bytes, tmp_path: Path, settings: Any) -> None:
        file = tmp_path / "all.tar"
        file.write_bytes(archive)
        settings.SECRET_KEY = "another"
        with pytest.raises(CommandError, match="another secret key"):
            call_command("restore", str(file))
        assert not User.objects.exists()
        call_command("restore", str(file), "--new-secret")
        assert User.objects.count() == 1
        assert Installation.accepts("another", earlier=())

    def test_say_that_there_is_no_such_file(self, refusal: Callable[..., str], tmp_path: Path) -> None:
        assert "No such file" in refusal("restore", str(tmp_path / "none.tar"))

    def test_say_where_an_installation_can_move_to(self, refusal: Callable[..., str]) -> None:
        assert ("set DATABASE_URL to a PostgreSQL" in refusal("move_to_postgres")) == (connection.vendor == "sqlite")
