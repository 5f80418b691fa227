"""The models that providers serve: asked for suggestions in forms, and for warnings about names that nobody serves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from difflib import get_close_matches
from typing import TypeVar

from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.utils.translation import gettext as _

from chat.engine.live_providers import LiveProviders
from chat.errors import ModelNotFound, ProviderError, TimedOut
from chat.models import Alias, Model, Provider
from chat.models.providers import DEFAULT, default_providers, resolve
from chat.providers.base import ChatProvider

T = TypeVar("T")
TIMEOUT = 60.0  # seconds; a local server may first have to load the model
WHILE_LOADING = 3.0  # seconds that a page may wait for a list
KEPT = 60  # seconds; so that a server that is away holds up one page a minute and not each
UNKNOWN = "unknown"  # kept in place of a list that could not be fetched


def run_with_provider(row: Provider, ask: Callable[[ChatProvider], Awaitable[T]], *, timeout: float = TIMEOUT) -> T:
    """Return what ``ask`` gets from the live provider within ``timeout`` seconds. Raise ``ProviderError``."""
    upstreams = LiveProviders()
    # Made here, in the request's own thread: loading certificates would hold up the event loop.
    provider = upstreams.get(row)

    async def within_timeout() -> T:
        try:
            async with asyncio.timeout(timeout):
                return await ask(provider)
        except TimeoutError:
            problem = _("The model's server did not answer within %(limit)d seconds.") % {"limit": timeout}
            raise TimedOut(problem) from None
        finally:
            await upstreams.aclose()

    return async_to_sync(within_timeout)()


def list_models(row: Provider, *, timeout: float = TIMEOUT) -> list[str]:
    """Return the names of the models that the provider lists. Raise ``ProviderError``."""

    async def fetch(provider: ChatProvider) -> list[str]:
        return await provider.models()

    return run_with_provider(row, fetch, timeout=timeout)


def served_names(row: Provider) -> list[str] | None:
    """Return the names that the provider lists, as of less than a minute ago; None: it cannot say."""
    key = f"served-models-{row.pk}-{row.updated_at.timestamp()}"
    kept: list[str] | str | None = cache.get(key)
    if kept is None:
        try:
            kept = list_models(row, timeout=WHILE_LOADING) or UNKNOWN
        except ProviderError:
            kept = UNKNOWN
        cache.set(key, kept, KEPT)
    return kept if isinstance(kept, list) else None


def suggestions() -> Iterator[str]:
    """Yield names for an assistant's model: the default, the enabled models, the aliases without a pattern, and what
    the default provider lists, if it takes any name.
    """
    names = [DEFAULT]
    names += Model.objects.filter(enabled=True, provider__enabled=True).values_list("name", flat=True)
    names += Alias.objects.exclude(pattern__contains="*").values_list("pattern", flat=True)
    default = default_providers.first()
    yield from dict.fromkeys([*names, *((default and default.accepts_any_name and served_names(default)) or ())])


def warning_for(name: str) -> str:
    """Return what is wrong with the name of a model: nothing answers to it, or its provider does not list it.

    Empty if nothing is, or if the provider cannot say.
    """
    try:
        model = resolve(name)
    except ModelNotFound:
        words = _("No model answers to the name “%(name)s” yet. Add it under Models, or an alias for it.")
        return words % {"name": name}
    served = served_names(model.provider)
    # Ollama leaves out this tag, and takes names without it.
    if served is None or {model.served_as, f"{model.served_as}:latest"} & set(served):
        return ""
    words = _("The provider “%(provider)s” does not list a model “%(name)s”. If it has none, there will be no answers.")
    words %= {"provider": model.provider, "name": model.served_as}
    if close := get_close_matches(model.served_as, served, n=3):
        words += " " + _("It lists names like it: %(names)s.") % {"names": ", ".join(close)}
    return words
