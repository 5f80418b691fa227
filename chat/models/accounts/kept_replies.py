"""The answer to a POST with an ``Idempotency-Key``, so that sending it again does nothing twice."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

LIFE = timedelta(hours=24)


class KeptReply(models.Model):
    """``status`` None: the first request is still at work. ``run_id`` where the answer was the stream of that run."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # SHA-256 of what was asked
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    run_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="one_reply_a_key")]

    def __str__(self) -> str:
        return self.key
