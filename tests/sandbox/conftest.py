"""Sessions to test: of one zygote, in the Python that ``make serve`` makes too. Everything is made once.

Where the kernel gives no isolation the tests are skipped and say so, except in CI, where they fail.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat.sandbox.environment import build
from chat.sandbox.sessions.probe import Report, probe
from chat.sandbox.sessions.session import Session
from chat.sandbox.sessions.zygote import Zygote
from chat.sandbox.values import Limits, Tier
from tests.sandbox.python import PLACE, not_here

BUILDING_SECONDS = 900
UIDS = range(61_200, 65_000)

MakeSession = Callable[..., Session]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The test that comes first may have to make the environment."""
    if not build.is_ready(PLACE):
        for item in items:
            if "sandbox_python" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.timeout(BUILDING_SECONDS))


@pytest.fixture(scope="session")
def readable_python(sandbox_python: Path) -> Path:
    """The same, if every user of the machine can read it."""
    if not (build.is_for_everyone(sandbox_python) and build.is_for_everyone(sandbox_python.parent)):
        not_here(f"not every user can read {sandbox_python}")
    return sandbox_python


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """A folder that every user can pass through: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="everthread-sandbox-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def zygote(sandbox_python: Path, ground: Path) -> Iterator[Zygote]:
    zygote = Zygote(sandbox_python, folder=ground / "zygote")
    yield zygote
    zygote.close()


@pytest.fixture(scope="session")
def tiers(sandbox_python: Path, ground: Path) -> Report:
    """Which tiers this machine has."""
    return probe(sandbox_python, folder=ground / "probe", uids=UIDS if os.geteuid() == 0 else None)


@pytest.fixture(scope="session")
def uids() -> Iterator[int | None]:
    """A user for each session, if we are root. Test runs at once begin in different places."""
    if os.geteuid():
        return itertools.repeat(None)
    return itertools.cycle([*UIDS[os.getpid() % len(UIDS) :], *UIDS[: os.getpid() % len(UIDS)]])


@pytest.fixture
def make_session(
    request: pytest.FixtureRequest, tiers: Report, ground: Path, uids: Iterator[int | None]
) -> Iterator[MakeSession]:
    """``make_session(tier, limits=…, zygote=…)``: a session that ends with the test."""
    made: list[tuple[Session, Path]] = []

    def make(tier: Tier, *, limits: Limits | None = None, zygote: Zygote | None = None) -> Session:
        if tiers.reasons[tier] != "OK":
            not_here(f"tier {tier}: {tiers.reasons[tier]}")
        folder = Path(tempfile.mkdtemp(prefix="session-", dir=ground))
        zygote = zygote or request.getfixturevalue("zygote")
        session = Session(zygote, tier, folder=folder, limits=limits or Limits(), uid=next(uids))
        made.append((session, folder))
        return session

    yield make
    for session, folder in made:
        session.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["ns", "landlock"])
def tier(request: pytest.FixtureRequest) -> Tier:
    return request.param


@pytest.fixture
def session(make_session: MakeSession, tier: Tier) -> Session:
    return make_session(tier)
