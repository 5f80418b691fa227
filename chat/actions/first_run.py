"""The first start of ``serve``: a provider, an administrator, a few assistants."""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from chat.engine.live_providers import KINDS
from chat.errors import ProviderError
from chat.models import Assistant, Audience, Kind, Provider, User
from chat.models.providers import DEFAULT, default_providers
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH
from chat.tools import declarations

log = logging.getLogger(__name__)
OPENAI_MODEL = "gpt-5-mini"  # when OpenAI itself is the provider and OPENAI_MODEL names no other
LISTING = 15.0  # seconds that a provider has to list its models

STARTERS = [
    Assistant(
        name="General assistant",
        description="Answers everyday questions.",
        instructions=("You are a helpful assistant. Answer briefly and correctly, in the language of the question."),
        starter_prompts=[
            "Explain how a rainbow forms, in three sentences.",
            "Write a polite e-mail that moves a meeting to Thursday.",
            "What are five things to check before a long bicycle tour?",
        ],
    ),
    Assistant(
        name="Math tutor",
        description="Solves problems step by step.",
        instructions=(
            "You are a patient mathematics tutor. Solve the problem step by step, one short step a line, "
            "and write formulas in LaTeX between dollar signs. End with the answer on a line of its own."
        ),
        starter_prompts=[
            "Solve the equation 3x + 11 = 14.",
            "What is the derivative of x² · sin(x)?",
            "Explain why the square root of 2 is irrational.",
        ],
        tools=[{"type": CODE_INTERPRETER}],
    ),
    Assistant(
        name="Data analyst",
        description="Calculates, works on tables that you attach, and draws charts.",
        instructions=(
            "You work on data with Python. Look at a file before you use it, say in one or two sentences what you "
            "found, draw a chart where one helps, and hand over tables as files."
        ),
        starter_prompts=[
            "Draw a bar chart of 3 apples, 5 pears and 2 plums.",
            "Sort 17, 4, 23, 8 and 15, and tell me their mean and median.",
            "What can you tell me about the attached table?",
        ],
        tools=[{"type": CODE_INTERPRETER}],
    ),
    Assistant(
        name="Document helper",
        description="Answers from the documents that you attach, and shows where it stands.",
        instructions=(
            "You help people with their documents. Answer from the passages of their files only, and say so plainly "
            "when these do not hold the answer."
        ),
        tools=[{"type": FILE_SEARCH}],
        starter_prompts=[
            "Summarise the attached document in five points.",
            "Which dates and deadlines does the attached document name?",
            "What does the attached document say about costs?",
        ],
    ),
]


@dataclass(frozen=True, slots=True)
class Administrator:
    """The account that was created. ``password`` is "" when the operator chose it."""

    username: str
    password: str


def ensure_provider() -> Provider:
    """Return the default provider: that of the environment, else one chosen before, else the embedded model."""
    if settings.OPENAI_BASE_URL or settings.OPENAI_API_KEY:
        return _provider_of_environment()
    # The provider "default" is the environment's, which names none any more.
    Provider.objects.filter(name=DEFAULT).update(enabled=False, is_default=False)
    chosen = default_providers.first()
    if chosen is None:
        chosen, _new = Provider.objects.get_or_create(
            name="embedded", defaults={"kind": Kind.EMBEDDED, "default_model": "qwen2.5-coder-0.5b-instruct"}
        )
        chosen.make_default()
    return chosen


def _provider_of_environment() -> Provider:
    provider, _new = Provider.objects.get_or_create(name=DEFAULT, defaults={"kind": Kind.OPENAI})
    moved, before = provider.base_url != settings.OPENAI_BASE_URL, _columns(provider)
    provider.base_url = settings.OPENAI_BASE_URL
    provider.key_variable = "OPENAI_API_KEY" if settings.OPENAI_API_KEY else ""
    if provider.key_variable:
        provider.bind_key()
    if settings.OPENAI_MODEL or moved or not provider.default_model:
        provider.default_model = settings.OPENAI_MODEL or default_model_of(provider)
    if _columns(provider) != before:
        provider.save()  # after which all processes make new connections to its server
    provider.make_default()
    return provider


def _columns(provider: Provider) -> dict[str, Any]:
    return {field.attname: getattr(provider, field.attname) for field in provider._meta.concrete_fields}


def default_model_of(provider: Provider) -> str:
    """Return the first model that the server lists; "" when it cannot be asked now."""
    # OpenAI's own list begins with any of its models.
    if not provider.base_url or "api.openai.com" in provider.base_url:
        return OPENAI_MODEL

    async def first() -> str:
        live = KINDS[provider.kind](provider)
        try:
            async with asyncio.timeout(LISTING):
                return next(iter(await live.models()), "")
        finally:
            await live.aclose()

    try:
        return asyncio.run(first())
    except (ProviderError, TimeoutError) as error:
        log.warning("the provider at %s cannot list its models (%s); set OPENAI_MODEL", provider.base_url, error)
        return ""


@transaction.atomic
def first_run(*, username: str, password: str) -> Administrator | None:
    """Create an administrator, with a random password if ``password`` is empty, and the starter assistants.

    Return None, and create nothing, when there are users already.
    """
    if User.objects.exists():
        return None
    chosen = password or secrets.token_urlsafe(12)
    owner = User.objects.create_superuser(username=username, password=chosen)
    for starter in STARTERS:
        values = {name: getattr(starter, name) for name in ("name", "description", "instructions", "starter_prompts")}
        tools = declarations.normalised(starter.tools)
        Assistant.objects.create(owner=owner, audience=Audience.EVERYONE, model=DEFAULT, tools=tools, **values)
    return Administrator(username=username, password="" if password else chosen)
