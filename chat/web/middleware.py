"""The middleware of pages: times in the reader's time zone, and words when the database does not answer."""

from __future__ import annotations

import logging
import zoneinfo
from collections.abc import Callable, Mapping
from functools import cache

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from chat.errors import database_refusal, is_disk_full
from chat.web.decorators import refusal_response

log = logging.getLogger(__name__)

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


class DatabaseErrorMiddleware:
    """Says on each page, those of signing in and the admin too, that the database is busy or its disk full."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError) and not is_disk_full(error):
            return None
        log.warning("the database or the disk did not serve %s: %s", request.path, error)
        return refusal_response(request, database_refusal(error))
