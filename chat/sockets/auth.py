"""Who may open a socket, on the chat page's consumer and the one for programs. ``thread_socket`` does the rest.

Either an API key in the ``Authorization`` header, or the session cookie together with an ``Origin`` that is our own (a
browser sends the cookie whoever's page opens the socket, so the origin is what tells ours from a stranger's). A key in
the address is not looked at: addresses end up in logs.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from enum import IntEnum
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib import auth
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from chat.actions.access import api_keys
from chat.errors import NotAllowed, NotFound, NotSignedIn, Refusal
from chat.models import User

SIGNED_OUT = "signed.out"  # type of the message to a user's group: look again whether you may stay


class Close(IntEnum):
    """Why we closed a socket (docs/websocket.md). htmx connects again after none of these."""

    MALFORMED = 4400
    NOT_SIGNED_IN = 4401
    WRONG_ORIGIN = 4403
    NOT_FOUND = 4404
    TOO_SLOW = 4408
    TOO_LARGE = 4413
    TOO_MANY = 4429


CLOSES: dict[type[Refusal], Close] = {
    NotSignedIn: Close.NOT_SIGNED_IN,
    NotAllowed: Close.WRONG_ORIGIN,
    NotFound: Close.NOT_FOUND,
}


def close_for(refusal: Refusal) -> Close | None:
    """Why the socket of someone who is refused is closed."""
    return next((close for kind, close in CLOSES.items() if isinstance(refusal, kind)), None)


def authenticate(scope: Mapping[str, Any]) -> User:
    """The active user who opened the socket. Reads the database; call it again to see whether they still may.

    Raises ``NotSignedIn`` without a key or session that counts, ``NotAllowed`` for a session from another origin.
    """
    request = handshake(scope)
    if "HTTP_AUTHORIZATION" in request.META:
        scheme, _space, secret = request.META["HTTP_AUTHORIZATION"].partition(" ")
        if scheme.lower() != "bearer":
            raise NotSignedIn
        return api_keys.owner_of(secret.strip())
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        raise NotSignedIn
    check_origin(request)
    user = auth.get_user(request)
    if not isinstance(user, User):
        raise NotSignedIn
    return user


def handshake(scope: Mapping[str, Any]) -> HttpRequest:
    """The request that became a socket, as Django sees requests, with the session of its cookie."""
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    request = ASGIRequest({**scope, "method": "GET", "scheme": scheme}, io.BytesIO())
    store = import_module(settings.SESSION_ENGINE).SessionStore
    request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    return request


def check_origin(request: HttpRequest) -> None:
    """Raises ``NotAllowed`` unless the page that opened the socket is ours or of ``CSRF_TRUSTED_ORIGINS``."""
    origin = request.META.get("HTTP_ORIGIN", "")
    try:
        ours = f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        raise NotAllowed("This host is not one of DJANGO_ALLOWED_HOSTS.") from None
    if origin != ours and not any(_covers(trusted, origin) for trusted in settings.CSRF_TRUSTED_ORIGINS):
        raise NotAllowed("A socket with a session must be opened by a page of this site.")


def _covers(trusted: str, origin: str) -> bool:
    """Whether ``trusted``, such as ``https://chat.example.org`` or ``https://*.example.org``, stands for ``origin``."""
    if "*" not in trusted:
        return trusted == origin
    pattern, given = urlsplit(trusted), urlsplit(origin)
    return given.scheme == pattern.scheme and given.netloc.endswith(pattern.netloc.lstrip("*"))


def user_group(user_id: int) -> str:
    """The channel layer's group of all sockets of a user."""
    return f"user-{user_id}"


def recheck_sockets(user_id: int) -> None:
    """The user signed out, was deactivated or lost a key: their sockets look again, and close if they may not stay.

    Without this call they find out within a minute.
    """
    async_to_sync(get_channel_layer().group_send)(user_group(user_id), {"type": SIGNED_OUT})
