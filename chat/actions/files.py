"""Files: take in, find."""

from __future__ import annotations

import errno
import mimetypes
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from chat.errors import InvalidRequest, NotFound, StorageFull, TooLarge
from chat.models import File, User
from chat.models.files import storage_name

if TYPE_CHECKING:
    Upload = UploadedFile[bytes]

IMAGE_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
LOOKED_AT = 8192  # bytes that tell text from anything else


def create(user: User, *, upload: Upload, purpose: str = "assistants") -> File:
    """Keep an uploaded file. What it is, its bytes say, not its name.

    Raises ``InvalidRequest`` when it is empty, ``TooLarge`` over EVERTHREAD_MAX_UPLOAD_MB, ``StorageFull``.
    """
    if not upload.size:
        raise InvalidRequest(_("The file “%(name)s” is empty.") % {"name": upload.name}, param="file")
    if upload.size > settings.EVERTHREAD_MAX_UPLOAD_MB * 1024 * 1024:
        told = {"name": upload.name, "most": settings.EVERTHREAD_MAX_UPLOAD_MB}
        raise TooLarge(_("The file “%(name)s” is too large: at most %(most)d MB.") % told, param="file")
    # Only the last part of a client's name, and only to be shown.
    name = PurePosixPath((upload.name or "file").replace("\\", "/")).name[:255] or "file"
    row = File(owner=user, filename=name, bytes=upload.size, purpose=purpose)
    row.content_type = sniffed(upload, name=name)
    upload.seek(0)
    try:
        row.content.save(name, upload, save=False)
    except OSError as error:
        row.content.storage.delete(storage_name(row, name))  # what fitted of it
        if error.errno in NO_SPACE:
            raise StorageFull from None
        raise
    row.save()
    return row


def sniffed(upload: Upload, *, name: str) -> str:
    """The content type: a picture only if it really is one that browsers and models take, text if it decodes."""
    try:
        with Image.open(upload) as image:
            image.verify()
            if image.format in IMAGE_TYPES:
                return IMAGE_TYPES[image.format]
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        pass
    upload.seek(0)
    head = upload.read(LOOKED_AT)
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:  # not just a character cut in two
            return mimetypes.guess_type(name)[0] or "application/octet-stream"
    return "application/octet-stream" if b"\x00" in head else "text/plain"


def get(user: User, file_id: str) -> File:
    """The user's file; someone else's answers like one that does not exist: ``NotFound``."""
    file = File.objects.filter(owner=user, id=file_id).first()
    if file is None:
        raise NotFound(f"No such File object: {file_id}", param="id")
    return file


def get_all(user: User, file_ids: Iterable[str]) -> list[File]:
    """Each of ``file_ids`` in order. Raises ``NotFound`` for the first that is not the user's."""
    return [get(user, file_id) for file_id in dict.fromkeys(file_ids)]
