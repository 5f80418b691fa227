"""Which files and vector stores a row names in its JSON, kept in a table that can be asked the other way round.

Whoever writes ``content``, ``attachments``, ``tool_resources`` or ``details`` calls ``add_uses`` or ``replace_uses`` in
the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from itertools import chain
from operator import or_
from typing import Any

from django.db import models
from django.db.models import Q

from chat.models.assistants import Assistant
from chat.models.runs import RunStep
from chat.models.threads import Message, QueuedMessage, Thread

Row = Message | QueuedMessage | Assistant | Thread | RunStep
Part = Mapping[str, Any]

COLUMNS: dict[type[models.Model], str] = {
    Message: "message",
    QueuedMessage: "queued_message",
    Assistant: "assistant",
    Thread: "thread",
    RunStep: "step",
}


def _exactly_one() -> Q:
    """The columns that can name the row."""
    names = COLUMNS.values()
    return reduce(or_, (Q(**{f"{other}__isnull": other != name for other in names}) for name in names))


class ResourceUse(models.Model):
    """That one row names a file or a vector store. Exactly one of the foreign keys is set.

    ``resource_id`` is no foreign key, since rows go on naming what was deleted.
    """

    resource_id = models.CharField(max_length=64, db_index=True)
    # Without indexes of their own: those of the constraints begin with them.
    message = models.ForeignKey(
        Message, models.CASCADE, to_field="id", null=True, db_index=False, related_name="resource_uses"
    )
    queued_message = models.ForeignKey(
        QueuedMessage, models.CASCADE, null=True, db_index=False, related_name="resource_uses"
    )
    assistant = models.ForeignKey(
        Assistant, models.CASCADE, to_field="id", null=True, db_index=False, related_name="resource_uses"
    )
    thread = models.ForeignKey(
        Thread, models.CASCADE, to_field="id", null=True, db_index=False, related_name="resource_uses"
    )
    step = models.ForeignKey(
        RunStep, models.CASCADE, to_field="id", null=True, db_index=False, related_name="resource_uses"
    )

    class Meta:
        default_permissions = ()  # it is on no page
        constraints = [
            models.CheckConstraint(name="one_row_a_use", condition=_exactly_one()),
            *(
                models.UniqueConstraint(
                    fields=[name, "resource_id"], name=f"one_use_a_{name}", condition=Q(**{f"{name}__isnull": False})
                )
                for name in COLUMNS.values()
            ),
        ]

    def __str__(self) -> str:
        return self.resource_id


def add_uses(*rows: Row) -> None:
    """Keep what ``rows`` name besides what was kept before. Enough for rows that are new or only ever name more."""
    uses = [
        ResourceUse(**{COLUMNS[type(row)]: row, "resource_id": resource_id})
        for row in rows
        for resource_id in named_by(row)
    ]
    if uses:
        ResourceUse.objects.bulk_create(uses, ignore_conflicts=True)


def replace_uses(row: Assistant | Thread) -> None:
    """Keep what ``row`` names now, and forget what else it named before."""
    row.resource_uses.exclude(resource_id__in=named_by(row)).delete()
    add_uses(row)


def named_by(row: Row) -> list[str]:
    """Return the ids of the files and vector stores that ``row`` names, each once and in order.

    Those of a step are the files that its code made, not those that it found: a search finds many and keeps none.
    """
    ids: Iterable[str]
    if isinstance(row, RunStep):
        codes = [call.get("code_interpreter") or {} for call in row.details.get("tool_calls", ())]
        outputs = (output for code in codes for output in code.get("outputs", []))
        pictures = (output["image"]["file_id"] for output in outputs if output["type"] == "image")
        ids = chain(pictures, (file["file_id"] for code in codes for file in code.get("files") or []))
    elif isinstance(row, Assistant | Thread):
        files = row.tool_resources.get("code_interpreter", {}).get("file_ids", [])
        ids = chain(files, row.tool_resources.get("file_search", {}).get("vector_store_ids", []))
    else:
        attached = (attachment["file_id"] for attachment in row.attachments if attachment.get("file_id"))
        ids = chain(files_in(row.content), attached)
    return list(dict.fromkeys(ids))


def pictures_in(content: Iterable[Part]) -> list[str]:
    """Return the ids of the pictures in a message's ``content``."""
    return [part["image_file"]["file_id"] for part in content if part["type"] == "image_file"]


def linked_files(content: Iterable[Part]) -> Iterator[str]:
    """Yield the ids of the files that code has made and the texts of a message's ``content`` link to."""
    notes = (note for part in content if part["type"] == "text" for note in part["text"]["annotations"])
    yield from (note["file_path"]["file_id"] for note in notes if note["type"] == "file_path")


def files_in(content: Iterable[Part]) -> Iterator[str]:
    """Yield the ids of the pictures in a message's ``content``, and of the files that its texts cite or link to."""
    for part in content:
        if part["type"] == "image_file":
            yield part["image_file"]["file_id"]
        elif part["type"] == "text":
            yield from (annotation[annotation["type"]]["file_id"] for annotation in part["text"]["annotations"])
