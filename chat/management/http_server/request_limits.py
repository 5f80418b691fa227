"""The size of a request's body by its address, and who must have sent one that is long.

``http_channel`` asks before it receives the body: nobody without a key or a session can have the server receive more
than ``FREE`` bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.contrib import auth
from django.db import DatabaseError
from django.http import HttpRequest, parse_cookie

from chat.actions.access import api_keys
from chat.errors import NotSignedIn, Refusal, TooLarge, database_refusal
from chat.models import User

FREE = 64 * 1024  # bytes of a body that are received whoever sends them
FORM_FIELDS = 1024**2  # bytes of an upload's form besides its files
API = r"/(?:v1|openai(?:/v1)?)"
UPLOADS = re.compile(
    rf"{API}/(?:files|uploads/[^/]+/parts)/?|/files/|/admin/chat/(?:vectorstore/\d+/upload|assistant/(?:add|\d+/change))/"
)
IS_API = re.compile(rf"{API}/.*")
# The pages that one sees without having signed in.
ACCOUNTS = re.compile(r"/(?:sign-in|sign-up|sign-out|password|admin/login)/.*")
SIGN_IN = "Sign in first: only then can a request be this long."


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """The bytes that a body may have. ``is_for_keys`` or for sessions."""

    max_bytes: int
    is_for_keys: bool

    def check_headers(self, headers: Mapping[str, str], *, length: int) -> None:
        """Check what needs no database. Raise ``NotSignedIn`` for a long body without any key, ``TooLarge``."""
        if self.is_for_keys and length > FREE:
            api_keys.secret_in(headers)
        self.check_length(length)

    def check_length(self, length: int) -> None:
        """Raise ``TooLarge``."""
        if length > self.max_bytes:
            raise TooLarge(f"The body of your request is too large: at most {self.max_bytes} bytes are taken.")


def body_limit(path: str) -> BodyLimit:
    """Return the limit of requests to ``path``, which is unquoted and has no query."""
    if UPLOADS.fullmatch(path):
        most = settings.EVERTHREAD_MAX_UPLOAD_MB * 1024**2 + FORM_FIELDS
    else:
        most = FREE if ACCOUNTS.fullmatch(path) else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return BodyLimit(most, is_for_keys=IS_API.fullmatch(path) is not None)


def check_session(headers: Mapping[str, str]) -> None:
    """Raise ``NotSignedIn`` without the session of an active user."""
    request = HttpRequest()
    cookies = parse_cookie(headers.get("cookie", ""))
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(cookies.get(settings.SESSION_COOKIE_NAME))
    if not isinstance(auth.get_user(request), User):
        raise NotSignedIn(SIGN_IN)


def caller_refusal(limit: BodyLimit, headers: Mapping[str, str]) -> Refusal | None:
    """Return why the caller may not send a long body; None if they may. Ask the database."""
    try:
        if limit.is_for_keys:
            api_keys.find(api_keys.secret_in(headers))
        else:
            check_session(headers)
    except Refusal as refusal:
        return refusal
    except DatabaseError as error:
        return database_refusal(error)
    return None
