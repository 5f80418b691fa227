"""Files that people and programs hand in, and those that tools make."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.ids import PublicIdField, PublicObject


def storage_name(file: File, _filename: str) -> str:
    """Where a file's bytes lie. The name is ours alone: a client's file name is only ever shown."""
    return f"files/{file.id[-2:].lower()}/{file.id}"


class FileQuerySet(models.QuerySet["File"]):
    def there(self) -> FileQuerySet:
        """Return the files that have not expired. The bytes of an expired one are removed within a minute."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))


class File(PublicObject):
    """Reference, section 3. ``filename`` is what the client called it; ``content_type`` is what we found it to be."""

    id = PublicIdField(prefix="file-", length=22)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="files")
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    bytes = models.PositiveBigIntegerField()
    purpose = models.CharField(max_length=20, default="assistants")
    content = models.FileField(upload_to=storage_name)
    expires_at = models.DateTimeField(null=True, editable=False)

    objects = FileQuerySet.as_manager()

    class Meta(PublicObject.Meta):
        verbose_name = _("file")
        verbose_name_plural = _("files")

    def __str__(self) -> str:
        return self.filename

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")

    @property
    def is_text(self) -> bool:
        return self.content_type.startswith("text/")


@receiver(post_delete, sender=File)
def remove_bytes(instance: File, **_signal: Any) -> None:
    """The bytes go with the row, however it goes (a user's rows go with the user), but only once that is certain."""
    transaction.on_commit(lambda: instance.content.delete(save=False))
