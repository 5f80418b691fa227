"""API keys. Only a digest is kept: a key is shown once, when it is made."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.columns.touch import touch

PREFIX = "et-"
SEEN_EVERY = timedelta(minutes=1)


def digest(secret: str) -> str:
    """SHA-256 in hex. Enough for keys of 256 random bits, which cannot be guessed from it."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self) -> ApiKeyQuerySet:
        """Neither revoked nor of an inactive user."""
        return self.filter(revoked_at=None, owner__is_active=True)


class ApiKey(models.Model):
    """A key that acts as its owner."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    start = models.CharField(_("begins with"), max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    requests_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Empty: as many as EVERTHREAD_REQUESTS_PER_MINUTE says.")
    )

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="key_newest")]
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.name} ({self.start}…)"

    @property
    def is_usable(self) -> bool:
        """As ``usable``, for one key that was read with its owner."""
        return self.revoked_at is None and self.owner.is_active

    def make_secret(self) -> str:
        """Give this unsaved key its secret and return it; it cannot be read again."""
        secret = PREFIX + secrets.token_urlsafe(32)
        self.start, self.digest = secret[:8], digest(secret)
        return secret

    def revoke(self) -> None:
        """The key stops working at once. A second call changes nothing."""
        if self.revoked_at is None:
            self.revoked_at = timezone.now()
            self.save(update_fields=["revoked_at"])  # not an UPDATE: whoever holds a socket open must hear of it

    def touch(self) -> None:
        """Remember the use, at most once a minute, and not while the database takes nothing."""
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at > SEEN_EVERY:
            touch(ApiKey.objects.filter(pk=self.pk), last_used_at=now)
