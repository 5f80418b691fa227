"""The page of the sandbox: its state, and a button that runs a test cell with a real broker."""

from __future__ import annotations

import asyncio
import html
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from chat.models import User
from chat.sandbox.state import State, attend, write_state

pytestmark = pytest.mark.django_db
PAGE, STATE, TEST = "/admin/sandbox/", "/admin/sandbox/state/", "/admin/sandbox/test/"
NO_NAMESPACES = "this kernel gives no user namespaces <here>"


@pytest.fixture
def folder(settings, tmp_path: Path) -> Iterator[Path]:
    """The folder of the sandbox of a running server."""
    settings.EVERTHREAD_DATA_DIR = tmp_path
    folder = tmp_path / "sandbox"
    folder.mkdir()
    lock = attend(folder)
    assert lock is not None
    yield folder
    os.close(lock)


@pytest.fixture
def client(boss: User, enter) -> Client:
    return enter(boss)


@pytest.fixture
def looker(make_staff, enter) -> Client:
    """Staff who may give assistants the tool."""
    return enter(make_staff("change_assistant"))


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


class TestThePage:
    @pytest.mark.parametrize(
        ("state", "words"),
        [
            (State("off", "The code interpreter is switched off."), "The code interpreter is switched off."),
            (State("preparing", "installing pandas", progress=0.4), "being prepared (40 %)"),
            (State("starting"), "The code interpreter is starting."),
            (State("refused", "No isolation works here."), "No isolation works here."),
            (State("failed", "pip found no numpy."), "could not be started. pip found no numpy."),
            (State("ready", tier="ns"), "The code interpreter is not running."),
        ],
        ids=lambda value: value.state if isinstance(value, State) else "",
    )
    def test_says_how_it_stands(self, state, words, client, folder) -> None:
        write_state(folder, state)
        assert words in text_of(client, PAGE)

    def test_says_so_when_no_server_runs(self, client, settings, tmp_path) -> None:
        settings.EVERTHREAD_DATA_DIR = tmp_path
        assert "no server of this data folder is" in text_of(client, PAGE)

    @pytest.mark.parametrize("address", [PAGE, STATE])
    def test_asks_again_as_long_as_something_is_outstanding(self, address, client, folder) -> None:
        for state in ("preparing", "starting"):
            write_state(folder, State(state))
            assert f'hx-get="{STATE}"' in text_of(client, address)
        for state in ("off", "ready", "refused", "failed"):
            write_state(folder, State(state))
            assert "hx-get" not in text_of(client, address)

    def test_says_what_each_tier_said(self, client, folder) -> None:
        write_state(folder, State("ready", tier="landlock", reasons={"ns": NO_NAMESPACES, "landlock": "OK"}))
        page = text_of(client, PAGE)
        rows = re.findall(r"<tr.*?</tr>", page.partition("What was tried")[2], re.DOTALL)
        assert "does not work" in rows[1]
        assert html.escape(NO_NAMESPACES) in rows[1]
        assert "works, is used" in rows[2]
        write_state(folder, State("ready", tier="landlock", reasons={"landlock": "OK"}))
        assert "was not tried" in text_of(client, PAGE)

    def test_is_in_a_room_of_its_own(self, client, looker, make_staff, enter) -> None:
        for who in (client, looker):
            assert f'href="{PAGE}"' in text_of(who, "/admin/")
        assert PAGE not in text_of(enter(make_staff("view_assistant", username="other")), "/admin/")

    @pytest.mark.parametrize("address", [PAGE, STATE])
    def test_is_for_those_who_may_change_assistants(self, address, looker, make_staff, enter, ada) -> None:
        assert looker.get(address).status_code == 200
        assert enter(make_staff("view_assistant", username="other")).get(address).status_code == 403
        assert enter(ada).get(address).status_code == 302
        assert Client().get(address).status_code == 302


class TestTheTestCell:
    def test_runs_in_a_session_that_ends_with_it(self, client, folder, sandbox) -> None:
        write_state(folder, State("ready", tier=sandbox.status()["tier"]))
        before = sandbox.status()["sessions"]
        page = client.post(TEST).content.decode()
        assert "It ran" in page
        assert "The mean of sin² is 0.5" in page
        [picture] = re.findall(r'<img src="data:image/png;base64,([^"]+)"', page)
        assert len(picture) > 1000
        assert sandbox.status()["sessions"] == before

    def test_says_why_it_cannot_run(self, client, folder) -> None:
        write_state(folder, State("refused", "No isolation works here."))
        assert "No isolation works here." in client.post(TEST).content.decode()

    def test_is_for_superusers_alone(self, looker, folder) -> None:
        assert "Run a test cell" not in text_of(looker, PAGE)
        assert looker.post(TEST).status_code == 403

    def test_is_asked_for_by_its_form(self, boss, client, folder) -> None:
        assert "Run a test cell" in text_of(client, PAGE)
        assert client.get(TEST).status_code == 405
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(boss)
        assert strict.post(TEST).status_code == 403


class TestTheStatistics:
    @pytest.fixture
    def session(self, ada: User, sandbox) -> Iterator[None]:
        """One of Ada's, in which something large is kept."""

        async def run() -> None:
            async with sandbox.sandbox.lease("one", owner=str(ada.pk)) as lease:
                await lease.run("x = b'x' * 50_000_000")

        async def end() -> None:
            async with sandbox.sandbox.lease("one", owner=str(ada.pk)) as lease:
                await lease.end()

        asyncio.run(run())
        yield
        asyncio.run(end())

    def test_tell_of_sessions_and_limits(self, client, folder, sandbox, session) -> None:
        write_state(folder, State("ready", tier=sandbox.status()["tier"]))
        page = text_of(client, PAGE)
        row = re.search(r'<th scope="row">ada</th>.*?</tr>', page, re.DOTALL)
        assert row is not None
        assert re.search(r"[3-9]\d\.\d\xa0MB", row[0])
        statistics = dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd>([^<]+)</dd>", page))
        assert statistics["Sessions"].endswith(f" / {sandbox.options.sessions}")
        assert statistics["Time of a cell"] == "30 s"
        assert statistics["and at the latest after"] == "6 h"
        assert statistics["Memory of a session"] == "2.0\xa0GB"
