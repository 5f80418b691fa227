"""What every page request passes through."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIE = "timezone"  # set by the page's script from the browser's own zone


class TimeZoneMiddleware:
    """Shows times in the reader's zone, named by a cookie; an unknown name means the server's zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = request.COOKIES.get(COOKIE, "")
        with timezone.override(zoneinfo.ZoneInfo(name) if name in zoneinfo.available_timezones() else None):
            return self.get_response(request)
