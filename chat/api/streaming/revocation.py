"""Streams end when their key stops to work, as sockets do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from chat.actions.access import api_keys
from chat.background.database_threads import read_in_thread
from chat.errors import NotSignedIn
from chat.models import ApiKey

T = TypeVar("T")
RECHECK = 0.75  # seconds between two looks whether the key still works
REVOKED = "The API key was revoked, or its owner was deactivated."
RUN_GOES_ON = f"{REVOKED} The run goes on."


async def while_usable(
    key: ApiKey, events: AsyncGenerator[T, None], *, message: str = RUN_GOES_ON
) -> AsyncGenerator[T, None]:
    """Yield ``events``. Raise ``NotSignedIn`` with ``message`` when the key is revoked or its owner deactivated."""
    ended = asyncio.create_task(wait_for_revocation(key))
    try:
        async with aclosing(events):
            while (batch := await first_of(events, ended, message)) is not None:
                yield batch
    finally:
        ended.cancel()
        await asyncio.wait({ended})


async def first_of(events: AsyncGenerator[T, None], ended: asyncio.Task[None], message: str) -> T | None:
    """Return the next of ``events``; None at their end. Raise ``NotSignedIn`` if ``ended`` comes before."""
    step = asyncio.ensure_future(anext(events, None))
    try:
        await asyncio.wait({step, ended}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            ended.result()
            raise NotSignedIn(message)
        return step.result()
    finally:
        if step.cancel():
            await asyncio.wait({step})


async def wait_for_revocation(key: ApiKey) -> None:
    """Return soon after the key has stopped to work, by whichever process."""
    while await read_in_thread(api_keys.is_usable, key):  # noqa: ASYNC110 -- another process may revoke it
        await asyncio.sleep(RECHECK)
