"""Rows of an installation of any size, made in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from chat.models import (
    ApiKey,
    Assistant,
    File,
    Message,
    ResourceUse,
    Run,
    RunStep,
    Thread,
    User,
    VectorStore,
    VectorStoreFile,
)
from chat.models.threads import text_part
from chat.retrieval.keywords import chats

numbers = count(1)
USAGE = {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000}
TIMELINE = [[1, "thread.run.created", 0, ""], [2, "thread.run.queued", 0, ""], [3, "thread.run.completed", 0, ""]]


@dataclass(frozen=True, slots=True)
class People:
    """Whose rows they are. Each has half of all, but the assistants, which are the other's and for that user alone."""

    user: User
    other: User


def add(people: People, *, threads: int) -> list[Thread]:
    """Add so many threads, older than all before, and of everything else in proportion. Return them."""
    first = next(numbers)
    oldest = Thread.objects.order_by("active_at").values_list("active_at", flat=True).first() or timezone.now()
    owners = [people.user, people.other]
    users = User.objects.bulk_create(User(username=f"user-{first}-{number}") for number in range(threads // 2))
    ApiKey.objects.bulk_create(ApiKey(owner=user, name="Key", start="et-", digest=user.username) for user in users)
    files, stores = _add_files(owners, count=threads)
    assistants = Assistant.objects.bulk_create(
        Assistant(owner=people.other, name="Helper", tool_resources=searching(store)) for store in stores
    )
    made = Thread.objects.bulk_create(
        Thread(
            owner=owners[number % 2],
            assistant=assistants[number % len(assistants)],
            title=f"About {number}",
            active_at=oldest - timedelta(minutes=number + 1),
            created_at=oldest - timedelta(minutes=number + 1),
        )
        for number in range(threads)
    )
    runs = Run.objects.bulk_create(
        Run(
            thread=thread,
            assistant=thread.assistant,
            assistant_name="Helper",
            model=f"model-{number % 3}",
            status="completed",
            usage=USAGE,
            created_at=thread.active_at,
            started_at=thread.active_at,
            completed_at=thread.active_at,
            expires_at=None,
            seq=len(TIMELINE),
            timeline=TIMELINE,
        )
        for number, thread in enumerate(made)
    )
    attached = _add_conversations(runs, files)
    uses = [ResourceUse(assistant=pair[0], resource_id=pair[1].id) for pair in zip(assistants, stores, strict=True)]
    uses += [ResourceUse(message=message, resource_id=file.id) for message, file in attached]
    in_bulk(ResourceUse, uses)
    kind = ContentType.objects.get_for_model(Assistant)
    LogEntry.objects.bulk_create(
        LogEntry(user=owners[number % 2], content_type=kind, object_id=assistant.pk, action_flag=CHANGE)
        for number, assistant in enumerate(assistants)
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as its autovacuum does; nobody does it on SQLite
    return made


def searching(store: VectorStore) -> dict[str, Any]:
    return {"file_search": {"vector_store_ids": [store.id]}}


def _add_conversations(runs: list[Run], files: list[File]) -> Iterator[tuple[Message, File]]:
    """Add two questions, with a file in the first, and two answers a run. Return the messages with a file."""
    said = [text_part("What is a fjord, and where are the longest?")]
    at = [run.created_at for run in runs]
    asked = [
        Message(thread=run.thread, role="user", content=said, created_at=time, attachments=[{"file_id": file.id}])
        for run, file, time in zip(runs, files, at, strict=True)
    ]
    others = [
        Message(thread=run.thread, run=run if role == "assistant" else None, role=role, content=said, created_at=time)
        for run, time in zip(runs, at, strict=True)
        for role in ("assistant", "user", "assistant")
    ]
    in_bulk(Message, asked + others)
    owners = {run.thread_id: run.thread.owner_id for run in runs}
    chats.add(chats.MESSAGES, [(message.pk, owners[message.thread_id], message.text) for message in asked + others])
    chats.add(chats.TITLES, [(run.thread.pk, run.thread.owner_id, run.thread.title) for run in runs])
    details = {"type": "message_creation", "message_creation": {"message_id": "msg_1"}}
    in_bulk(RunStep, (RunStep(run=run, type="message_creation", status="completed", details=details) for run in runs))
    return zip(asked, files, strict=True)


def _add_files(owners: list[User], *, count: int) -> tuple[list[File], list[VectorStore]]:
    """Add ``count`` files, two to a store."""
    files = [File(owner=owners[number % 2], filename="notes.txt", bytes=1000) for number in range(count)]
    in_bulk(File, files)
    stores = VectorStore.objects.bulk_create(
        VectorStore(owner=owners[number % 2], name=f"Notes {number}", origin="admin") for number in range(count // 2)
    )
    entries = [
        VectorStoreFile(store=stores[number % len(stores)], file=file, status="completed", usage_bytes=2000)
        for number, file in enumerate(files)
    ]
    in_bulk(VectorStoreFile, entries)
    return files, stores


def in_bulk(model: Any, rows: Iterable[Any]) -> None:
    model.objects.bulk_create(rows, batch_size=500)
