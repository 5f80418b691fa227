"""Requests a minute, counted for each key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from chat.actions.access import rate_limits
from chat.actions.access.rate_limits import Allowance, Buckets
from chat.errors import TooManyRequests
from chat.models import ApiKey
from chat.models.accounts import rate_buckets
from chat.models.accounts.rate_buckets import RateBucket

pytestmark = pytest.mark.django_db


class Clock:
    """Goes on when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0  # seconds

    def __call__(self) -> int:
        return round(self.now * 1e9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of the buckets, on PostgreSQL too."""
    monkeypatch.setattr(rate_buckets, "NOW", {})
    return Clock()


@pytest.fixture
def buckets(clock: Clock) -> Buckets:
    return Buckets(clock=clock)


def key(pk: int = 1, *, limit: int | None) -> ApiKey:
    return ApiKey(pk=pk, name="laptop", requests_per_minute=limit)


def let_through(buckets: Buckets, one: ApiKey, *, of: int) -> int:
    """How many of so many requests at once are let through."""
    passed = 0
    for _ in range(of):
        try:
            buckets.spend(one)
        except TooManyRequests:
            continue
        passed += 1
    return passed


class TestAKey:
    @pytest.mark.parametrize("limit", [1, 3, 7, 60, 1000, 9_973])
    def test_may_make_as_many_requests_at_once_as_its_limit(self, buckets: Buckets, limit: int) -> None:
        assert let_through(buckets, key(limit=limit), of=limit + 5) == limit

    @pytest.mark.parametrize("limit", [1, 7, 60])
    def test_is_told_what_is_left(self, buckets: Buckets, limit: int) -> None:
        left = [buckets.spend(key(limit=limit)).remaining for _ in range(limit)]
        assert left == list(reversed(range(limit)))

    def test_is_told_when_all_is_there_again(self, buckets: Buckets, clock: Clock) -> None:
        one = key(limit=60)
        assert buckets.spend(one) == Allowance(limit=60, remaining=59, reset=pytest.approx(1))
        assert buckets.spend(one) == Allowance(limit=60, remaining=58, reset=pytest.approx(2))
        clock.now += 1.5
        assert buckets.spend(one) == Allowance(limit=60, remaining=58, reset=pytest.approx(1.5))
        clock.now += 500
        assert buckets.spend(one) == Allowance(limit=60, remaining=59, reset=pytest.approx(1))

    def test_is_refused_until_the_time_it_was_told(self, buckets: Buckets, clock: Clock) -> None:
        one = key(limit=50)  # a request each 1.2 s
        let_through(buckets, one, of=50)
        with pytest.raises(TooManyRequests) as refused:
            buckets.spend(one)
        wait = refused.value.retry_after
        assert wait == pytest.approx(1.2)
        clock.now += wait - 0.1
        with pytest.raises(TooManyRequests):
            buckets.spend(one)
        clock.now += 0.101
        assert buckets.spend(one) == Allowance(limit=50, remaining=0, reset=pytest.approx(60, abs=0.01))

    def test_pays_nothing_for_requests_that_were_refused(self, buckets: Buckets, clock: Clock) -> None:
        one = key(limit=2)
        assert let_through(buckets, one, of=100) == 2
        clock.now += 30
        assert let_through(buckets, one, of=100) == 1

    def test_does_not_pay_for_others(self, buckets: Buckets) -> None:
        let_through(buckets, key(1, limit=1), of=2)
        assert buckets.spend(key(2, limit=1)) is not None

    def test_without_a_limit_is_not_counted(self, buckets: Buckets) -> None:
        assert buckets.spend(key(limit=None)) is None
        assert not RateBucket.objects.exists()

    def test_has_the_limit_of_the_settings_unless_it_has_its_own(self, buckets: Buckets, settings) -> None:
        settings.EVERTHREAD_REQUESTS_PER_MINUTE = 5
        assert buckets.spend(key(1, limit=None)).limit == 5
        assert buckets.spend(key(2, limit=9)).limit == 9
        assert buckets.spend(key(3, limit=0)) is None

    def test_obeys_a_new_limit_at_once(self, buckets: Buckets) -> None:
        let_through(buckets, key(limit=60), of=30)
        assert buckets.spend(key(limit=10)) == Allowance(limit=10, remaining=4, reset=pytest.approx(36))

    @pytest.mark.django_db(transaction=True)
    def test_is_counted_right_when_its_requests_come_at_once(self, clock: Clock) -> None:
        def ask(_: int) -> int:
            try:
                return let_through(Buckets(clock=clock), key(limit=100), of=50)
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(ask, range(8))) == 100

    def test_is_counted_by_whatever_process_it_asks(self, clock: Clock) -> None:
        one, other = Buckets(clock=clock), Buckets(clock=clock)
        assert let_through(one, key(limit=10), of=6) + let_through(other, key(limit=10), of=6) == 10


class TestTheRefusal:
    @pytest.fixture
    def refusal(self, buckets: Buckets) -> TooManyRequests:
        let_through(buckets, key(limit=50), of=50)
        with pytest.raises(TooManyRequests) as refused:
            buckets.spend(key(limit=50))
        return refused.value

    def test_says_how_long_to_wait(self, refusal: TooManyRequests) -> None:
        """Reference, section 12."""
        assert refusal.status == 429
        assert refusal.as_body() == {
            "error": {
                "message": "Rate limit reached for requests per minute: limit 50, used 50. Please try again in 1.2s.",
                "type": "requests",
                "param": None,
                "code": "rate_limit_exceeded",
            }
        }

    def test_has_headers_like_an_answer(self, refusal: TooManyRequests) -> None:
        assert rate_limits.headers(refusal) == {
            "x-ratelimit-limit-requests": "50",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "1m0s",
        }


class TestHeaders:
    def test_are_those_of_openai(self) -> None:
        assert rate_limits.headers(Allowance(limit=60, remaining=41, reset=18.61)) == {
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-remaining-requests": "41",
            "x-ratelimit-reset-requests": "18.7s",
        }

    @pytest.mark.parametrize(
        ("seconds", "written"),
        [
            (0.0, "0ms"),
            (0.0001, "1ms"),
            (0.02, "20ms"),
            (0.999, "999ms"),
            (0.9995, "1s"),
            (1.0, "1s"),
            (1.2, "1.2s"),
            (1.21, "1.3s"),
            (59.91, "1m0s"),
            (60.0, "1m0s"),
        ],
    )
    def test_write_times_rounded_up(self, seconds: float, written: str) -> None:
        assert rate_limits.duration(seconds) == written
