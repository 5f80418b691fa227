"""The delay before a request is sent again."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from chat.errors import Unreachable
from chat.providers.openai.rejections import Rejection

# People watch the answer arrive: a server that wants a longer pause is reported instead of waited for.
LONGEST_WAIT = 30.0
_FIRST, _LAST = 0.5, 8.0  # seconds; doubled from one attempt to the next


def retry_delay(failure: Rejection | Unreachable, *, attempt: int) -> float | None:
    """Return the seconds to wait after the failed ``attempt`` (0 is the first), or None when they are too many."""
    # A connection kept open may be closed just as it is used again: that is mended at once.
    if attempt == 0 and isinstance(failure, Unreachable):
        return 0.0
    if failure.retry_after is not None:
        return failure.retry_after if failure.retry_after <= LONGEST_WAIT else None
    # Not a secret: the spread keeps many runs from coming back in the same instant.
    return min(_FIRST * 2.0**attempt, _LAST) * random.uniform(0.75, 1)  # noqa: S311


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the wait that a server asks for in seconds, or None: ``Retry-After-Ms``, or ``Retry-After``.

    The latter may be seconds or a date.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    try:
        return max(0.0, parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
