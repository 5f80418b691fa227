"""The embedders of stores: one for each provider and model, replaced when the provider's row changes, and the built-in
one. Indexing and search call it.
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
from chat.providers.embedded.embedder.built_in import BuiltInEmbedder

Version = tuple[datetime, str | None]

_embedders: dict[tuple[int, str], tuple[Version, Embedder]] = {}
_lock = Lock()


def embedder_of(store: VectorStore) -> Embedder:
    """Return the embedder of the vectors of ``store``. Any thread may call this; only ``close`` may close it.

    Raise ``ProviderError`` when its provider cannot be used, with what an administrator can do about it.
    """
    row = store.embedding_provider
    if row is None or row.kind != Kind.OPENAI:  # the models of the other kinds make no vectors
        return built_in()
    _check_usable(row, store)
    version = (row.updated_at, os.environ.get(row.key_variable) if row.key_variable else None)
    place = (row.pk, store.embedding_model)
    with _lock:
        if place not in _embedders or _embedders[place][0] != version:
            from chat.providers.openai.embedder import OpenAIEmbedder  # its SDK takes a second to import

            # An older one may still be in use, so it is not closed.
            embedder = OpenAIEmbedder(
                row.base_url or None, row.get_key(), model=store.embedding_model, timeout=float(row.timeout)
            )
            _embedders[place] = (version, embedder)
        return _embedders[place][1]


def fields_for_new_stores() -> dict[str, Any]:
    """Return the fields of a new ``VectorStore`` that name its embedding model."""
    row = Provider.objects.filter(embeds_new_stores=True, enabled=True).exclude(embedding_model="").first()
    return {"embedding_provider": row, "embedding_model": row.embedding_model if row else ""}


@cache
def built_in() -> Embedder:
    """Return the embedder that needs no provider."""
    path = settings.EVERTHREAD_EMBEDDING_MODEL_PATH
    return BuiltInEmbedder(Path(path) if path else None)


def close() -> None:
    """Close all embedders and free their memory. They can be used again."""
    with _lock:
        closing = [embedder for _version, embedder in _embedders.values()]
        _embedders.clear()
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
