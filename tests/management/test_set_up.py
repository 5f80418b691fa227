"""Servers of one installation that start at the same moment, and the secret key that they have in common."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.live import LiveServer
from tests.management.test_serve import run
from tests.postgres import new_database, postgres

AT_ONCE = 3
COUNTS = "from chat.models import *; print(User.objects.count(), Assistant.objects.count(), Provider.objects.count())"
NOTHING_YET = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_MODEL": "none"}  # no server of tests is set up so


def start_together(servers: list[LiveServer]) -> None:
    with ThreadPoolExecutor(len(servers)) as threads:
        starts = [threads.submit(server.start) for server in servers]
    try:
        for start in starts:
            start.result()
        assert servers[0].shell(COUNTS).split() == ["1", "4", "1"]
    finally:
        for server in servers:
            server.stop()
    assert not [server.log.read_text() for server in servers if "Traceback" in server.log.read_text()]


class TestServersThatStartTogether:
    def test_set_up_one_data_folder_once(self, tmp_path: Path) -> None:
        start_together([LiveServer(tmp_path, **NOTHING_YET) for _ in range(AT_ONCE)])

    @pytest.mark.slow
    def test_set_up_one_database_once(self, tmp_path: Path) -> None:
        with postgres() as server:
            shared = {"DATABASE_URL": new_database(server, "everthread"), "DJANGO_SECRET_KEY": "of all"}
            folders = [tmp_path / str(number) for number in range(AT_ONCE)]
            for folder in folders:
                folder.mkdir()
            start_together([LiveServer(folder, **NOTHING_YET, **shared) for folder in folders])


class TestTheSecretKey:
    def test_is_one_for_all_processes(self, tmp_path: Path) -> None:
        with LiveServer(tmp_path, DJANGO_SECRET_KEY="ours"):
            pass
        refused = run(LiveServer(tmp_path, DJANGO_SECRET_KEY="another"))
        assert refused.returncode == 1
        assert "Set DJANGO_SECRET_KEY to the secret of the other processes" in refused.stderr
        assert "Traceback" not in refused.stderr

    def test_can_be_changed(self, tmp_path: Path) -> None:
        with LiveServer(tmp_path, DJANGO_SECRET_KEY="old"):
            pass
        with LiveServer(tmp_path, DJANGO_SECRET_KEY="new", DJANGO_SECRET_KEY_FALLBACKS="old"):
            pass
        with LiveServer(tmp_path, DJANGO_SECRET_KEY="new"):
            pass

    def test_can_be_replaced_when_it_is_lost(self, tmp_path: Path) -> None:
        with LiveServer(tmp_path, DJANGO_SECRET_KEY="lost"):
            pass
        server = LiveServer(tmp_path, DJANGO_SECRET_KEY="new")
        server.start("--new-secret")
        assert server.stop() == 0
