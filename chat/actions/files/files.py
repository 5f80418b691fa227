"""Files: store, find, delete. All doors call it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from chat.errors import Absent, InvalidRequest, TooLarge
from chat.models import Assistant, File, ResourceUse, Thread, User, VectorStoreFile
from chat.models.files import FileQuerySet, keep, shown_name, sniffed
from chat.models.resource_uses import replace_uses
from chat.providers.tool_names import CODE_INTERPRETER
from chat.retrieval.indexing.withdraw import withdraw

if TYPE_CHECKING:
    Upload = UploadedFile[bytes]

PURPOSES = ("fine-tune", "assistants", "batch", "user_data", "vision", "evals")


def create(user: User, *, upload: Upload, purpose: str = "assistants", expires_after: int | None = None) -> File:
    """Store an uploaded file, for ``expires_after`` seconds or for good. Its bytes determine its type, not its name.

    Raise ``InvalidRequest`` when it is empty or for another purpose than ``PURPOSES``, ``TooLarge`` over
    EVERTHREAD_MAX_UPLOAD_MB, ``StorageFull``.
    """
    row = build_file(user, upload=upload, purpose=purpose)
    if expires_after is not None:
        set_expiry(row, expires_after)
    row.save()
    return row


def build_file(user: User, *, upload: Upload, purpose: str = "assistants") -> File:
    """Store the bytes of an uploaded file. Return its row, which the caller saves. Raise as ``create``."""
    check_purpose(purpose)
    if not upload.size:
        raise InvalidRequest(_("The file “%(name)s” is empty.") % {"name": upload.name}, param="file")
    if upload.size > settings.EVERTHREAD_MAX_UPLOAD_MB * 1024 * 1024:
        words = {"name": upload.name, "most": settings.EVERTHREAD_MAX_UPLOAD_MB}
        raise TooLarge(_("The file “%(name)s” is too large: at most %(most)d MB.") % words, param="file")
    row = File(owner=user, filename=shown_name(upload.name), bytes=upload.size, purpose=purpose)
    row.content_type = sniffed(upload, name=row.filename)
    upload.seek(0)
    keep(row, upload)
    return row


def check_purpose(purpose: str) -> None:
    if purpose not in PURPOSES:
        raise InvalidRequest(f"'{purpose}' is not one of {list(PURPOSES)} - 'purpose'", param="purpose")


def set_expiry(row: File, expires_after: int | None) -> None:
    """Set when the file expires: ``expires_after`` seconds after its row was created; None: never."""
    row.expires_at = None if expires_after is None else row.created_at + timedelta(seconds=expires_after)


def of_user(user: User) -> FileQuerySet:
    return File.objects.there().filter(owner=user)


def get(user: User, file_id: str, *, param: str = "id") -> File:
    """Return the user's file. Raise ``Absent`` for ``param``, also for another's and for an expired one."""
    return get_all(user, [file_id], param=param)[0]


def get_all(user: User, file_ids: Sequence[str], *, param: str) -> list[File]:
    """Return these files, each once and in order. Raise ``Absent`` for the first that is not the user's.

    ``[]`` in ``param`` stands for the place of a file, as in ``file_ids[]``.
    """
    unique_ids = list(dict.fromkeys(file_ids))
    by_id = of_user(user).in_bulk(unique_ids, field_name="id")
    for file_id in unique_ids:
        if file_id not in by_id:
            place = param.replace("[]", f"[{file_ids.index(file_id)}]")
            raise Absent("file", file_id, f"No such File object: {file_id}", param=place)
    return [by_id[file_id] for file_id in unique_ids]


def get_present(user: User, file_ids: Iterable[str]) -> list[File]:
    """Return those of the files that still exist, each once and in order."""
    unique_ids = list(dict.fromkeys(file_ids))
    by_id = of_user(user).in_bulk(unique_ids, field_name="id")
    return [by_id[file_id] for file_id in unique_ids if file_id in by_id]


def delete(user: User, file_id: str) -> None:
    """Remove a file and its bytes, from vector stores and from the code interpreter too; messages go on naming it.

    Raise ``NotFound``.
    """
    remove(get(user, file_id))


def discard(user: User, file_id: str) -> None:
    """Remove a file that was uploaded and then not used; one that is used stays. Raise ``NotFound``."""
    file = get(user, file_id)
    if not _is_used(file):
        remove(file)


def remove(file: File) -> None:
    """Remove a file as ``delete`` does, without a check of its owner."""
    withdraw(VectorStoreFile.objects.filter(file=file))
    with transaction.atomic():
        _remove(file)


def _remove(file: File) -> None:
    for row in _with_code_file(file):
        code = row.tool_resources.get(CODE_INTERPRETER, {})
        remaining = [id for id in code.get("file_ids", []) if id != file.id]
        row.tool_resources = {**row.tool_resources, CODE_INTERPRETER: {**code, "file_ids": remaining}}
        row.save(update_fields=["tool_resources"])
        replace_uses(row)
    file.delete()


def _with_code_file(file: File) -> Iterator[Assistant | Thread]:
    """Lock and yield the owner's assistants and threads whose code interpreter has the file."""
    for rows in (Assistant.objects.order_by("pk"), Thread.objects.order_by("pk")):
        # Without the key's lock: rows that were just inserted for them hold theirs.
        locked: Any = rows.select_for_update(of=("self",), no_key=True)
        yield from locked.filter(owner=file.owner_id, resource_uses__resource_id=file.id)


def _is_used(file: File) -> bool:
    """Return whether a message, an assistant or a thread of its owner, or a vector store has the file."""
    rows = ("message__thread", "queued_message__thread", "assistant", "thread")
    theirs = reduce(or_, (Q(**{f"{row}__owner": file.owner_id}) for row in rows))
    return file.entries.exists() or ResourceUse.objects.filter(theirs, resource_id=file.id).exists()
