"""Uploads in parts: create, add parts, complete, cancel. The API calls it.

EVERTHREAD_MAX_UPLOAD_MB bounds one request. An upload of many may have sixteen times that, at most the API's own 8 GB,
so that the default of 512 MB allows both of OpenAI's limits, and a smaller one holds for both ways in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.base import File as Content
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from chat.actions.files import files
from chat.errors import InvalidRequest, NotFound, TooLarge
from chat.models import File, Upload, UploadPart, User
from chat.models.files import keep, shown_name, sniffed
from chat.models.uploads import LIFE

if TYPE_CHECKING:
    Data = UploadedFile[bytes]
    Bytes = Content[bytes]
else:
    Bytes = Content

MAX_UPLOAD = 8 * 1024**3  # bytes
MAX_PART = 64 * 1024**2  # bytes
REQUESTS = 16
BLOCK = 1024**2  # bytes of a part that are in memory at a time
Status = Upload.Status


def create(
    user: User, *, filename: str, bytes: int, purpose: str, mime_type: str, expires_after: int | None = None
) -> Upload:
    """Announce a file of so many bytes, which is kept for ``expires_after`` seconds; None: for good.

    Raise ``InvalidRequest`` for an unknown purpose or too many bytes.
    """
    files.check_purpose(purpose)
    if bytes > (most := max_bytes()):
        raise InvalidRequest(
            f"Invalid 'bytes': integer above maximum value. Expected a value <= {most}, but got {bytes} instead.",
            param="bytes",
            code="integer_above_max_value",
        )
    now = timezone.now()
    return Upload.objects.create(
        owner=user,
        filename=shown_name(filename),
        bytes=bytes,
        purpose=purpose,
        mime_type=mime_type,
        expires_after=expires_after,
        created_at=now,
        expires_at=now + LIFE,
    )


def max_bytes() -> int:
    """Return how many bytes all parts of an upload may have together."""
    return min(MAX_UPLOAD, REQUESTS * settings.EVERTHREAD_MAX_UPLOAD_MB * 1024**2)


def max_part() -> int:
    return min(MAX_PART, settings.EVERTHREAD_MAX_UPLOAD_MB * 1024**2)


def get(user: User, upload_id: str) -> Upload:
    """Return the user's upload. Raise ``NotFound``, also for another's."""
    upload = Upload.objects.filter(owner=user, id=upload_id).first()
    if upload is None:
        raise NotFound(f"No such Upload object: {upload_id}", param="id")
    return upload


def add_part(user: User, upload_id: str, *, data: Data) -> UploadPart:
    """Store a part. Its place in the file is determined by ``complete``.

    Raise ``NotFound``, ``InvalidRequest`` when the upload is not pending or the part is empty, ``TooLarge``,
    ``StorageFull``.
    """
    upload = get(user, upload_id)
    _check_pending(upload, "add a part to")
    if not data.size:
        raise InvalidRequest("The part is empty.", param="data")
    if data.size > (most := max_part()):
        raise TooLarge(f"The part is too large: {data.size} bytes, and at most {most} are taken.", param="data")
    part = UploadPart(upload=upload, bytes=data.size)
    keep(part, data)
    try:
        _add(part)
    except BaseException:
        part.content.delete(save=False)
        raise
    return part


@transaction.atomic
def _add(part: UploadPart) -> None:
    upload = Upload.objects.select_for_update().get(pk=part.upload.pk)
    _check_pending(upload, "add a part to")
    size = upload.parts.aggregate(sum=Sum("bytes"))["sum"] or 0
    if size + part.bytes > (most := max_bytes()):
        raise TooLarge(f"The parts of upload '{upload.id}' together are too large: at most {most} bytes.", param="data")
    part.save()


def complete(user: User, upload_id: str, *, part_ids: Sequence[str], md5: str | None = None) -> Upload:
    """Join the parts, in this order, to a file. ``md5`` is the expected digest, in hexadecimal.

    Raise ``NotFound``, ``StorageFull``, and ``InvalidRequest`` for parts that do not fit: the upload stays pending.
    """
    upload = get(user, upload_id)
    _check_pending(upload, "complete")
    # Outside of a transaction, since joining gigabytes takes a while: an upload that ends meanwhile gets no file.
    joined = Joined(_parts_of(upload, part_ids))
    file = File(owner=user, filename=upload.filename, bytes=upload.bytes, purpose=upload.purpose)
    files.set_expiry(file, upload.expires_after)
    try:
        keep(file, joined)
    except FileNotFoundError:  # the parts went while they were read
        _check_pending(get(user, upload_id), "complete")
        raise
    try:
        if md5 is not None and md5.lower() != joined.md5.hexdigest():
            raise InvalidRequest(f"The MD5 of the file is '{joined.md5.hexdigest()}', not '{md5}'.", param="md5")
        with file.content.open("rb") as content:
            file.content_type = sniffed(content, name=file.filename)
        return _complete(upload, file)
    except BaseException:
        file.content.delete(save=False)
        raise


@transaction.atomic
def _complete(upload: Upload, file: File) -> Upload:
    upload = Upload.objects.select_for_update().get(pk=upload.pk)
    _check_pending(upload, "complete")
    file.save()
    upload.file = file
    return _end(upload, Status.COMPLETED)


@transaction.atomic
def cancel(user: User, upload_id: str) -> Upload:
    """Give up a pending upload. Raise ``NotFound``, ``InvalidRequest`` when it is not pending."""
    upload = Upload.objects.select_for_update().get(pk=get(user, upload_id).pk)
    _check_pending(upload, "cancel")
    return _end(upload, Status.CANCELLED)


def expire(upload: Upload) -> None:
    """End an upload whose hour is over, unless it has just ended another way."""
    with transaction.atomic():
        locked = Upload.objects.select_for_update().filter(pk=upload.pk, status=Status.PENDING).first()
        if locked is not None:
            _end(locked, Status.EXPIRED)


def _end(upload: Upload, status: Status) -> Upload:
    upload.status = status
    upload.save(update_fields=["status", "file"])
    upload.parts.all().delete()
    return upload


def _check_pending(upload: Upload, doing: str) -> None:
    is_over = upload.status == Status.PENDING and upload.expires_at <= timezone.now()
    status = Status.EXPIRED if is_over else Status(upload.status)
    if status != Status.PENDING:
        raise InvalidRequest(f"Cannot {doing} upload '{upload.id}' with status '{status.value}'.")


def _parts_of(upload: Upload, part_ids: Sequence[str]) -> list[UploadPart]:
    """Return the parts in the order of ``part_ids``. Raise ``InvalidRequest`` when they do not make up the file."""
    if len(set(part_ids)) < len(part_ids):
        raise InvalidRequest("Invalid 'part_ids': a part is listed twice.", param="part_ids", code="invalid_value")
    parts = {part.id: part for part in upload.parts.all()}
    for part_id in part_ids:
        if part_id not in parts:
            raise InvalidRequest(
                f"Invalid 'part_ids': upload '{upload.id}' has no part '{part_id}'.",
                param="part_ids",
                code="invalid_value",
            )
    chosen = [parts[part_id] for part_id in part_ids]
    if (total := sum(part.bytes for part in chosen)) != upload.bytes:
        raise InvalidRequest(
            f"The parts have {total} bytes together, but {upload.bytes} were announced.", param="part_ids"
        )
    return chosen


class Joined(Bytes):
    """A file of the bytes of parts, read once, by ``chunks`` or ``read``. ``md5`` is the digest of what was read."""

    def __init__(self, parts: Sequence[UploadPart]) -> None:
        super().__init__(None, name="joined")
        self.parts = parts
        self.md5 = hashlib.md5(usedforsecurity=False)
        self._blocks = self._read_blocks()
        self._rest = b""

    def _read_blocks(self) -> Iterator[bytes]:
        for part in self.parts:
            with part.content.open("rb") as content:
                while block := content.read(BLOCK):
                    self.md5.update(block)
                    yield block

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        return self._blocks

    def read(self, size: int = -1) -> bytes:
        """Return the next ``size`` bytes, fewer at the end; all that are left if it is negative."""
        blocks, length = [self._rest], len(self._rest)
        while (size < 0 or length < size) and (block := next(self._blocks, b"")):
            blocks.append(block)
            length += len(block)
        found = b"".join(blocks)
        end = length if size < 0 else size
        self._rest = found[end:]
        return found[:end]
