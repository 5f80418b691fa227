"""The token buckets in Redis, for ``rate_limits`` where ``REDIS_URL`` is set: one script, which Redis runs alone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)
PREFIX = "everthread:bucket:"
TIMEOUT = 0.5  # seconds that an answer may take
REST = 5.0  # seconds without Redis after it has failed
# A bucket is how many nanoseconds it needed to be full, and when, in microseconds of Redis's clock: Lua's numbers are
# floats, in which nanoseconds since 1970 are not exact.
SCRIPT = """
local time, cost, size = redis.call('TIME'), tonumber(ARGV[1]), tonumber(ARGV[2])
local now = time[1] * 1000000 + time[2]
local bucket = redis.call('HMGET', KEYS[1], 'missing', 'at')
local missing = math.max(0, (bucket[1] or 0) - math.max(0, now - (bucket[2] or now)) * 1000)
if missing + cost > size then return {0, missing} end
missing = missing + cost
redis.call('HSET', KEYS[1], 'missing', string.format('%.0f', missing), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(missing / 1000000))
return {1, missing}
"""


class RedisBuckets:
    """The buckets in the Redis at ``url``. ``clock`` counts seconds and never goes back."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.back_at = clock, 0.0
        redis = Redis.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 1)
        )  # one retry: after a restart of Redis each kept connection breaks once
        self.script = redis.register_script(SCRIPT)

    def spend(self, key_id: int, *, cost: int, size: int) -> tuple[bool, int] | None:
        """Take ``cost`` nanoseconds from the key's bucket of ``size`` if they are there.

        Return whether they were, and how long the bucket then takes to be full; None while Redis is away.
        """
        if self.clock() < self.back_at:
            return None
        try:
            passes, missing = self.script([f"{PREFIX}{key_id}"], [cost, size])
        except (RedisError, OSError) as error:
            self.back_at = self.clock() + REST
            log.warning("Redis does not count requests (%s); the database does for %g s", error, REST)
            return None
        return bool(passes), int(missing)
