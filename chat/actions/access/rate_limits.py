"""The rate limit of API keys: a token bucket for each key, exact over all processes. The middleware calls it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings

from chat.errors import TooManyRequests
from chat.models import ApiKey
from chat.models.accounts import rate_buckets

if TYPE_CHECKING:
    from chat.actions.access.redis_buckets import RedisBuckets

SECOND = 1_000_000_000  # nanoseconds: whole numbers, which do not drift however many requests are counted
MINUTE = 60 * SECOND  # that an empty bucket takes to fill


@dataclass(frozen=True)
class Allowance:
    """The requests that a key has left: ``remaining`` of ``limit``, and all of them again in ``reset`` seconds."""

    limit: int
    remaining: int
    reset: float


class Buckets:
    """The token buckets of all keys, counted over all processes by Redis, or by the database without it."""

    def __init__(self, *, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock  # nanoseconds since 1970, for databases without a clock

    def spend(self, key: ApiKey) -> Allowance | None:
        """Count one request. Return None if the key has no limit. Raise ``TooManyRequests``, and then count nothing."""
        limit = limit_of(key)
        if not limit:
            return None
        cost = max(1, MINUTE // limit)
        passes, missing = self._take(key.pk, cost)
        if not passes:
            raise refusal(limit, wait=max(0, missing + cost - MINUTE) / SECOND, reset=missing / SECOND)
        return Allowance(limit=limit, remaining=min(limit - 1, (MINUTE - missing) // cost), reset=missing / SECOND)

    def _take(self, key_id: int, cost: int) -> tuple[bool, int]:
        """Take ``cost`` from the bucket if it is there. Return whether it was, and the time until the bucket is full.

        Both are nanoseconds.
        """
        if settings.REDIS_URL and (taken := _redis_buckets(settings.REDIS_URL).spend(key_id, cost=cost, size=MINUTE)):
            return taken
        return rate_buckets.spend(key_id, cost=cost, size=MINUTE, now=self._clock())


@cache
def _redis_buckets(url: str) -> RedisBuckets:
    from chat.actions.access.redis_buckets import RedisBuckets  # its client is not installed everywhere

    return RedisBuckets(url)


def limit_of(key: ApiKey) -> int:
    """Return the key's limit in requests per minute; 0: none."""
    own = key.requests_per_minute
    return settings.EVERTHREAD_REQUESTS_PER_MINUTE if own is None else own


def refusal(limit: int, *, wait: float, reset: float) -> TooManyRequests:
    message = (
        f"Rate limit reached for requests per minute: limit {limit}, used {limit}."
        f" Please try again in {duration(wait)}."
    )
    return TooManyRequests(message, limit=limit, retry_after=wait, reset=reset)


def headers(allowance: Allowance | TooManyRequests) -> dict[str, str]:
    """Return the headers of a response, or of a refusal."""
    return {
        "x-ratelimit-limit-requests": str(allowance.limit),
        "x-ratelimit-remaining-requests": str(allowance.remaining),
        "x-ratelimit-reset-requests": duration(allowance.reset),
    }


def duration(seconds: float) -> str:
    """Return a duration as OpenAI writes it, rounded up: ``20ms``, ``1.2s``, ``1m0s``."""
    milliseconds = math.ceil(round(seconds * 1000, 3))  # no more than floating point added
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, tenths = divmod(math.ceil(milliseconds / 100), 600)
    return f"{minutes}m{tenths / 10:g}s" if minutes else f"{tenths / 10:g}s"


buckets = Buckets()
