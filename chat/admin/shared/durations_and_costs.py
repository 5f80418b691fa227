"""What a run took: time, tokens, and money at today's prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from chat.errors import ModelNotFound
from chat.events.types import MESSAGE_CREATED
from chat.models import Run
from chat.models.providers import resolve

MILLION = Decimal(1_000_000)
TENTHS_FROM = 10.0  # seconds from which a second decimal says nothing


@dataclass(frozen=True, slots=True)
class Facts:
    """``waited`` is until a worker took the run, ``first_word`` until the answer began, both from its creation.

    None: it has not happened. ``cost`` is in the currency of the prices, None without prices or usage.
    """

    run: Run
    ended_at: datetime | None
    waited: timedelta | None
    first_word: timedelta | None
    took: timedelta | None
    prompt: int | None
    completion: int | None
    cost: Decimal | None


def run_facts(run: Run) -> Facts:
    usage = run.usage or {}
    return Facts(
        run=run,
        ended_at=ended_at(run),
        waited=between(run.created_at, run.started_at),
        first_word=_first_word(run),
        took=time_taken(run),
        prompt=usage.get("prompt_tokens"),
        completion=usage.get("completion_tokens"),
        cost=cost_of(run),
    )


def ended_at(run: Run) -> datetime | None:
    """When the run ended; one that expired did at ``expires_at``."""
    if run.is_live:
        return None
    return run.completed_at or run.failed_at or run.cancelled_at or run.expires_at


def time_taken(run: Run) -> timedelta | None:
    """From its creation to its end, or to now."""
    return between(run.created_at, timezone.now() if run.is_live else ended_at(run))


def _first_word(run: Run) -> timedelta | None:
    event = run.events.filter(name=MESSAGE_CREATED).first()
    return between(run.created_at, event.created_at if event else None)


def cost_of(run: Run) -> Decimal | None:
    """What the run's tokens cost at the prices that its model has now."""
    if not run.usage:
        return None
    try:
        model = resolve(run.model)
    except ModelNotFound:
        return None
    if model.input_price is None and model.output_price is None:
        return None
    prompt = Decimal(run.usage["prompt_tokens"]) * (model.input_price or 0)
    completion = Decimal(run.usage["completion_tokens"]) * (model.output_price or 0)
    return (prompt + completion) / MILLION


def money(cost: Decimal | None) -> str:
    """``0.0042``; an en dash for None."""
    return "–" if cost is None else f"{cost:.6f}".rstrip("0").rstrip(".")


def between(start: datetime, end: datetime | None) -> timedelta | None:
    return None if end is None else end - start


def spoken(length: timedelta | None) -> str:
    """``0.42 s``, ``12.3 s``, ``2 min 5 s``; an en dash for None."""
    if length is None:
        return "–"
    seconds = max(0.0, length.total_seconds())
    if seconds < TENTHS_FROM:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
