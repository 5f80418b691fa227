"""Keep the pictures and files that code makes, for the thread's owner, who alone can fetch them.

Nothing is written for a worker that does not hold the run any more: each raises ``HoldLost`` then.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import IO

from django.core.files.base import ContentFile
from django.core.files.base import File as Content
from django.db import transaction

from chat.engine.recording.run_lifecycle import check_held
from chat.models import File, ResourceUse, Run, SandboxFile
from chat.models.files import keep, shown_name, sniffed

PURPOSE = "assistants_output"


def keep_picture(run: Run, png: bytes, *, number: int) -> File:
    """Keep the ``number``-th picture of a run. Raises ``StorageFull``."""
    row = _store_content(run, f"image-{number}.png", ContentFile(png))
    with transaction.atomic():
        check_held(run, worker=run.worker)
        row.save()
    return row


def keep_file(run: Run, name: str, content: IO[bytes]) -> File:
    """Keep what now lies at ``name`` in ``/mnt/data``. Raises ``StorageFull``.

    An earlier version stays, since answers may link to it, unless it is of this very run and none does.
    """
    content.seek(0)  # which also writes what is still in memory: the size is that of the file
    row = _store_content(run, PurePosixPath(name).name, Content(content, name=name))
    with transaction.atomic():
        check_held(run, worker=run.worker)
        row.save()
        earlier = SandboxFile.objects.select_related("file").filter(thread_id=run.thread_id, name=name).first()
        columns = {"file": row, "run": run}
        SandboxFile.objects.update_or_create(thread_id=run.thread_id, name=name, defaults=columns)
        if earlier is not None and earlier.run_id == run.id and not _is_linked(earlier.file, run):
            earlier.file.delete()
    return row


def forget_files(run: Run, names: Iterable[str]) -> None:
    """Forget the files that code removed at ``names``; their rows stay for answers that link to them."""
    with transaction.atomic():
        check_held(run, worker=run.worker)
        SandboxFile.objects.filter(thread_id=run.thread_id, name__in=list(names)).delete()


def _store_content(run: Run, name: str, content: Content[bytes]) -> File:
    # Before the transaction, as it may take long; if that is refused, the sweep of what no row names removes the bytes.
    row = File(owner_id=run.thread.owner_id, filename=shown_name(name), bytes=content.size, purpose=PURPOSE)
    row.content_type = sniffed(content, name=row.filename)
    content.seek(0)
    keep(row, content)
    return row


def _is_linked(file: File, run: Run) -> bool:
    return ResourceUse.objects.filter(message__run_id=run.id, resource_id=file.id).exists()
