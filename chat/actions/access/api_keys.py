"""API keys: create, list, revoke, and find the one that a request brings."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from chat.errors import InvalidRequest, NotFound, NotSignedIn
from chat.models import ApiKey, User
from chat.models.accounts.api_keys import ApiKeyQuerySet, digest
from chat.models.prepared_queries import Parameter, PreparedQuery

MAX_NAME = 100
MAX_KEYS = 100  # usable ones of a user
NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e."
    " Authorization: Bearer YOUR_KEY)."
)
MASKED_IN_FULL = 16  # a secret of fewer characters is not shown even in part


@transaction.atomic
def create(user: User, *, name: str) -> tuple[ApiKey, str]:
    """Create a key. Return it and its secret, which is not kept and cannot be shown again.

    Raise ``InvalidRequest`` for a name that is empty or too long, and when the user has ``MAX_KEYS`` already.
    """
    name = " ".join(name.replace("\x00", "").split())
    if not name:
        raise InvalidRequest(_("Give the key a name."), param="name")
    if len(name) > MAX_NAME:
        raise InvalidRequest(_("The name is too long: at most %(most)d characters.") % {"most": MAX_NAME}, param="name")
    check_number(user)
    key = ApiKey(owner=user, name=name)
    secret = key.make_secret()
    key.save()
    return key, secret


def check_number(user: User) -> None:
    """Raise ``InvalidRequest`` when the user has ``MAX_KEYS`` usable ones. Call inside a transaction."""
    User.objects.select_for_update().get(pk=user.pk)  # two that are made at once come one after the other
    if of_user(user).filter(revoked_at=None).count() >= MAX_KEYS:
        message = _("At most %(most)d keys can be in use. Revoke one that is no longer needed first.")
        raise InvalidRequest(message % {"most": MAX_KEYS})


def of_user(user: User) -> ApiKeyQuerySet:
    """Return the user's keys, revoked ones too, the newest first."""
    return ApiKey.objects.filter(owner=user).order_by("-created_at", "-pk")


def revoke(user: User, pk: int) -> ApiKey:
    """Revoke the user's key, and close the sockets that it opened. Raise ``NotFound``, also for another's."""
    key = of_user(user).filter(pk=pk).first()
    if key is None:
        raise NotFound(_("There is no such key."))
    key.revoke()
    return key


def secret_in(headers: Mapping[str, str]) -> str:
    """Return the key of the header ``authorization``, or of Azure's ``api-key``. Raise ``NotSignedIn`` for none.

    The names in ``headers`` are in lower case, or it does not distinguish cases.
    """
    scheme, _space, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        secret = headers.get("api-key", "")
    if not secret.strip():
        raise NotSignedIn(NO_KEY)
    return secret.strip()


@PreparedQuery
def of_digest(digest: Parameter) -> ApiKeyQuerySet:
    return ApiKey.objects.select_related("owner").filter(digest=digest)


def find(secret: str) -> ApiKey:
    """Return the key of this secret, with its ``owner``, and note its use.

    Raise ``NotSignedIn`` (reference, section 12) for an unknown or revoked key or one of an inactive user.
    """
    key = of_digest.first(digest(secret))
    if key is not None and key.is_usable:
        key.touch()
        return key
    where = f"You can find your API key at {reverse('keys')}."
    raise NotSignedIn(f"Incorrect API key provided: {masked(secret)}. {where}")


def usable_among(keys: Collection[int]) -> set[int]:
    """Return the primary keys of those that still work: neither they nor their owners were shut out or deleted."""
    return set(ApiKey.objects.usable().filter(pk__in=keys).order_by().values_list("pk", flat=True))


def owner_of(secret: str) -> User:
    """Return the active user whose key this is. Raise as ``find``."""
    return find(secret).owner


def masked(secret: str) -> str:
    """Return enough of a secret to tell which was sent, never enough to use it: ``et-abc***…xyz``."""
    return "***" if len(secret) < MASKED_IN_FULL else f"{secret[:6]}***…{secret[-3:]}"
