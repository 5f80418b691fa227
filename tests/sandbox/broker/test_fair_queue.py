from __future__ import annotations

import asyncio

import pytest

from chat.sandbox.broker.fair_queue import FairQueue
from chat.sandbox.errors import Busy


def queue(*, total: int = 2, each: int = 1, seconds: float = 60.0) -> FairQueue:
    return FairQueue(total=total, each=each, seconds=seconds, busy="Too many.")


async def silent(_ahead: int) -> None:
    pass


class Asking:
    """Somebody who asks for a place, and what they were told."""

    def __init__(self, queue: FairQueue, owner: str) -> None:
        self.told: list[int] = []
        self.task = asyncio.ensure_future(queue.acquire(owner, on_waiting=self.hear))

    async def hear(self, ahead: int) -> None:
        self.told.append(ahead)

    @property
    def has_it(self) -> bool:
        return self.task.done() and not self.task.cancelled() and self.task.exception() is None


async def settled() -> None:
    """Everybody has done what can be done now."""
    for _ in range(10):
        await asyncio.sleep(0)


class TestAPlace:
    async def test_is_given_at_once_and_in_silence_when_one_is_free(self) -> None:
        ada = Asking(queue(), "ada")
        await settled()
        assert ada.has_it
        assert ada.told == []

    async def test_is_given_in_the_order_of_asking(self) -> None:
        few = queue(total=1)
        await few.acquire("ada", on_waiting=silent)
        bob, eve = Asking(few, "bob"), Asking(few, "eve")
        await settled()
        few.release("ada")
        await settled()
        assert bob.has_it
        assert not eve.has_it
        few.release("bob")
        await settled()
        assert eve.has_it

    async def test_is_not_given_to_an_owner_who_has_enough_while_another_gets_it(self) -> None:
        few = queue(total=2, each=1)
        await few.acquire("ada", on_waiting=silent)
        more, bob = Asking(few, "ada"), Asking(few, "bob")
        await settled()
        assert bob.has_it
        assert not more.has_it
        few.release("ada")
        await settled()
        assert more.has_it

    async def test_tells_those_who_wait_how_many_are_ahead_whenever_that_changes(self) -> None:
        few = queue(total=1)
        await few.acquire("ada", on_waiting=silent)
        bob, eve = Asking(few, "bob"), Asking(few, "eve")
        await settled()
        few.release("ada")
        await settled()
        assert bob.told == [0]
        assert eve.told == [1, 0]

    async def test_passes_on_when_somebody_who_waited_gives_up(self) -> None:
        few = queue(total=1)
        await few.acquire("ada", on_waiting=silent)
        bob, eve = Asking(few, "bob"), Asking(few, "eve")
        await settled()
        bob.task.cancel()
        await settled()
        assert eve.told == [1, 0]
        few.release("ada")
        await settled()
        assert eve.has_it
        assert few.total_in_use == 1

    async def test_given_at_the_moment_of_giving_up_is_not_lost(self) -> None:
        few = queue(total=1)
        await few.acquire("ada", on_waiting=silent)
        bob = Asking(few, "bob")
        await settled()
        few.release("ada")
        bob.task.cancel()
        await settled()
        assert few.total_in_use == 0

    async def test_is_refused_after_the_longest_wait(self) -> None:
        few = queue(total=1, seconds=0.01)
        await few.acquire("ada", on_waiting=silent)
        with pytest.raises(Busy, match="Too many"):
            await few.acquire("bob", on_waiting=silent)
        assert few.waiters == []
        few.release("ada")
        assert few.total_in_use == 0
