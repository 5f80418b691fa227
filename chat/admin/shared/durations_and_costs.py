"""The duration, the tokens and the cost of a run, at the prices that its model has now; and both in words."""

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
ONE_DECIMAL_FROM = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class RunStatistics:
    """``queue_time`` is until a worker claimed the run, ``time_to_first_word`` until the answer began, both from its
    creation; None: it has not happened. ``cost`` is in the currency of the prices, None without prices or usage.
    """

    ended_at: datetime | None
    queue_time: timedelta | None
    time_to_first_word: timedelta | None
    duration: timedelta | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: Decimal | None


def run_statistics(run: Run) -> RunStatistics:
    usage = run.usage or {}
    return RunStatistics(
        ended_at=ended_at(run),
        queue_time=elapsed(run.created_at, run.started_at),
        time_to_first_word=_time_to_first_word(run),
        duration=run_duration(run),
        prompt_tokens=usage.get("prompt_tokens"),
        completion_tokens=usage.get("completion_tokens"),
        cost=run_cost(run),
    )


def ended_at(run: Run) -> datetime | None:
    """Return when the run ended, which is ``expires_at`` for one that expired; None while it is live."""
    if run.is_live:
        return None
    return run.completed_at or run.failed_at or run.cancelled_at or run.expires_at


def run_duration(run: Run) -> timedelta | None:
    """Return the time from the run's creation to its end, or to now while it is live."""
    return elapsed(run.created_at, timezone.now() if run.is_live else ended_at(run))


def _time_to_first_word(run: Run) -> timedelta | None:
    first = next((seconds for _seq, name, seconds, _note in run.timeline or () if name == MESSAGE_CREATED), None)
    return None if first is None else timedelta(seconds=first)


def run_cost(run: Run) -> Decimal | None:
    """Return the price of the run's tokens; None without usage, a model of that name, or prices."""
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


def format_cost(cost: Decimal | None) -> str:
    """Return ``0.0042``; an en dash for None."""
    return "–" if cost is None else f"{cost:.6f}".rstrip("0").rstrip(".")


def elapsed(start: datetime, end: datetime | None) -> timedelta | None:
    return None if end is None else end - start


def format_duration(duration: timedelta | None) -> str:
    """Return ``0.42 s``, ``12.3 s`` or ``2 min 5 s``; an en dash for None."""
    if duration is None:
        return "–"
    seconds = max(0.0, duration.total_seconds())
    if seconds < ONE_DECIMAL_FROM:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
