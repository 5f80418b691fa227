"""Files that people and programs hand in, and those that tools make; their bytes on the way into storage."""

from __future__ import annotations

import errno
import mimetypes
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.base import File as Content
from django.db import models, transaction
from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from PIL import Image, UnidentifiedImageError

from chat.errors import StorageFull
from chat.models.ids import PublicIdField, PublicObject

if TYPE_CHECKING:
    from chat.models.uploads import UploadPart

    Bytes = Content[bytes]

IMAGE_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
NO_PICTURE = (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError)
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
LOOKED_AT = 8192  # bytes that tell text from anything else
MAX_PICTURE = 50 * 1024 * 1024  # bytes; more is not taken for a picture, since a picture is sent to models whole
UNKNOWN = "application/octet-stream"


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
        indexes = [
            models.Index(fields=["owner", "-created_at", "-number"], name="file_newest_of_owner"),
            models.Index(fields=["expires_at"], name="file_by_expiry", condition=Q(expires_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.filename

    @property
    def is_expired(self) -> bool:
        """Whether ``there`` leaves it out."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

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


# --- bytes: what they are, what they are called, and that they fit ----------------------------------------------


def shown_name(name: str | None) -> str:
    """Only the last part of a client's name, and only to be shown."""
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in last if character.isprintable())[:255] or "file"


def keep(row: File | UploadPart, content: Bytes) -> None:
    """Write the bytes of a row that is not saved yet. Raises ``StorageFull``; then nothing of them is left."""
    try:
        row.content.save(row.id, content, save=False)
    except BaseException as error:
        row.content.storage.delete(row.content.field.generate_filename(row, row.id))  # what fitted of it
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            raise StorageFull from None
        raise


def sniffed(content: Bytes, *, name: str) -> str:
    """The content type: a picture only if it really is one that browsers and models take, text if it decodes."""
    if content.size <= MAX_PICTURE:
        with suppress(*NO_PICTURE), Image.open(content) as image:
            image.verify()
            if picture := IMAGE_TYPES.get(image.format or ""):
                return picture
    content.seek(0)
    head = content.read(LOOKED_AT)
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:  # not just a character cut in two
            guessed = mimetypes.guess_type(name)[0] or UNKNOWN
            return UNKNOWN if guessed.startswith("image/") else guessed
    return UNKNOWN if b"\x00" in head else "text/plain"
