"""What relaying a stream of deltas costs, as ratios.

    python -m tests.bench.relay [--quick] [--json FILE]

Children: a mock upstream whose deltas carry a stamp (``mock_upstream``), the bare websocket floor (``floor``), the
naive relays by websocket (``naive``) and by server-sent events (``naive_sse``), and Everthread as ``manage.py serve``
starts it, by its socket for programs (``ours``) and by its API (``ours_sse``). The load client is this process.
Each round puts the same load on every relay in a random order; compared are the medians of the rounds' pairs, because
absolute times say more about the machine than about the code. CPU is that of the relay's process alone. Every load runs
with few deltas and with many, so that what a delta costs and what a chat costs beside its deltas come apart. Then come
the ``checks`` of Everthread alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

from tests.bench import checks
from tests.bench.checks import Check, Measure
from tests.bench.load import Target, Work, run
from tests.bench.ours import Everthread
from tests.bench.ours_sse import RunStreams
from tests.bench.processes import Child
from tests.bench.report import Goal, Measured, Round, judge, sentence, table
from tests.bench.targets import PlainEvents, PlainSocket
from tests.live import free_port

WORK = Work(chats=100, deltas=300, rate=50)
QUICK = Work(chats=50, deltas=100, rate=50)
FEW = 10  # deltas of the chats that show what a chat costs beside its deltas
GOALS = (Goal("ours", "naive", 0.45), Goal("ours", "floor", 3.5), Goal("ours-sse", "naive-sse", 0.55))
SLACK = 1.3  # on the goals in a quick run, which is too short to be exact
Found = tuple[list[Round], list[Check]]
PACKAGES = ("daphne", "twisted", "channels", "django", "openai", "pydantic", "aiohttp", "msgspec", "picows")


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that was started; ``upstream`` is the mock's port."""

    upstream: int
    ours: Everthread
    targets: list[Target]

    @classmethod
    def start(cls, stack: ExitStack) -> Stage:
        """What was started ends with ``stack``."""
        upstream = stack.enter_context(Child("tests.bench.mock_upstream", free_port()))
        at = ("--upstream", str(upstream.port))
        floor = stack.enter_context(Child("tests.bench.floor", free_port(), *at))
        naive = stack.enter_context(Child("tests.bench.naive", free_port(), *at))
        naive_sse = stack.enter_context(Child("tests.bench.naive_sse", free_port(), *at))
        ours = Everthread.start(stack, upstream.port)
        targets: list[Target] = [
            PlainEvents("direct", pid=None, port=upstream.port),
            PlainSocket("floor", pid=floor.pid, port=floor.port),
            PlainSocket("naive", pid=naive.pid, port=naive.port),
            ours,
            PlainEvents("naive-sse", pid=naive_sse.pid, port=naive_sse.port),
            RunStreams(ours),
        ]
        return cls(upstream.port, ours, targets)


async def measure(targets: list[Target], work: Work, *, rounds: int) -> list[Round]:
    """``rounds`` times ``work`` on every target, after a little of it that nobody counts."""
    for target in targets:
        await run(target, replace(work, chats=5, deltas=FEW))
    found: list[Round] = []
    for number in range(rounds):
        print(f"round {number + 1} of {rounds} …", file=sys.stderr)
        measured = {}
        for target in random.sample(targets, len(targets)):
            few = await run(target, replace(work, deltas=FEW))
            measured[target.name] = Measured(few, await run(target, work))
        found.append({target.name: measured[target.name] for target in targets})
    return found


def environment() -> dict[str, object]:
    """What the figures depend on."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "packages": {name: version(name) for name in PACKAGES},
    }


async def measure_all(stage: Stage, work: Work, *, rounds: int, quick: bool) -> Found:
    """The rounds and the checks."""

    async def checked(measures: Sequence[Measure]) -> list[Check]:
        return [await each(stage.ours, stage.upstream) for each in measures]

    before = [] if quick else await checked(checks.FRESH)
    found = await measure(stage.targets, work, rounds=rounds)
    return found, before + await checked(checks.QUICK if quick else checks.ALL)


def main() -> int:
    """Measure and print; 1 when something was lost or a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two short rounds, goals with slack: under two minutes")
    parser.add_argument("--rounds", type=int, help="how many rounds (5, quick: 2)")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    options = parser.parse_args()
    work, rounds = (QUICK, options.rounds or 2) if options.quick else (WORK, options.rounds or 5)
    slack = SLACK if options.quick else 1.0
    with ExitStack() as stack:
        found, checked = asyncio.run(measure_all(Stage.start(stack), work, rounds=rounds, quick=options.quick))
    verdicts = [judge(found, replace(goal, most=goal.most * slack)) for goal in GOALS]
    print(f"{work.chats} chats of {FEW} and of {work.deltas} deltas at {work.rate} a second, {rounds} rounds\n")
    print(table(found), "", *map(sentence, verdicts), *map(checks.sentence, checked), sep="\n")
    if options.json:
        told = {
            "environment": environment(),
            "work": asdict(work),
            "rounds": [{name: asdict(measured) for name, measured in each.items()} for each in found],
            "verdicts": [asdict(verdict) for verdict in verdicts],
            "checks": [asdict(check) for check in checked],
        }
        options.json.write_text(json.dumps(told, indent=1))
    lost = sum(measured.amiss for each in found for measured in each.values())
    missed = any(verdict.met is False for verdict in verdicts) or not all(check.met for check in checked)
    return int(lost > 0 or missed)


if __name__ == "__main__":
    sys.exit(main())
