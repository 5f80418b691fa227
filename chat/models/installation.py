"""What the processes of an installation have in common, on whichever machines they run."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models
from django.utils.crypto import salted_hmac

SALT = "everthread.installation"


class Installation(models.Model):
    """A single row, with a digest of the secret key by which sessions are signed and providers' keys encrypted."""

    secret_digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return "this installation"

    @classmethod
    def accepts(cls, secret: str, *, earlier: Sequence[str]) -> bool:
        """Return whether ``secret`` is the one of the installation, or replaces it as one of ``earlier``, its own
        until now. The first one is accepted.
        """
        row, _new = cls.objects.get_or_create(pk=1, defaults={"secret_digest": digest(secret)})
        if row.secret_digest in map(digest, earlier):
            row.replace(secret)
        return row.secret_digest == digest(secret)

    def replace(self, secret: str) -> None:
        """Accept ``secret`` from now on, and no other."""
        self.secret_digest = digest(secret)
        self.save(update_fields=["secret_digest"])


def digest(secret: str) -> str:
    """Return what tells one secret from another, and nothing of it."""
    return salted_hmac(SALT, "", secret=secret, algorithm="sha256").hexdigest()
