"""Bytes on their way into storage: what they are, what they are called, and that they fit."""

from __future__ import annotations

import errno
import mimetypes
from typing import TYPE_CHECKING

from django.core.files.base import File as Content
from PIL import Image, UnidentifiedImageError

from chat.errors import StorageFull
from chat.models.files import File
from chat.models.uploads import UploadPart

if TYPE_CHECKING:
    Bytes = Content[bytes]

IMAGE_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
LOOKED_AT = 8192  # bytes that tell text from anything else
MAX_PICTURE = 50 * 1024 * 1024  # bytes; more is not taken for a picture, since a picture is sent to models whole
UNKNOWN = "application/octet-stream"


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
    if content.size <= MAX_PICTURE and (picture := _picture_type(content)):
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


def _picture_type(content: Bytes) -> str | None:
    try:
        with Image.open(content) as image:
            image.verify()
            return IMAGE_TYPES.get(image.format or "")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
