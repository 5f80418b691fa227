"""Whatever ends a person's stay is heard by their open sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import InMemoryChannelLayer, channel_layers, get_channel_layer
from django.contrib.sessions.models import Session

from chat.actions.access import api_keys
from chat.sockets.auth import user_group
from tests.web.accounts.test_views import NEW, PASSWORD


class CountingLayer(InMemoryChannelLayer):  # type: ignore[misc]
    """Notes how many sessions there are whenever something is sent."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.sessions: list[int] = []

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.sessions.append(await Session.objects.acount())


@pytest.mark.django_db(transaction=True)
class TestOpenSockets:
    """Each is told to look again whether it may stay."""

    @pytest.fixture
    async def told(self, ada) -> AsyncIterator[Callable[[], Any]]:
        """What a socket of ada's hears; None: nothing."""
        channel_layers.backends.clear()
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(user_group(ada.pk), channel)

        async def hear() -> Any:
            try:
                return await asyncio.wait_for(layer.receive(channel), 0.1)
            except TimeoutError:
                return None

        yield hear
        channel_layers.backends.clear()

    async def test_hear_of_signing_out(self, told, ada, client) -> None:
        await sync_to_async(client.force_login)(ada)
        await sync_to_async(client.post)("/sign-out/")
        assert await told() == {"type": "signed.out"}

    async def test_hear_of_it_when_the_session_is_gone(self, ada, client, settings) -> None:
        """They look at once: a session that is still there would let them stay."""
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": f"{__name__}.CountingLayer"}}
        await sync_to_async(client.force_login)(ada)
        await sync_to_async(client.post)("/sign-out/")
        assert get_channel_layer().sessions == [0]

    async def test_hear_of_signing_out_of_the_admin(self, told, ada, client) -> None:
        ada.is_staff = True
        await ada.asave()
        await sync_to_async(client.force_login)(ada)
        await sync_to_async(client.post)("/admin/logout/")
        assert await told() == {"type": "signed.out"}

    async def test_hear_of_a_new_password(self, told, ada, client) -> None:
        await sync_to_async(client.force_login)(ada)
        data = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
        await sync_to_async(client.post)("/password/", data)
        assert await told() == {"type": "signed.out"}

    async def test_hear_of_being_deactivated(self, told, ada) -> None:
        ada.is_active = False
        await ada.asave(update_fields=["is_active"])
        assert await told() == {"type": "signed.out"}

    async def test_hear_of_being_deleted(self, told, ada) -> None:
        await ada.adelete()
        assert await told() == {"type": "signed.out"}

    async def test_hear_of_a_revoked_key(self, told, ada) -> None:
        key, _secret = await sync_to_async(api_keys.create)(ada, name="laptop")
        assert await told() is None
        await sync_to_async(key.revoke)()
        assert await told() == {"type": "signed.out"}

    async def test_hear_nothing_of_other_changes(self, told, ada, bob) -> None:
        ada.first_name = "Ada"
        await ada.asave()
        bob.is_active = False
        await bob.asave()
        assert await told() is None
