"""Files that are handed in piece by piece (reference, sections 3 and 9)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.files import File
from chat.models.ids import HexIdField, PublicObject

LIFE = timedelta(hours=1)


def life_end() -> datetime:
    return timezone.now() + LIFE


def storage_name(part: UploadPart, _filename: str) -> str:
    return f"uploads/{part.upload_id}/{part.id}"


class Upload(PublicObject):
    """A file to come: ``bytes`` is what was announced, ``file`` what it became. Pending ones end after an hour."""

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        COMPLETED = "completed", _("completed")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("expired")

    id = HexIdField(prefix="upload_")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="uploads")
    filename = models.CharField(max_length=255)
    bytes = models.PositiveBigIntegerField()
    purpose = models.CharField(max_length=20)
    mime_type = models.CharField(max_length=255)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    expires_at = models.DateTimeField(default=life_end, editable=False)
    expires_after = models.PositiveIntegerField(null=True, editable=False)  # seconds that the file will live
    file = models.OneToOneField(File, models.SET_NULL, to_field="id", null=True, related_name="upload")

    class Meta(PublicObject.Meta):
        indexes = [models.Index(fields=["status", "expires_at"], name="upload_by_expiry")]
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")

    def __str__(self) -> str:
        return self.filename


class UploadPart(PublicObject):
    """One piece of an upload."""

    id = HexIdField(prefix="part_")
    upload = models.ForeignKey(Upload, models.CASCADE, to_field="id", related_name="parts")
    bytes = models.PositiveBigIntegerField()
    content = models.FileField(upload_to=storage_name)

    def __str__(self) -> str:
        return self.id


@receiver(post_delete, sender=UploadPart)
def remove_bytes(instance: UploadPart, **_signal: Any) -> None:
    transaction.on_commit(lambda: instance.content.delete(save=False))
