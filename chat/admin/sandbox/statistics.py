"""The statistics of the sandbox's broker as rows and pairs of words, for the sandbox's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.admin.shared.durations_and_costs import format_duration
from chat.models import User
from chat.sandbox.state import State

Status = Mapping[str, Any]  # see ``chat.sandbox.broker.broker.Broker.status``

TIER_DESCRIPTIONS: dict[str, Promise] = {
    "ns": gettext_lazy("Namespaces: files, processes and network of its own, and both layers below."),
    "landlock": gettext_lazy("Landlock and a filter of system calls: no network, no processes, only its own files."),
}
WORKS = "OK"  # in place of a reason


@dataclass(frozen=True, slots=True)
class TierRow:
    """The result of probing a tier; ``reason`` is empty where it works or was not tried."""

    name: str
    description: str
    is_used: bool
    works: bool
    reason: str


def tier_rows(state: State) -> list[TierRow]:
    """Return the tiers, the best first."""
    rows = []
    for name, description in TIER_DESCRIPTIONS.items():
        reason = state.reasons.get(name, "")
        works = reason == WORKS
        rows.append(TierRow(name, str(description), state.tier == name, works, "" if works else reason))
    return rows


@dataclass(frozen=True, slots=True)
class SessionRow:
    owner: str
    age: str
    unused: str
    is_running: bool
    memory: int


@dataclass(frozen=True, slots=True)
class BrokerStatistics:
    """The broker's status. ``figures`` and ``limits`` are pairs of a label and a value in words."""

    figures: list[tuple[str, str]]
    sessions: list[SessionRow]
    limits: list[tuple[str, str]]


def broker_statistics(status: Status) -> BrokerStatistics:
    return BrokerStatistics(_figures(status), _sessions(status["each"]), _limits(status))


def format_limit(seconds: float) -> str:
    """Return ``60 s``, ``5 min`` or ``6 h``: the largest unit that leaves no rest."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds > size and not seconds % size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:g} s"


def _figures(status: Status) -> list[tuple[str, str]]:
    most = status["most"]
    return [
        (_("Sessions"), f"{status['sessions']} / {most['sessions']}"),
        (_("Sessions kept ready"), str(status["spares"])),
        (_("Wait for a session"), str(status["sessions_waiting"])),
        (_("Cells that run"), f"{status['cells']} / {most['cells']}"),
        (_("Wait for a cell"), str(status["cells_waiting"])),
        (_("Memory of all sessions"), f"{filesizeformat(status['memory'])} / {filesizeformat(most['memory'])}"),
    ]


def _sessions(each: Sequence[Mapping[str, Any]]) -> list[SessionRow]:
    owners = {int(one["owner"]) for one in each if one["owner"].isdecimal()}
    names = {str(user.pk): user.get_username() for user in User.objects.filter(pk__in=owners)}
    return [
        SessionRow(
            owner=names.get(one["owner"], "–"),
            age=format_duration(timedelta(seconds=round(one["age"]))),
            unused=format_duration(timedelta(seconds=round(one["unused"]))),
            is_running=one["is_busy"],
            memory=one["memory"],
        )
        for one in sorted(each, key=lambda one: -one["memory"])
    ]


def _limits(status: Status) -> list[tuple[str, str]]:
    most, limits = status["most"], status["limits"]
    return [
        (_("Time of a cell"), format_limit(limits["seconds"])),
        (_("Memory of a session"), filesizeformat(limits["memory"])),
        (_("Files of a session"), f"{filesizeformat(limits['disk'])}, {limits['files']}"),
        (_("Threads of a session"), str(limits["threads"])),
        (_("Output of a cell that is kept"), filesizeformat(limits["logs"])),
        (_("Pictures of a cell"), str(limits["images"])),
        (_("Sessions of one person"), str(most["sessions_each"])),
        (_("Cells of one person at once"), str(most["cells_each"])),
        (_("A session ends unused after"), format_limit(most["idle"])),
        (_("and at the latest after"), format_limit(most["life"])),
    ]
