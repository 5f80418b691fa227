"""Who makes a store's vectors: one live embedder for each provider and model, made anew when the provider's row
changes, and one that is built in.
"""

from __future__ import annotations

import os
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from chat.errors import ProviderError
from chat.models import Kind, Provider, VectorStore
from chat.providers.base import Embedder
from chat.providers.embedded.minilm.embedder import MiniLM
from chat.providers.openai.embedder import OpenAIEmbedder

Version = tuple[datetime, str | None]

_made: dict[tuple[int, str], tuple[Version, Embedder]] = {}
_making = Lock()


def embedder_of(store: VectorStore) -> Embedder:
    """The embedder whose vectors ``store`` has. Any thread may ask; nobody but ``close`` may close it.

    Raises ``ProviderError`` when its provider cannot be used, with what an administrator can do about it.
    """
    row = store.embedding_provider
    if row is None or row.kind != Kind.OPENAI:  # the models of the other kinds make no vectors
        return built_in()
    _check_usable(row, store)
    version = (row.updated_at, os.environ.get(row.key_variable) if row.key_variable else None)
    place = (row.pk, store.embedding_model)
    with _making:
        if place not in _made or _made[place][0] != version:
            # An older one may still be at work: it is left to end by itself.
            made = OpenAIEmbedder(
                row.base_url or None, row.get_key(), model=store.embedding_model, timeout=float(row.timeout)
            )
            _made[place] = (version, made)
        return _made[place][1]


def fields_for_new_stores() -> dict[str, Any]:
    """The fields of a new ``VectorStore`` that say who makes its vectors."""
    row = Provider.objects.filter(embeds_new_stores=True, enabled=True).exclude(embedding_model="").first()
    return {"embedding_provider": row, "embedding_model": row.embedding_model if row else ""}


@cache
def built_in() -> Embedder:
    """The one that needs no provider."""
    path = settings.EVERTHREAD_EMBEDDING_MODEL_PATH
    return MiniLM(Path(path) if path else None)


def close() -> None:
    """Free what all embedders hold. They can be used again."""
    with _making:
        closing = [made for _version, made in _made.values()]
        _made.clear()
    for embedder in (built_in(), *closing):
        embedder.close()


def _check_usable(row: Provider, store: VectorStore) -> None:
    if not row.enabled:
        raise ProviderError(
            _(
                "The files of “{store}” are searched with the provider “{provider}”, which is switched off. "
                "An administrator can switch it on under Providers, or choose another one for this knowledge."
            ).format(store=store, provider=row)
        )
    if not (row.embedding_model and store.embedding_model):
        raise ProviderError(
            _(
                "The files of “{store}” are searched with the provider “{provider}”, which has no embedding model. "
                "An administrator can name one under Providers, or choose another provider for this knowledge."
            ).format(store=store, provider=row)
        )
