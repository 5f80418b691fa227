"""What a query costs follows what it shows, not how much there is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from chat.models import Assistant, File, Message, Provider, Run, Thread, User

FEW, MANY = 100, 1000
Query = Callable[[User, Thread], QuerySet[Any]]
QUERIES: dict[str, Query] = {
    "runs": lambda user, thread: Run.objects.order_by("-created_at", "-number")[:20],
    "runs of a thread": lambda user, thread: thread.runs.order_by("-created_at", "-number")[:1],
    "threads": lambda user, thread: Thread.objects.order_by("-active_at", "-number")[:20],
    "threads of a user": lambda user, thread: Thread.objects.filter(owner=user).order_by("-active_at")[:20],
    "messages of a thread": lambda user, thread: thread.messages.order_by("-number")[:20],
    "assistants that a user may use": lambda user, thread: Assistant.objects.usable_by(user).order_by("name"),
    "expired files": lambda user, thread: File.objects.filter(expires_at__lte=timezone.now())[:20],
}


def fill(owner: User, count: int) -> Thread:
    """Give ``owner`` rows of each kind. Return a thread with a run and two messages in their middle."""
    now = timezone.now()
    Assistant.objects.bulk_create(Assistant(owner=owner, name=f"{number}") for number in range(count))
    File.objects.bulk_create(File(owner=owner, filename="a.txt", bytes=1) for _ in range(count))
    threads = Thread.objects.bulk_create(
        Thread(owner=owner, active_at=now - timedelta(seconds=number)) for number in range(count)
    )
    Message.objects.bulk_create(Message(thread=thread, role="user") for thread in threads * 2)
    assistant = Assistant.objects.latest("number")
    Run.objects.bulk_create(
        Run(thread=thread, assistant=assistant, status="completed", created_at=thread.active_at) for thread in threads
    )
    return threads[count // 2]


def steps(query: QuerySet[Any]) -> int:
    """Return how many steps SQLite's virtual machine makes for the rows of ``query``."""
    made = 0

    def count() -> None:
        nonlocal made
        made += 1

    connection.ensure_connection()
    connection.connection.set_progress_handler(count, 1)
    try:
        list(query)
    finally:
        connection.connection.set_progress_handler(None, 0)
    return made


@pytest.mark.django_db
class TestTheCostOf:
    @pytest.mark.parametrize("name", QUERIES)
    def test_does_not_grow_with_what_is_not_shown(self, name: str, ada: User, bob: User, scripted: Provider) -> None:
        if connection.vendor != "sqlite":
            pytest.skip("counts the steps of SQLite's virtual machine")
        query = QUERIES[name]
        Thread.objects.create(owner=bob)
        before = steps(query(bob, fill(ada, FEW)))
        after = steps(query(bob, fill(ada, MANY)))

        assert after <= 2 * before
