"""Faults at random under load.

    python -m tests.bench.chaos --rounds 60 [--seed 1] [--chats 20] [--sandbox auto] [--keep FOLDER]

Two servers, two workers with sandboxes, PostgreSQL, Redis and a bucket; in each round one of them is killed, ended,
restarted or paused, while chats stream, code runs, files come and runs are cancelled. Prints a table, then what does
not hold; exits with 1 if there is anything. A round takes about ten seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.bench.chaos import invariants
from tests.bench.chaos.load import Client, Load
from tests.bench.chaos.machines import DATABASE, Cluster, cluster
from tests.bench.chaos.upstream import Upstream
from tests.postgres import database_of

REST = (1.0, 4.0)  # seconds between two faults, at least and at most
UPLOADERS = 2
CALM = 1.0  # seconds of load before the first fault


async def rounds(found: Cluster, load: Load, upstream: Upstream, *, count: int, chats: int) -> list[str]:
    """Let ``count`` faults come while ``load`` goes on. Return what does not hold in the end."""
    await load.prepare()
    tasks = [asyncio.create_task(load.chat(number)) for number in range(chats)]
    tasks += [asyncio.create_task(load.upload(number)) for number in range(UPLOADERS)]
    await asyncio.sleep(CALM)
    print(f"{'round':>5}  {'fault':<20} {'s':>5}  {'messages':>8} {'runs':>5} {'files':>5}")
    for number in range(1, count + 1):
        name = load.dice.choice(list(found.faults))
        begun_at = time.monotonic()
        await asyncio.to_thread(found.faults[name])
        await asyncio.sleep(load.dice.uniform(*REST))
        known = load.known
        counts = f"{sum(map(len, known.messages.values())):>8} {sum(map(len, known.runs.values())):>5}"
        print(
            f"{number:>5}  {name:<20} {time.monotonic() - begun_at:>5.1f}  {counts} {len(known.files):>5}", flush=True
        )
        for task in tasks:
            if task.done():
                task.result()  # it ends with a failure only
    load.is_over = True
    await asyncio.gather(*tasks)
    address = database_of(found.address, DATABASE)
    await invariants.until_quiet(address)
    return load.violations + upstream.violations + await invariants.violations(load, address=address)


async def run(folder: Path, *, count: int, chats: int, seed: int, sandbox: str) -> list[str]:
    """Start everything, let it be shaken, and return what does not hold."""
    dice, upstream = random.Random(seed), Upstream()
    async with upstream.serve():
        services = ExitStack()
        found = await asyncio.to_thread(
            services.enter_context, cluster(folder, model=upstream.url, sandbox=sandbox, dice=random.Random(seed))
        )
        try:
            urls = [machine.server.url for machine in found.machines]
            client = Client(urls, key=found.machines[0].server.key, dice=dice)
            load = Load(client, has_code=sandbox != "off", dice=dice)
            violations = await rounds(found, load, upstream, count=count, chats=chats)
            statuses = invariants.rows(
                database_of(found.address, DATABASE), "SELECT status, count(*) FROM chat_run GROUP BY status"
            )
            print(f"runs: {dict(statuses)}; {dict(load.known.counts)}")
            print(f"tracebacks in logs: {await asyncio.to_thread(_tracebacks, folder)}")
            await client.http.aclose()
        finally:
            await asyncio.to_thread(services.close)
    return violations


def _tracebacks(folder: Path) -> dict[str, int]:
    logs = sorted(folder.glob("*/*.log"))
    return {f"{log.parent.name}/{log.name}": log.read_text().count("Traceback") for log in logs}


def main() -> None:
    for name in ("werkzeug", "aiohttp.server"):  # they tell of every request to the bucket, and of clients that died
        logging.getLogger(name).setLevel(logging.CRITICAL)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--chats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sandbox", default="auto", help="off: without code")
    parser.add_argument("--keep", type=Path, help="a folder for the data folders and logs, which stay there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="everthread-chaos-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        violations = asyncio.run(
            run(folder, count=options.rounds, chats=options.chats, seed=options.seed, sandbox=options.sandbox)
        )
    for violation in violations:
        print(violation)
    print(f"{len(violations)} violations")
    sys.exit(bool(violations))


if __name__ == "__main__":
    main()
