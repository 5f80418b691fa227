"""Each layer of the isolation is missed when it is not there: an attempt succeeds, or no session starts at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chat.sandbox.values import Tier
from tests.sandbox.battery.launching import Batteries, User
from tests.sandbox.battery.running import Job
from tests.sandbox.python import not_here

# who it is noticed by · tier · what is left out · the attempts that should notice, or none where no session may start
MUTATIONS: list[tuple[User, Tier, str, tuple[str, ...]]] = [
    ("root", "ns", "parent", ("outlives_its_zygote",)),
    ("ordinary", "landlock", "parent", ("outlives_its_zygote",)),
    ("root", "ns", "priority", ("lets_others_go_first_when_memory_is_short",)),
    ("root", "ns", "descriptors", ("holds_descriptors_that_are_not_its_own",)),
    ("root", "landlock", "descriptors", ("holds_descriptors_that_are_not_its_own",)),
    ("ordinary", "ns", "user namespace", ()),
    ("root", "ns", "mount namespace", ()),
    ("root", "ns", "network namespace", ("shares_a_namespace_with_the_machine",)),
    ("root", "ns", "ipc namespace", ("shares_a_namespace_with_the_machine",)),
    ("root", "ns", "cgroup namespace", ("shares_a_namespace_with_the_machine",)),
    ("root", "ns", "uts namespace", ("shares_a_namespace_with_the_machine",)),
    ("root", "ns", "pid namespace", ("shares_a_namespace_with_the_machine",)),
    ("ordinary", "ns", "root", ()),
    ("root", "ns", "root", ()),
    ("root", "ns", "bounding set", ("keeps_a_privilege",)),
    ("root", "ns", "user", ()),
    ("root", "landlock", "user", ()),
    ("ordinary", "ns", "capabilities", ("keeps_a_privilege",)),
    ("ordinary", "ns", "memory", ("lets_others_of_its_user_look_in",)),
    ("ordinary", "landlock", "memory", ("lets_others_of_its_user_look_in",)),
    ("root", "ns", "environment", ("finds_secrets_in_the_environment",)),
    ("root", "ns", "new privileges", ()),
    ("ordinary", "landlock", "new privileges", ()),
    ("root", "ns", "landlock", ("does_more_with_files_than_it_needs",)),
    ("ordinary", "landlock", "landlock", ("reads_the_database_of_the_server",)),
    ("ordinary", "landlock", "limits", ("raises_its_own_limits",)),
    ("root", "ns", "limits", ("reserves_much_memory",)),
    ("root", "ns", "seccomp", ("opens_a_socket_of_any_family",)),
    ("ordinary", "ns", "seccomp", ("enters_other_namespaces",)),
    ("ordinary", "landlock", "seccomp", ("reaches_a_server_of_the_machine",)),
    ("root", "landlock", "seccomp", ("wakes_itself_between_cells",)),
    ("ordinary", "landlock", "emptying", ("empties_a_file_that_it_may_read",)),
    ("ordinary", "landlock", "datagrams", ("sends_datagrams_to_sockets_with_a_name",)),
    ("root", "ns", "stop between cells", ("works_on_when_the_cell_is_over",)),
    ("root", "ns", "nonce", ("forges_a_result",)),
    ("root", "ns", "watch over time", ("loops_without_end",)),
    ("root", "ns", "limit of memory", ("holds_much_memory",)),
    ("ordinary", "landlock", "limit of threads", ("bombs_with_threads",)),
    ("root", "ns", "limits of disk and scratch", ("fills_the_disk",)),
    ("ordinary", "landlock", "limits of disk and scratch", ("fills_the_disk",)),
    ("ordinary", "landlock", "limit of files", ("makes_files_without_end",)),
    ("root", "ns", "limit of flood", ("prints_without_end",)),
    ("root", "ns", "limit of logs", ("prints_much_in_every_way",)),
    ("root", "ns", "limit of images", ("shows_pictures_without_end",)),
    ("root", "ns", "pictures are looked at", ("shows_what_is_no_picture",)),
    ("root", "ns", "names are looked at", ("lists_files_that_cannot_be",)),
    ("root", "ns", "entries are looked at", ("lists_files_that_cannot_be",)),
]
CASES = [
    pytest.param(user, tier, without, rows, id=f"{user} {tier} without {without}")
    for user, tier, without, rows in MUTATIONS
]


@pytest.fixture(scope="session")
def mutations() -> Iterator[Batteries]:
    batteries = Batteries()
    for user in ("root", "ordinary"):
        mine = [mutation for mutation in MUTATIONS if mutation[0] == user]
        for half in (mine[::2], mine[1::2]):
            batteries.start([_job(tier, without, rows) for _, tier, without, rows in half], user=user)
    yield batteries
    batteries.close()


def _job(tier: Tier, without: str, rows: tuple[str, ...]) -> Job:
    abi = 1 if without == "emptying" else None
    return Job(f"{tier} {without}", tier, abi=abi, without=(without,), rows=rows or ("keeps_a_privilege",))


@pytest.mark.timeout(300)
class TestALayerThatIsLeftOut:
    @pytest.mark.parametrize(("user", "tier", "without", "rows"), CASES)
    def test_is_noticed(
        self, mutations: Batteries, user: User, tier: Tier, without: str, rows: tuple[str, ...]
    ) -> None:
        result = mutations.result(f"{tier} {without}", user=user)

        if rows and "refused" in result:
            not_here(f"tier {tier}: {result['refused']}")
        assert "refused" in result if not rows else any(result["rows"].values())
