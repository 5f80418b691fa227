"""What every page request passes through."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Mapping
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIE = "timezone"  # set by the page's script from the browser's own zone


@cache
def zones() -> set[str]:
    """The names of all zones; finding them takes 13 ms, so once."""
    return zoneinfo.available_timezones()


def zone_of(cookies: Mapping[str, str]) -> zoneinfo.ZoneInfo | None:
    """The reader's time zone. None, the server's, when the cookie names none that exists."""
    name = cookies.get(COOKIE, "")
    return zoneinfo.ZoneInfo(name) if name in zones() else None


class TimeZoneMiddleware:
    """Shows times in the reader's zone, named by a cookie."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(zone_of(request.COOKIES)):
            return self.get_response(request)
