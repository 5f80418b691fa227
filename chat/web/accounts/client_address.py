"""Whose address a request comes from."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address of the other end; behind the TLS proxy, the one that the proxy saw.

    That is the last of ``X-Forwarded-For``: those before it are whatever the client claimed.
    """
    if settings.TLS:
        return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
