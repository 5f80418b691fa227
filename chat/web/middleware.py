"""The middleware that shows times in the reader's time zone."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Mapping
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIE = "timezone"  # set by the page's script from the browser's own zone


@cache  # finding them takes 13 ms
def zones() -> set[str]:
    """Return the names of all zones."""
    return zoneinfo.available_timezones()


def zone_of(cookies: Mapping[str, str]) -> zoneinfo.ZoneInfo | None:
    """Return the reader's time zone, or None (for the server's) when the cookie names none that exists."""
    name = cookies.get(COOKIE, "")
    return zoneinfo.ZoneInfo(name) if name in zones() else None


class TimeZoneMiddleware:
    """Activates the time zone that the reader's cookie names."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(zone_of(request.COOKIES)):
            return self.get_response(request)
