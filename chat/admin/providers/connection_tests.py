"""Try a provider out for the admin's buttons: what it serves, one short question to it, and one embedding."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import dataclass

from django.utils.translation import gettext as _

from chat.admin.shared.served_models import TIMEOUT, list_models, run_with_provider
from chat.errors import ProviderError
from chat.models import Kind
from chat.models import Provider as ProviderRow
from chat.providers.base import ChatProvider, Request, Text, Turn, Usage

QUESTION = "Say hello in one short sentence."
MAX_TOKENS = 64  # some models think a little before the first word
MAX_ANSWER = 300  # characters that are shown


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """The answer of ``model`` to the question. ``seconds`` is until its last word, ``seconds_to_first`` until its
    first; None: it said nothing.
    """

    model: str
    text: str
    usage: Usage
    seconds: float
    seconds_to_first: float | None


def list_models_or_none(row: ProviderRow) -> list[str] | None:
    """Return the same; None where the server answers, but cannot say. Raise ``ProviderError`` if it is not there."""
    try:
        return list_models(row)
    except ProviderError as error:
        # Its subclasses stand for a server that is not reached, refuses the key or does not answer in time.
        if type(error) is ProviderError:
            return None
        raise


def choose_model(row: ProviderRow, listed: list[str]) -> str:
    """Return the default model, else one of its rows, else the first that it lists. Raise ``ProviderError`` without
    any.
    """
    criteria = {"name": row.default_model} if row.default_model else {"enabled": True}
    model = row.models.filter(**criteria).first()
    name = model.served_as if model else row.default_model or next(iter(listed), "")
    if not name and row.kind == Kind.OPENAI:
        raise ProviderError(_("The server lists no models. Write the name of one under “Default model”, and save."))
    return name


def ask_question(row: ProviderRow, *, model: str) -> ModelAnswer:
    """Ask ``model`` one question. Raise ``ProviderError``."""

    async def ask(provider: ChatProvider) -> ModelAnswer:
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
        return ModelAnswer(model, text[:MAX_ANSWER], usage, time.monotonic() - began, first)

    return run_with_provider(row, ask)


def describe_answer(answer: ModelAnswer) -> str:
    """Return the answer in one line, with its times and tokens."""
    values = {
        "model": answer.model,
        "seconds": f"{answer.seconds:.1f}",
        "first": f"{answer.seconds_to_first or answer.seconds:.1f}",
        "prompt": answer.usage.prompt,
        "completion": answer.usage.completion,
        "text": answer.text,
    }
    if not answer.text:
        return _("The model %(model)s ended after %(seconds)s s without a word (%(completion)d tokens).") % values
    return (
        _("The model %(model)s said “%(text)s” within %(seconds)s s: first word after %(first)s s,") % values
        + " "
        + _("%(prompt)d tokens in, %(completion)d out.") % values
    )


def try_embeddings(row: ProviderRow) -> str:
    """Have its embedding model embed the question, and return a sentence on that. Raise ``ProviderError``."""
    from chat.providers.openai.embedder import OpenAIEmbedder  # its SDK takes a second to import

    began = time.monotonic()
    timeout = min(TIMEOUT, float(row.timeout))
    embedder = OpenAIEmbedder(
        row.base_url or None, row.get_key(), model=row.embedding_model, timeout=timeout, max_retries=0
    )
    try:
        (vector,) = embedder.embed([QUESTION], urgent=True)
    finally:
        embedder.close()
    values = {"model": row.embedding_model, "length": len(vector), "seconds": f"{time.monotonic() - began:.1f}"}
    return _("The embedding model %(model)s made a vector of %(length)d numbers within %(seconds)s s.") % values
