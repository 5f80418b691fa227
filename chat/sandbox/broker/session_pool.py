"""Makes sessions: keeps spares, has a uid for each, and starts the zygote again when it dies."""

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

from chat.sandbox.broker.orphans import ProcessRecord
from chat.sandbox.broker.thread_pool import ThreadPool
from chat.sandbox.broker_options import BrokerOptions
from chat.sandbox.errors import SandboxError, SandboxUnavailable
from chat.sandbox.sessions.session import Session
from chat.sandbox.sessions.zygote import Zygote
from chat.sandbox.values import Tier

log = logging.getLogger(__name__)
NO_UID = "All uids of EVERTHREAD_SANDBOX_UIDS are in use. Name a longer range."
NOT_MADE = "No session could be started: {reason}"


@dataclass(eq=False, slots=True)
class PooledSession:
    """A session, and the uid that is free again when it ends."""

    session: Session
    uid: int | None
    inherited: int  # bytes that it shares with the zygote

    @property
    def is_gone(self) -> bool:
        """True if it was ended, or died between two requests."""
        return self.session.is_gone

    def memory(self) -> int:
        """Return about how many bytes it has of its own."""
        return max(0, self.session.memory() - self.inherited)


class SessionPool:
    """Makes sessions of ``tier``. ``await close()`` ends all of them."""

    def __init__(self, options: BrokerOptions, *, tier: Tier, threads: ThreadPool, record: ProcessRecord) -> None:
        self.options, self.tier, self.threads, self.record = options, tier, threads, record
        self.uids = shuffled(*options.uids) if options.uids else None
        self.spares: deque[PooledSession] = deque()
        self.making: set[asyncio.Task[PooledSession]] = set()
        self.living: set[PooledSession] = set()
        self.zygote: Zygote | None = None
        self.starting = asyncio.Lock()

    async def acquire(self) -> PooledSession:
        """Return a new session, a spare if possible. Raise ``SandboxUnavailable``."""
        while self.spares:
            spare = self.spares.popleft()
            if not spare.is_gone:
                return spare
            await self.end(spare)
        return await self._make()

    async def fill(self) -> None:
        """Make one spare if there are too few and no session is being made; end those that are too many."""
        while len(self.spares) > self.options.warm:
            await self.end(self.spares.popleft())
        if len(self.spares) < self.options.warm and not self.making:
            self.spares.append(await self._make())

    async def end(self, pooled: PooledSession) -> None:
        """End it and free its uid. Return when its processes are gone."""
        await self.threads.run(lambda: self._end(pooled))
        if pooled in self.living:
            self.living.discard(pooled)
            if self.uids is not None and pooled.uid is not None:
                self.uids.append(pooled.uid)

    async def close(self) -> None:
        for task in tuple(self.making):
            await asyncio.wait({task})
        await asyncio.gather(*(self.end(pooled) for pooled in tuple(self.living)), return_exceptions=True)
        if self.zygote is not None:
            await self._end_zygote(self.zygote)

    async def _make(self) -> PooledSession:
        # Whatever happens to the task that waits here, the session is made; if it is not wanted then, it is a spare.
        task = asyncio.ensure_future(self._make_with_uid())
        self.making.add(task)
        task.add_done_callback(self.making.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(self._keep_as_spare)
            raise

    def _keep_as_spare(self, task: asyncio.Task[PooledSession]) -> None:
        if not task.cancelled() and task.exception() is None:
            self.spares.append(task.result())

    async def _make_with_uid(self) -> PooledSession:
        if self.uids is not None and not self.uids:
            raise SandboxUnavailable(NO_UID)
        uid = self.uids.popleft() if self.uids is not None else None
        try:
            pooled = await self._start(uid)
        except BaseException:
            if self.uids is not None and uid is not None:
                self.uids.append(uid)
            raise
        self.living.add(pooled)
        return pooled

    async def _start(self, uid: int | None) -> PooledSession:
        # Tried once more if the zygote died of it or before.
        for is_last in (False, True):
            zygote = await self._living_zygote()
            try:
                return await self.threads.run(partial(self._fork, zygote, uid))
            except (SandboxError, OSError, EOFError, ValueError) as error:
                log.warning("a session could not be started: %s", error)
                if is_last or zygote.is_alive:
                    raise SandboxUnavailable(NOT_MADE.format(reason=error)) from error
        raise AssertionError("the last time returns or raises")

    async def _living_zygote(self) -> Zygote:
        async with self.starting:
            if self.zygote is None or not self.zygote.is_alive:
                if self.zygote is not None:
                    log.warning("the zygote died; it is started again")
                    await self._end_zygote(self.zygote)
                try:
                    self.zygote = await self.threads.run(self._start_zygote)
                except (SandboxError, OSError, EOFError, ValueError) as error:
                    self.zygote = None
                    raise SandboxUnavailable(NOT_MADE.format(reason=error)) from error
            return self.zygote

    def _start_zygote(self) -> Zygote:
        zygote = Zygote(Path(sys.executable), folder=self.options.folder / "zygote", preload=self.options.preload)
        self.record.add(zygote.pid)
        return zygote

    async def _end_zygote(self, zygote: Zygote) -> None:
        await self.threads.run(zygote.close)
        self.record.drop(zygote.pid)

    def _fork(self, zygote: Zygote, uid: int | None) -> PooledSession:
        folder = self.options.folder / "sessions" / secrets.token_hex(8)
        session = Session(zygote, self.tier, folder=folder, limits=self.options.limits, uid=uid)
        self.record.add(session.pid)
        return PooledSession(session, uid, session.memory())

    def _end(self, pooled: PooledSession) -> None:
        pooled.session.close()
        self.record.drop(pooled.session.pid)


def shuffled(first: int, last: int) -> deque[int]:
    """Return the numbers in a random order."""
    # Another broker of this machine may have the same range.
    return deque(SystemRandom().sample(range(first, last + 1), last + 1 - first))
