"""API keys: make, and find whose one is."""

from __future__ import annotations

from chat.errors import NotSignedIn
from chat.models import ApiKey, User
from chat.models.keys import digest


def create(user: User, *, name: str) -> tuple[ApiKey, str]:
    """A new key and its secret, which is not kept and cannot be shown again."""
    key = ApiKey(owner=user, name=name)
    secret = key.make_secret()
    key.save()
    return key, secret


def owner_of(secret: str) -> User:
    """The active user whose key this is. Raises ``NotSignedIn`` for an unknown or revoked key or an inactive user."""
    key = ApiKey.objects.usable().select_related("owner").filter(digest=digest(secret)).first()
    if key is None:
        raise NotSignedIn("Incorrect API key provided.")
    key.touch()
    return key.owner
