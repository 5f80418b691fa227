"""The address of a client, for django-axes (``AXES_CLIENT_IP_CALLABLE``)."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the address of the other end; behind the TLS proxy, the one that the proxy saw."""
    if settings.TLS:
        # The addresses before the last one are whatever the client claimed.
        return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
