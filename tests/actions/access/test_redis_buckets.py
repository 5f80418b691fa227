"""Requests a minute, counted by a Redis."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat.actions.access.rate_limits import MINUTE, Buckets
from chat.actions.access.redis_buckets import PREFIX, REST, RedisBuckets
from chat.errors import TooManyRequests
from chat.models import ApiKey
from chat.models.accounts.rate_buckets import RateBucket
from tests.redis_server import RedisServer, redis_server


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


def passed(buckets: RedisBuckets, *, limit: int, of: int) -> int:
    """How many of so many requests at once are let through."""
    answers = [buckets.spend(1, cost=MINUTE // limit, size=MINUTE) for _ in range(of)]
    return sum(answer is not None and answer[0] for answer in answers)


class TestAKey:
    @pytest.mark.parametrize("limit", [1, 7, 60])
    def test_may_make_as_many_requests_at_once_as_its_limit(self, redis: RedisServer, limit: int) -> None:
        assert passed(RedisBuckets(redis.url), limit=limit, of=limit + 5) == limit

    def test_is_counted_right_when_processes_ask_at_once(self, redis: RedisServer) -> None:
        with ThreadPoolExecutor(8) as pool:
            counts = pool.map(lambda _: passed(RedisBuckets(redis.url), limit=50, of=30), range(8))
            assert sum(counts) == 50

    def test_may_make_one_more_when_a_part_of_its_minute_is_over(self, redis: RedisServer) -> None:
        buckets = RedisBuckets(redis.url)
        assert passed(buckets, limit=2, of=3) == 2
        redis.client.hincrby(f"{PREFIX}1", "at", -31_000_000)
        assert passed(buckets, limit=2, of=3) == 1

    def test_that_rests_is_forgotten(self, redis: RedisServer) -> None:
        passed(RedisBuckets(redis.url), limit=60, of=2)
        assert 0 < redis.client.pttl(f"{PREFIX}1") <= 2000


class TestARedisThatIsAway:
    def test_is_asked_again_after_a_rest(self, redis: RedisServer) -> None:
        now = 100.0
        buckets = RedisBuckets(redis.url, clock=lambda: now)
        redis.stop()
        assert passed(buckets, limit=60, of=2) == 0
        redis.start()
        assert passed(buckets, limit=60, of=1) == 0
        now += REST
        assert passed(buckets, limit=60, of=1) == 1

    def test_costs_no_request_when_it_has_restarted(self, redis: RedisServer) -> None:
        buckets = RedisBuckets(redis.url)
        assert passed(buckets, limit=60, of=1) == 1
        redis.stop()
        redis.start()
        assert passed(buckets, limit=60, of=1) == 1

    @pytest.mark.django_db
    def test_lets_the_database_count(self, redis: RedisServer, settings) -> None:
        settings.REDIS_URL = redis.url
        key = ApiKey(pk=1, requests_per_minute=1)
        assert Buckets().spend(key) is not None
        assert not RateBucket.objects.exists()
        redis.stop()
        assert Buckets().spend(key) is not None
        with pytest.raises(TooManyRequests):
            Buckets().spend(key)
