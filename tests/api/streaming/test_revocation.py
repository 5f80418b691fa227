"""Streams of a key that stops to work."""

from __future__ import annotations

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
