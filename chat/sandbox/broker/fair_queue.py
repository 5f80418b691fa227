"""A queue for places that are few: first come, first served, and never all to one owner."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from chat.sandbox.errors import Busy

OnWaiting = Callable[[int], Awaitable[None]]


@dataclass(eq=False, slots=True)
class Waiter:
    owner: str
    is_granted: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)  # it is granted, or has moved up


class FairQueue:
    """``total`` places, of which an owner has ``each`` at most. ``busy`` is the message after ``seconds``."""

    def __init__(self, *, total: int, each: int, seconds: float, busy: str) -> None:
        self.total, self.each, self.seconds, self.busy = total, each, seconds, busy
        self.in_use: Counter[str] = Counter()
        self.waiters: list[Waiter] = []

    @property
    def total_in_use(self) -> int:
        return self.in_use.total()

    def is_free(self, owner: str) -> bool:
        return self.total_in_use < self.total and self.in_use[owner] < self.each

    async def acquire(self, owner: str, *, on_waiting: OnWaiting) -> None:
        """Wait for a place. ``on_waiting`` is called with how many are ahead, again when that changes. Raise ``Busy``.

        A waiter is overtaken only while its owner has ``each`` places.
        """
        waiter = Waiter(owner)
        self.waiters.append(waiter)
        self.grant()
        try:
            async with asyncio.timeout(self.seconds):
                while not waiter.is_granted:
                    waiter.changed.clear()
                    await on_waiting(self.waiters.index(waiter))
                    await waiter.changed.wait()
        except BaseException as error:
            self._leave(waiter)
            if isinstance(error, TimeoutError):
                raise Busy(self.busy) from None
            raise

    def release(self, owner: str) -> None:
        self.in_use[owner] -= 1
        # Drops the owners that have none.
        self.in_use += Counter()
        self.grant()

    def grant(self) -> None:
        """Give free places to waiters, in their order."""
        for waiter in tuple(self.waiters):
            if self.is_free(waiter.owner):
                waiter.is_granted = True
                self.in_use[waiter.owner] += 1
                self._remove(waiter)

    def _leave(self, waiter: Waiter) -> None:
        if waiter.is_granted:
            self.release(waiter.owner)
        else:
            self._remove(waiter)

    def _remove(self, waiter: Waiter) -> None:
        waiter.changed.set()
        for other in self.waiters[self.waiters.index(waiter) :]:
            other.changed.set()
        self.waiters.remove(waiter)
