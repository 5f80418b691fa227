"""Provider rows as live providers: one for each row, made anew when the row changes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from weakref import WeakKeyDictionary

from django.conf import settings

from chat.models import Kind, Model
from chat.models import Provider as Row
from chat.providers.base import ChatProvider
from chat.providers.embedded.provider import EmbeddedProvider
from chat.providers.scripted.provider import ScriptedProvider


def openai(row: Row) -> ChatProvider:
    from chat.providers.openai.provider import OpenAIProvider  # its SDK takes a second to import

    # The SDK insists on some key; local servers take any.
    return OpenAIProvider(row.base_url or None, row.get_key() or "none", timeout=row.timeout)


def embedded(_row: Row) -> ChatProvider:
    path = Path(settings.EVERTHREAD_MODEL_PATH) if settings.EVERTHREAD_MODEL_PATH else None
    return EmbeddedProvider(settings.EVERTHREAD_DATA_DIR, model_path=path)


def scripted(_row: Row) -> ChatProvider:
    return ScriptedProvider()


KINDS: dict[str, Callable[[Row], ChatProvider]] = {
    Kind.OPENAI: openai,
    Kind.EMBEDDED: embedded,
    Kind.SCRIPTED: scripted,
}


def import_sdk() -> None:
    """Import OpenAI's SDK if a provider uses it: it takes a second, which the first answer would wait."""
    if Row.objects.filter(enabled=True).exclude(kind=Kind.SCRIPTED).exists():
        import chat.providers.openai.provider  # noqa: F401


class LiveProviders:
    """The live providers of one event loop."""

    def __init__(self) -> None:
        self.made: dict[int, tuple[tuple[datetime, str | None], ChatProvider]] = {}

    def get(self, row: Row) -> ChatProvider:
        """The live provider of ``row``. Raises ``KeyRefused`` when its key cannot be read."""
        version = (row.updated_at, os.environ.get(row.key_variable) if row.key_variable else None)
        if row.pk in self.made and self.made[row.pk][0] == version:
            return self.made[row.pk][1]
        # An older one may still be answering: it is left to end by itself.
        provider = KINDS[row.kind](row)
        self.made[row.pk] = (version, provider)
        return provider

    async def add_limits(self, model: Model) -> None:
        """Give a model that has no row the limits that its server tells."""
        if model.pk is None and (limits := await self.get(model.provider).limits(model.served_as)):
            model.context_window, model.max_output = limits.context_window, limits.max_output or model.max_output

    async def aclose(self) -> None:
        for _version, provider in self.made.values():
            await provider.aclose()
        self.made.clear()


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, LiveProviders] = WeakKeyDictionary()


def share(providers: LiveProviders) -> None:
    """Let all that asks models in the running event loop use ``providers``, which its worker closes in the end."""
    # The embedded model counts its slots in one object, and connections belong to their loop.
    _of_loops[asyncio.get_running_loop()] = providers


def of_running_loop() -> LiveProviders:
    """Return the live providers that the running event loop shares."""
    return _of_loops.setdefault(asyncio.get_running_loop(), LiveProviders())
