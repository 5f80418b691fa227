"""What is measured of Everthread alone, against goals of their own."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.bench.load import PATIENCE, Work, run
from tests.bench.ours import Everthread, Program
from tests.bench.processes import memory
from tests.bench.stamps import Tally, count, now

LONG = Work(chats=1, deltas=1000, rate=1000, padding=1000)  # an answer of 1 MB in a second
ANSWERS = 6  # one after the other: more than the kernel keeps for a follower, and little for the engine to hold
FOLLOWERS = 20
SMALL = 4096  # bytes that the kernel is asked to keep for a follower that does not read
ENDLESS = Work(chats=1, deltas=100_000, rate=50)
IDLE = 1000  # sockets
FLUSH = 0.25  # seconds between two writes of partial text


@dataclass(frozen=True, slots=True)
class Check:
    """``measured`` shall be at most ``goal``."""

    name: str
    measured: float
    goal: float
    unit: str

    @property
    def met(self) -> bool:
        return self.measured <= self.goal


async def _open(ours: Everthread, work: Work) -> list[Program]:
    await ours.prepare(work)
    return [await ours.connect(number, work, Tally(work.deltas, finished=lambda: None)) for number in range(work.chats)]


async def stop(ours: Everthread, upstream: int) -> Check:
    """From the frame that cancels a run to the upstream's connection being closed."""
    (program,) = await _open(ours, ENDLESS)
    first = program.expect("thread.message.delta")
    program.start()
    await asyncio.wait_for(first, PATIENCE)
    asked_at = now()
    program.stop()
    left_at = 0
    while left_at < asked_at and now() - asked_at < PATIENCE * 1e6:
        await asyncio.sleep(0.02)
        left_at = (await asyncio.to_thread(_stats, upstream))["left_at"]
    program.close()
    return Check("Stop → upstream closed", round((left_at - asked_at) / 1e6, 3), 0.25, "s")


def _stats(upstream: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{upstream}/stats", timeout=PATIENCE) as response:
        found: dict[str, Any] = json.load(response)
        return found


async def stuck(ours: Everthread, upstream: int) -> Check:
    """Memory that a follower costs which never reads, while the thread that it follows goes on."""
    (program,) = await _open(ours, LONG)
    tallies = [Tally(LONG.deltas, finished=lambda: None) for _ in range(FOLLOWERS)]
    followers = [await ours.connect(0, LONG, tally, buffer=SMALL) for tally in tallies]
    await _answer(program)
    before = memory(ours.pid)
    for follower in followers:
        follower.socket.stop_reading()
    for _ in range(ANSWERS):
        await _answer(program)
    each = (memory(ours.pid) - before) / len(followers) / 1e6
    for client in (program, *followers):
        client.close()
    return Check("a follower that never reads", round(max(0.0, each), 2), 5.0, "MB")


async def _answer(program: Program) -> None:
    ended = program.expect("thread.run.completed")
    program.start()
    await asyncio.wait_for(ended, PATIENCE)


async def idle(ours: Everthread, upstream: int) -> Check:
    """Memory of a socket that follows a thread on which nothing happens."""
    work = Work(chats=IDLE, deltas=1, rate=1)
    before = memory(ours.pid)
    programs = await _open(ours, work)
    each = (memory(ours.pid) - before) / len(programs) / 1024
    for program in programs:
        program.close()
    return Check("an idle socket", round(each, 1), 48.0, "KB")


async def many(ours: Everthread, upstream: int) -> Check:
    """500 streams at once: deltas lost or out of order."""
    result = await run(ours, Work(chats=500, deltas=100, rate=20))
    return Check("lost of 500 streams", result.lost + result.disordered, 0, "deltas")


async def unthrottled(ours: Everthread, upstream: int) -> Check:
    """20 streams as fast as they come: deltas lost or out of order."""
    result = await run(ours, Work(chats=20, deltas=2000, rate=0))
    return Check("lost of 20 unthrottled streams", result.lost + result.disordered, 0, "deltas")


async def storm(ours: Everthread, upstream: int) -> Check:
    """200 starts in one moment: deltas lost or out of order."""
    result = await run(ours, Work(chats=200, deltas=20, rate=20))
    return Check("lost of 200 streams begun at once", result.lost + result.disordered, 0, "deltas")


async def killed(ours: Everthread, upstream: int) -> Check:
    """Of what a client had seen when the server was killed: the time's worth that is not stored."""
    (program,) = await _open(ours, ENDLESS)
    first = program.expect("thread.message.delta")
    program.start()
    await asyncio.wait_for(first, PATIENCE)
    await asyncio.sleep(2)
    await asyncio.to_thread(ours.restart)
    await asyncio.sleep(2)
    status, text = await asyncio.to_thread(ours.stored, program.thread)
    missing = (program.tally.received - count(text)) / ENDLESS.rate
    if status != "failed":
        raise RuntimeError(f"after a restart the run is {status!r}, not 'failed'")
    return Check("seen but not stored when killed", round(max(0.0, missing), 2), 2 * FLUSH, "s")


Measure = Callable[[Everthread, int], Awaitable[Check]]
FRESH: tuple[Measure, ...] = (idle,)  # before any load: afterwards there is freed memory to fill
QUICK: tuple[Measure, ...] = (stop, stuck)
ALL: tuple[Measure, ...] = (stop, stuck, many, unthrottled, storm, killed)


def sentence(check: Check) -> str:
    """A result for people."""
    word = "met" if check.met else "MISSED"
    return f"{check.name}: {check.measured:g} {check.unit}, goal ≤ {check.goal:g}: {word}"
