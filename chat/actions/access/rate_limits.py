"""The rate limit of API keys: a token bucket for each key, in the memory of this process. The middleware calls it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from chat.errors import TooManyRequests
from chat.models import ApiKey

SECOND = 1_000_000_000  # nanoseconds: whole numbers, which do not drift however many requests are counted
MINUTE = 60 * SECOND  # that an empty bucket takes to fill


@dataclass(frozen=True)
class Allowance:
    """The requests that a key has left: ``remaining`` of ``limit``, and all of them again in ``reset`` seconds."""

    limit: int
    remaining: int
    reset: float


class Buckets:
    """The token buckets of all keys. ``clock`` returns nanoseconds that never go back."""

    def __init__(self, *, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # Of each bucket only the moment is kept at which it is full again; a full one is not kept at all.
        self._full_at: dict[int, int] = {}
        self._swept_at = clock()

    def __len__(self) -> int:
        return len(self._full_at)

    def spend(self, key: ApiKey) -> Allowance | None:
        """Count one request. Return None if the key has no limit. Raise ``TooManyRequests``, and then count nothing."""
        limit = limit_of(key)
        if not limit:
            return None
        cost = max(1, MINUTE // limit)
        with self._lock:
            now = self._clock()
            self._forget_full_ones(now)
            missing = max(0, self._full_at.get(key.pk, now) - now)  # until the bucket is full
            wait = missing + cost - MINUTE
            if wait > 0:
                raise refusal(limit, wait=wait / SECOND, reset=missing / SECOND)
            missing += cost
            self._full_at[key.pk] = now + missing
        return Allowance(limit=limit, remaining=min(limit - 1, (MINUTE - missing) // cost), reset=missing / SECOND)

    def _forget_full_ones(self, now: int) -> None:
        # Once a minute, so that the keys of the last two minutes are kept.
        if now - self._swept_at < MINUTE:
            return
        self._swept_at = now
        self._full_at = {pk: full_at for pk, full_at in self._full_at.items() if full_at > now}


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


buckets = Buckets()  # of this process
