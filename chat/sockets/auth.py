"""Authentication of sockets, for ``thread_socket``.

Either an API key in the ``Authorization`` header, or the session cookie together with an ``Origin`` that is our own (a
browser sends the cookie whoever's page opens the socket, so the origin is what tells ours from a stranger's). A key in
the address is not looked at: addresses end up in logs.
"""

from __future__ import annotations

import asyncio
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
from chat.events.bus import bus
from chat.models import User

ACCESS = "access"  # signal to other processes: a user may have lost access
SIGNED_OUT = "signed.out"  # type of the message to a user's group: look again whether you may stay


class Close(IntEnum):
    """The codes with which the server closes a socket (docs/websocket.md). htmx connects again after none of these."""

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
    """Return the code with which the socket of someone who is refused is closed, None if there is none for it."""
    return next((close for kind, close in CLOSES.items() if isinstance(refusal, kind)), None)


def authenticate(scope: Mapping[str, Any]) -> User:
    """Return the active user who opened the socket. Read the database: a later call says whether they still may.

    Raise ``NotSignedIn`` without a valid key or session, ``NotAllowed`` for a session from another origin.
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
    """Return the request that became a socket, as Django sees requests, with the session of its cookie."""
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    # A socket has no body, so that a type of one says nothing; Django fails on some.
    headers = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    request = ASGIRequest({**scope, "method": "GET", "scheme": scheme, "headers": headers}, io.BytesIO())
    store = import_module(settings.SESSION_ENGINE).SessionStore
    request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    return request


def check_origin(request: HttpRequest) -> None:
    """Raise ``NotAllowed`` unless the page that opened the socket is ours or of ``CSRF_TRUSTED_ORIGINS``."""
    origin = request.META.get("HTTP_ORIGIN", "")
    try:
        ours = f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        raise NotAllowed("This host is not one of DJANGO_ALLOWED_HOSTS.") from None
    if origin != ours and not any(_covers(trusted, origin) for trusted in settings.CSRF_TRUSTED_ORIGINS):
        raise NotAllowed("A socket with a session must be opened by a page of this site.")


def _covers(trusted: str, origin: str) -> bool:
    """Return whether ``origin`` is ``trusted``, a value such as ``https://*.example.org``."""
    if "*" not in trusted:
        return trusted == origin
    try:
        pattern, address = urlsplit(trusted), urlsplit(origin)
    except ValueError:  # "http://[" is no address
        return False
    return address.scheme == pattern.scheme and address.netloc.endswith(pattern.netloc.lstrip("*"))


def user_group(user_id: int) -> str:
    """Return the name of the channel layer's group of all sockets of a user."""
    return f"user-{user_id}"


def recheck_sockets(user_id: int) -> None:
    """Have all sockets of a user check their access now; without this call they do within a minute.

    Those of other processes only if a link carries the signal there.
    """
    async_to_sync(get_channel_layer().group_send)(user_group(user_id), {"type": SIGNED_OUT})
    bus.outlet.signal(ACCESS, str(user_id))


def recheck_sockets_here(user_id: str) -> None:
    """Have the sockets of a user in this process check their access. From the event loop."""
    sending = asyncio.ensure_future(get_channel_layer().group_send(user_group(int(user_id)), {"type": SIGNED_OUT}))
    _sending.add(sending)
    sending.add_done_callback(_sending.discard)


_sending: set[asyncio.Future[None]] = set()  # the event loop itself keeps no task alive
