"""Where sessions come from: the zygote, which is started again when it dies, spares, and a uid for each."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
from collections import deque
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import SystemRandom

from chat.sandbox.broker.orphans import Record
from chat.sandbox.broker.thread_pool import Threads
from chat.sandbox.broker_options import Rules
from chat.sandbox.errors import SandboxError, Unavailable
from chat.sandbox.sessions.session import Session
from chat.sandbox.sessions.zygote import Zygote
from chat.sandbox.values import Tier

log = logging.getLogger(__name__)
NO_UID = "All uids of EVERTHREAD_SANDBOX_UIDS are in use. Name a longer range."
NOT_MADE = "No session could be started: {reason}"


@dataclass(eq=False, slots=True)
class Made:
    """A session, and what is given back when it ends."""

    session: Session
    uid: int | None
    inherited: int  # bytes that it shares with the zygote

    @property
    def is_gone(self) -> bool:
        """Ended, or died while nobody spoke with it."""
        return self.session.is_gone

    def memory(self) -> int:
        """Bytes of its own, about."""
        return max(0, self.session.memory() - self.inherited)


class Nursery:
    """Makes sessions of ``tier``. ``await start()`` first; ``await close()`` ends all that is left."""

    def __init__(self, rules: Rules, *, tier: Tier, threads: Threads, record: Record) -> None:
        self.rules, self.tier, self.threads, self.record = rules, tier, threads, record
        self.uids = shuffled(*rules.uids) if rules.uids else None
        self.spares: deque[Made] = deque()
        self.making: set[asyncio.Task[Made]] = set()
        self.living: set[Made] = set()
        self.zygote: Zygote | None = None
        self.starting = asyncio.Lock()

    async def take(self) -> Made:
        """A new session. Raises ``Unavailable``."""
        while self.spares:
            spare = self.spares.popleft()
            if not spare.is_gone:
                return spare
            await self.end(spare)
        return await self._make()

    async def fill(self) -> None:
        """Make one spare, if there are too few and nobody waits for a session; end those that are too many."""
        while len(self.spares) > self.rules.warm:
            await self.end(self.spares.popleft())
        if len(self.spares) < self.rules.warm and not self.making:
            self.spares.append(await self._make())

    async def end(self, made: Made) -> None:
        """End it and give back what it had. Returns when its processes are gone."""
        await self.threads.do(lambda: self._end(made))
        if made in self.living:
            self.living.discard(made)
            if self.uids is not None and made.uid is not None:
                self.uids.append(made.uid)

    async def close(self) -> None:
        for task in tuple(self.making):
            await asyncio.wait({task})
        await asyncio.gather(*(self.end(made) for made in tuple(self.living)), return_exceptions=True)
        if self.zygote is not None:
            await self._end_zygote(self.zygote)

    async def _make(self) -> Made:
        """Who is cancelled meanwhile leaves a spare."""
        task = asyncio.ensure_future(self._made())
        self.making.add(task)
        task.add_done_callback(self.making.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(self._keep)
            raise

    def _keep(self, task: asyncio.Task[Made]) -> None:
        if not task.cancelled() and task.exception() is None:
            self.spares.append(task.result())

    async def _made(self) -> Made:
        if self.uids is not None and not self.uids:
            raise Unavailable(NO_UID)
        uid = self.uids.popleft() if self.uids is not None else None
        try:
            made = await self._started(uid)
        except BaseException:
            if self.uids is not None and uid is not None:
                self.uids.append(uid)
            raise
        self.living.add(made)
        return made

    async def _started(self, uid: int | None) -> Made:
        """Once more if the zygote died of it or before."""
        for is_last in (False, True):
            zygote = await self._living_zygote()
            try:
                return await self.threads.do(partial(self._start, zygote, uid))
            except (SandboxError, OSError, EOFError, ValueError) as error:
                log.warning("a session could not be started: %s", error)
                if is_last or zygote.is_alive:
                    raise Unavailable(NOT_MADE.format(reason=error)) from error
        raise AssertionError("the last time returns or raises")

    async def _living_zygote(self) -> Zygote:
        async with self.starting:
            if self.zygote is None or not self.zygote.is_alive:
                if self.zygote is not None:
                    log.warning("the zygote died; it is started again")
                    await self._end_zygote(self.zygote)
                try:
                    self.zygote = await self.threads.do(self._start_zygote)
                except (SandboxError, OSError, EOFError, ValueError) as error:
                    self.zygote = None
                    raise Unavailable(NOT_MADE.format(reason=error)) from error
            return self.zygote

    def _start_zygote(self) -> Zygote:
        zygote = Zygote(Path(sys.executable), folder=self.rules.folder / "zygote")
        self.record.add(zygote.pid)
        return zygote

    async def _end_zygote(self, zygote: Zygote) -> None:
        await self.threads.do(zygote.close)
        self.record.drop(zygote.pid)

    def _start(self, zygote: Zygote, uid: int | None) -> Made:
        folder = self.rules.folder / "sessions" / secrets.token_hex(8)
        session = Session(zygote, self.tier, folder=folder, limits=self.rules.limits, uid=uid)
        self.record.add(session.pid)
        return Made(session, uid, session.memory())

    def _end(self, made: Made) -> None:
        made.session.close()
        self.record.drop(made.session.pid)


def shuffled(first: int, last: int) -> deque[int]:
    """Numbers in an order of our own: another broker of this machine may have been given the same ones."""
    return deque(SystemRandom().sample(range(first, last + 1), last + 1 - first))
