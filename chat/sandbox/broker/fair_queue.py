"""Places that are few, given in the order in which they were asked for, and never all to one owner."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from chat.sandbox.errors import Busy

Tell = Callable[[int], Awaitable[None]]


@dataclass(eq=False, slots=True)
class Waiter:
    owner: str
    is_granted: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)  # it is granted, or has moved up


class Turns:
    """``total`` places, of which an owner has ``each`` at most. Whoever waited ``seconds`` is told ``busy``."""

    def __init__(self, *, total: int, each: int, seconds: float, busy: str) -> None:
        self.total, self.each, self.seconds, self.busy = total, each, seconds, busy
        self.taken: Counter[str] = Counter()
        self.waiters: list[Waiter] = []

    @property
    def all_taken(self) -> int:
        return self.taken.total()

    def is_free(self, owner: str) -> bool:
        return self.all_taken < self.total and self.taken[owner] < self.each

    async def take(self, owner: str, *, tell: Tell) -> None:
        """Returns when ``owner`` has a place, to be given back. ``tell`` hears how many are ahead. Raises ``Busy``.

        Only who waits for a place of their own owner's is overtaken.
        """
        waiter = Waiter(owner)
        self.waiters.append(waiter)
        self.grant()
        try:
            async with asyncio.timeout(self.seconds):
                while not waiter.is_granted:
                    waiter.news.clear()
                    await tell(self.waiters.index(waiter))
                    await waiter.news.wait()
        except BaseException as error:
            self._leave(waiter)
            if isinstance(error, TimeoutError):
                raise Busy(self.busy) from None
            raise

    def give_back(self, owner: str) -> None:
        self.taken[owner] -= 1
        self.taken += Counter()  # drops the owners that have none
        self.grant()

    def grant(self) -> None:
        """Give what is free to those who wait."""
        for waiter in tuple(self.waiters):
            if self.is_free(waiter.owner):
                waiter.is_granted = True
                self.taken[waiter.owner] += 1
                self._remove(waiter)

    def _leave(self, waiter: Waiter) -> None:
        if waiter.is_granted:
            self.give_back(waiter.owner)
        else:
            self._remove(waiter)

    def _remove(self, waiter: Waiter) -> None:
        waiter.news.set()
        for other in self.waiters[self.waiters.index(waiter) :]:
            other.news.set()
        self.waiters.remove(waiter)
