"""Vector stores: searchable sets of files (reference, sections 3 and 9)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.files import File
from chat.models.ids import HexIdField, PublicObject


class VectorStore(PublicObject):
    """``expires_after`` is days since ``last_active_at``; None: never."""

    id = HexIdField(prefix="vs_")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="vector_stores")
    name = models.CharField(max_length=256, blank=True)
    description = models.CharField(max_length=512, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    expires_after = models.PositiveSmallIntegerField(_("expires after"), null=True, blank=True, help_text=_("Days."))
    last_active_at = models.DateTimeField(default=timezone.now, editable=False)
    files = models.ManyToManyField(File, through="VectorStoreFile", related_name="vector_stores")

    class Meta(PublicObject.Meta):
        verbose_name = _("vector store")
        verbose_name_plural = _("vector stores")

    def __str__(self) -> str:
        return self.name or self.id

    @property
    def expires_at(self) -> datetime | None:
        return None if self.expires_after is None else self.last_active_at + timedelta(days=self.expires_after)

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    def touch(self) -> None:
        """It was used: its days begin anew."""
        self.last_active_at = timezone.now()
        VectorStore.objects.filter(pk=self.pk).update(last_active_at=self.last_active_at)


class VectorStoreFile(models.Model):
    """A file in a store. ``in_progress`` until its passages can be searched."""

    class Status(models.TextChoices):
        IN_PROGRESS = "in_progress", _("being read")
        COMPLETED = "completed", _("ready")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    store = models.ForeignKey(VectorStore, models.CASCADE, to_field="id", related_name="entries")
    file = models.ForeignKey(File, models.CASCADE, to_field="id", related_name="entries")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.IN_PROGRESS)
    last_error = models.JSONField(null=True)
    attributes = models.JSONField(default=dict, blank=True)
    chunking_strategy = models.JSONField(default=dict)
    usage_bytes = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["store", "file"], name="one_entry_a_file_and_store")]

    def __str__(self) -> str:
        return f"{self.file_id} in {self.store_id}"
