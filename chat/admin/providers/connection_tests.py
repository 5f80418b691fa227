"""Trying a provider out: what it serves, one short question to it, and a vector of its making."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from asgiref.sync import async_to_sync
from django.utils.translation import gettext as _

from chat.engine.live_providers import Upstreams
from chat.errors import ProviderError, TimedOut
from chat.models import Kind
from chat.models import Provider as Row
from chat.providers.base import Provider, Request, Text, Turn, Usage
from chat.providers.openai.embedder import OpenAIEmbedder

T = TypeVar("T")
LIMIT = 60.0  # seconds; a local server may first have to load the model
QUESTION = "Say hello in one short sentence."
MAX_TOKENS = 64  # some models think a little before the first word
SHOWN = 300  # characters of the answer


@dataclass(frozen=True, slots=True)
class Trial:
    """What ``model`` answered. ``seconds`` is until the last word, ``first`` until the first; None: it said nothing."""

    model: str
    text: str
    usage: Usage
    seconds: float
    first: float | None


def served(row: Row) -> list[str]:
    """The names of the models that the provider lists. Raises ``ProviderError``."""

    async def ask(provider: Provider) -> list[str]:
        return await provider.models()

    return _with(row, ask)


def answer(row: Row, *, model: str) -> Trial:
    """Ask ``model`` one question. Raises ``ProviderError``."""

    async def ask(provider: Provider) -> Trial:
        request = Request(model=model, turns=[Turn("user", QUESTION)], max_tokens=MAX_TOKENS)
        began, first, usage, words = time.monotonic(), None, Usage(), []
        async with aclosing(provider.stream(request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Text):
                    first = first or time.monotonic() - began
                    words.append(piece.value)
                elif isinstance(piece, Usage):
                    usage = piece
        text = "".join(words).strip()
        return Trial(model, text[:SHOWN], usage, time.monotonic() - began, first)

    return _with(row, ask)


def vector(row: Row) -> str:
    """Have its embedding model make a vector of the question, and say so. Raises ``ProviderError``."""
    began = time.monotonic()
    limit = min(LIMIT, float(row.timeout))
    embedder = OpenAIEmbedder(
        row.base_url or None, row.get_key(), model=row.embedding_model, timeout=limit, max_retries=0
    )
    try:
        (made,) = embedder.embed([QUESTION], urgent=True)
    finally:
        embedder.close()
    told = {"model": row.embedding_model, "length": len(made), "seconds": f"{time.monotonic() - began:.1f}"}
    return _("The embedding model %(model)s made a vector of %(length)d numbers within %(seconds)s s.") % told


def listed_or_none(row: Row) -> list[str] | None:
    """What it serves; None where the server cannot say, as some cannot. Raises ``ProviderError`` if it is not there."""
    try:
        return served(row)
    except ProviderError as error:
        if type(error) is ProviderError:
            return None
        raise


def model_to_try(row: Row, listed: list[str]) -> str:
    """The default model, else one of its rows, else the first that it lists. Raises ``ProviderError`` without any."""
    wanted = {"name": row.default_model} if row.default_model else {"enabled": True}
    model = row.models.filter(**wanted).first()
    name = model.served_as if model else row.default_model or next(iter(listed), "")
    if not name and row.kind == Kind.OPENAI:
        raise ProviderError(_("The server lists no models. Write the name of one under “Default model”, and save."))
    return name


def said(trial: Trial) -> str:
    """The trial in one line."""
    told = {
        "model": trial.model,
        "seconds": f"{trial.seconds:.1f}",
        "first": f"{trial.first or trial.seconds:.1f}",
        "prompt": trial.usage.prompt,
        "completion": trial.usage.completion,
        "text": trial.text,
    }
    if not trial.text:
        return _("The model %(model)s ended after %(seconds)s s without a word (%(completion)d tokens).") % told
    return (
        _("The model %(model)s said “%(text)s” within %(seconds)s s: first word after %(first)s s,") % told
        + " "
        + _("%(prompt)d tokens in, %(completion)d out.") % told
    )


def _with(row: Row, ask: Callable[[Provider], Awaitable[T]]) -> T:
    upstreams = Upstreams()
    # Made here, in the request's own thread: loading certificates would hold up the event loop.
    provider = upstreams.get(row)

    async def within_limit() -> T:
        try:
            async with asyncio.timeout(LIMIT):
                return await ask(provider)
        except TimeoutError:
            told = _("The model's server did not answer within %(limit)d seconds.") % {"limit": LIMIT}
            raise TimedOut(told) from None
        finally:
            await upstreams.aclose()

    return async_to_sync(within_limit)()
