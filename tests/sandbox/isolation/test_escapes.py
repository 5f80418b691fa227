"""Attempts to get out of a session, in both tiers, as root and as an ordinary user: ``battery`` has them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.battery import files, surface
from tests.sandbox.battery.launching import Batteries, User
from tests.sandbox.battery.rows import ROWS
from tests.sandbox.battery.running import Job
from tests.sandbox.python import not_here

USERS: tuple[User, ...] = ("root", "ordinary")
FILES_AND_SOCKETS = tuple(row for row in ROWS if row in vars(files) or row in vars(surface))
JOBS = (
    Job("in namespaces", "ns"),
    Job("under Landlock", "landlock"),
    # It knows fewer rules for files and none for sockets; all else is as under the newest one.
    Job("under the first Landlock", "landlock", abi=1, rows=FILES_AND_SOCKETS),
)
CASES = [
    pytest.param(user, job, row, id=f"{user} {job.name}: {row.replace('_', ' ')}")
    for user in USERS
    for job in JOBS
    for row, attempt in ROWS.items()
    if job.tier in attempt.tiers and (not job.rows or row in job.rows)
]


@pytest.fixture(scope="session")
def batteries() -> Iterator[Batteries]:
    batteries = Batteries()
    for user in USERS:
        for job in JOBS:
            batteries.start([job], user=user)
    yield batteries
    batteries.close()


@pytest.mark.timeout(300)  # the first of them waits for all that run beside it
class TestNobodyGetsOut:
    @pytest.mark.parametrize(("user", "job", "row"), CASES)
    def test_by_an_attempt(self, batteries: Batteries, user: User, job: Job, row: str) -> None:
        result = batteries.result(job.name, user=user)

        if "refused" in result:
            not_here(f"tier {job.tier}: {result['refused']}")
        assert result["rows"][row] == ""
