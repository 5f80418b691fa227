from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env


class TestAWrongValue:
    def test_of_a_number_is_named_with_an_example(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EVERTHREAD_MAX_RUNS", "many")
        with pytest.raises(ImproperlyConfigured, match=r"EVERTHREAD_MAX_RUNS='many'.*EVERTHREAD_MAX_RUNS=100"):
            env.integer("EVERTHREAD_MAX_RUNS", default=100)

    def test_of_a_number_may_be_too_small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EVERTHREAD_DATABASE_CONNECTIONS", "0")
        with pytest.raises(ImproperlyConfigured, match=r"CONNECTIONS='0'.* from 1 on.*CONNECTIONS=20"):
            env.integer("EVERTHREAD_DATABASE_CONNECTIONS", default=20, least=1)

    def test_of_a_switch_is_not_taken_for_no(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EVERTHREAD_TLS", "ja")
        with pytest.raises(ImproperlyConfigured, match=r"EVERTHREAD_TLS='ja'.*true or false"):
            env.boolean("EVERTHREAD_TLS", default=False)

    def test_of_a_choice_is_answered_with_the_choices(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EVERTHREAD_LOG_LEVEL", "loud")
        with pytest.raises(ImproperlyConfigured, match="DEBUG, INFO"):
            env.choice("EVERTHREAD_LOG_LEVEL", choices=("DEBUG", "INFO"), default="INFO")

    @pytest.mark.parametrize(
        "value",
        [
            "test_postgres",
            "/srv/everthread.sqlite3",
            "postgres:secret",
            "//me:secret@host/name",
            "://me:secret@host/name",
            "oops://me:secret@host/name",
            "mysql://me:secret@host/name",
            "postgres://me:secret@host",
            "postgres://me:secret@host/",
            "postgres://me:secret@host:port/name",
            "postgres://",
            "sqlite:test_postgres",
            "sqlite://",
            "sqlite:///",
            "sqlite:///:memory:",
            "sqlite://:memory:",
            "sqlite://folder/file",
            " ",
        ],
    )
    def test_of_the_database_is_answered_with_an_example_and_not_shown(
        self, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder, value: str
    ) -> None:
        monkeypatch.setenv("DATABASE_URL", value)
        with pytest.raises(ImproperlyConfigured, match=r"DATABASE_URL.*postgres://.*sqlite:////") as refused:
            env.database("DATABASE_URL", default=Path("unused"))
        assert "secret" not in str(refused.value)
        assert not recwarn.list

    @pytest.mark.parametrize(
        "value", ["host:6379", "http://:secret@host", "redis://", "redis://:secret@host:port", "//x"]
    )
    def test_of_redis_is_answered_with_an_example_and_not_shown(
        self, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        monkeypatch.setenv("REDIS_URL", value)
        with pytest.raises(ImproperlyConfigured, match=r"REDIS_URL.*redis://:password@host") as refused:
            env.redis("REDIS_URL")
        assert "secret" not in str(refused.value)

    def test_of_the_mail_server_is_described_without_its_password(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EMAIL_URL", "pigeon://me:secret@host")
        with pytest.raises(ImproperlyConfigured, match=r"smtp\+tls://") as refused:
            env.mail("EMAIL_URL")
        assert "secret" not in str(refused.value)

    def test_of_a_folder_that_cannot_be_made_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.touch()
        monkeypatch.setenv("EVERTHREAD_DATA_DIR", str(file / "data"))
        with pytest.raises(ImproperlyConfigured, match="Name a folder that can be written"):
            env.folder("EVERTHREAD_DATA_DIR", default=tmp_path)

    @pytest.mark.parametrize("value", ["61200", "65000-61200", "0-5", "a-b", "1-2-3"])
    def test_of_a_range_is_answered_with_an_example(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("EVERTHREAD_SANDBOX_UIDS", value)
        with pytest.raises(ImproperlyConfigured, match="EVERTHREAD_SANDBOX_UIDS=61200-65000"):
            env.integer_range("EVERTHREAD_SANDBOX_UIDS", default="61200-65000")


class TestValues:
    def test_that_are_a_range_are_its_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EVERTHREAD_SANDBOX_UIDS", "70000-70010")
        assert env.integer_range("EVERTHREAD_SANDBOX_UIDS", default="61200-65000") == (70000, 70010)

    def test_that_name_a_file_do_not_need_it_to_be_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EVERTHREAD_SANDBOX_SOCKET", "/run/none.sock")
        assert env.file("EVERTHREAD_SANDBOX_SOCKET") == Path("/run/none.sock")
        assert env.file("EVERTHREAD_SANDBOX_PYTHON") is None

    def test_that_are_empty_count_as_not_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EVERTHREAD_MAX_RUNS", "")
        assert env.integer("EVERTHREAD_MAX_RUNS", default=7) == 7

    def test_in_a_list_are_parted_by_commas(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DJANGO_ALLOWED_HOSTS", "a.example, b.example,")
        assert env.word_list("DJANGO_ALLOWED_HOSTS", default=["localhost"]) == ["a.example", "b.example"]

    @pytest.mark.parametrize(("written", "meant"), [("YES", True), ("on", True), ("0", False), ("False", False)])
    def test_of_a_switch_may_be_written_in_many_ways(
        self, monkeypatch: pytest.MonkeyPatch, written: str, meant: bool
    ) -> None:
        monkeypatch.setenv("EVERTHREAD_TLS", written)
        assert env.boolean("EVERTHREAD_TLS", default=not meant) is meant


class TestARedis:
    @pytest.mark.parametrize("address", ["", "redis://host", "rediss://me:word@host:6380/1", "unix:///run/redis.sock"])
    def test_is_named_by_an_address(self, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
        monkeypatch.setenv("REDIS_URL", address)
        assert env.redis("REDIS_URL") == address

    def test_needs_its_client(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REDIS_URL", "redis://host")
        monkeypatch.setattr(env, "find_spec", lambda _name: None)
        with pytest.raises(ImproperlyConfigured, match=r"everthread\[redis\]"):
            env.redis("REDIS_URL")


class TestADatabase:
    @pytest.mark.parametrize(
        ("address", "name"),
        [
            ("postgres://me:p%40ss@host:5432/name", "name"),
            ("postgresql://host/na%20me", "na me"),
            ("POSTGRES://me:p%zz#[@host/name?sslmode=require", "name"),
            ("postgres://?service=everthread", ""),
            ("sqlite:////srv/50%25/file", "/srv/50%/file"),
        ],
    )
    def test_is_named_by_an_address(self, monkeypatch: pytest.MonkeyPatch, address: str, name: str) -> None:
        monkeypatch.setenv("DATABASE_URL", address)
        assert env.database("DATABASE_URL", default=Path("unused"))["NAME"] == name

    def test_in_a_file_beside_is_found_from_elsewhere_too(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("DATABASE_URL", "sqlite:///file")
        assert env.database("DATABASE_URL", default=Path("unused"))["NAME"] == str(tmp_path / "file")

    @pytest.mark.parametrize("folder", ["50%", "a+b", "what?", "#1"])
    def test_is_a_file_in_the_data_folder_unless_said_otherwise(
        self, monkeypatch: pytest.MonkeyPatch, folder: str
    ) -> None:
        monkeypatch.setenv("DATABASE_URL", "")
        assert env.database("DATABASE_URL", default=Path(folder, "file"))["NAME"] == f"{folder}/file"


class TestTheKeptSecret:
    def test_is_made_once_and_readable_by_its_owner_only(self, tmp_path: Path) -> None:
        path = tmp_path / "secret_key"
        first = env.secret_in_file(path)
        assert env.secret_in_file(path) == first
        assert len(first) >= 50
        assert path.stat().st_mode & 0o777 == 0o600
