"""Streams of a key that stops to work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from chat.models import ApiKey, Assistant, Thread, User
from tests.api.calling import Api
from tests.api.streaming.streams import Streams, events_in, wire
from tests.engine.stage import in_thread

pytestmark = pytest.mark.django_db(transaction=True)


def revoke(api: Api) -> None:
    api.key.revoke()


def revoke_elsewhere(api: Api) -> None:
    """As another process does, of which no signal comes here."""
    ApiKey.objects.filter(pk=api.key.pk).update(revoked_at=api.key.created_at)


def deactivate(api: Api) -> None:
    User.objects.filter(pk=api.key.owner_id).update(is_active=False)


@pytest.mark.parametrize("shut_out", [revoke, revoke_elsewhere, deactivate, lambda api: api.key.delete()])
async def test_a_stream_ends_while_its_run_goes_on(
    api: Api, streams: Streams, assistant: Assistant, thread: Thread, shut_out: Callable[[Api], None]
) -> None:
    """There is no worker here, so the run would wait for good."""
    stream = await streams.start(f"/threads/{thread.id}/runs", {"assistant_id": assistant.id})
    await in_thread(shut_out)(api)
    *_before, (name, data) = events_in(await wire(stream))
    assert (name, data["error"]["code"]) == ("error", "invalid_api_key")
    assert (await thread.runs.aget()).status == "queued"


async def test_streams_of_other_keys_go_on_until_these_stop_to_work(
    api: Api, streams: Streams, assistant: Assistant, thread: Thread, bob: User
) -> None:
    other = await in_thread(Api)(bob)
    theirs = await Thread.objects.acreate(owner=bob)
    started = await streams.start(f"/threads/{thread.id}/runs", {"assistant_id": assistant.id})
    kept = await Streams(other).start(f"/threads/{theirs.id}/runs", {"assistant_id": assistant.id})
    going_on = asyncio.create_task(wire(kept))
    await in_thread(revoke)(api)
    await wire(started)
    assert not going_on.done()
    await in_thread(revoke)(other)
    *_before, (_name, data) = events_in(await going_on)
    assert data["error"]["code"] == "invalid_api_key"
