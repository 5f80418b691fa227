"""Staff with several permissions, and rows for them to look at."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from chat.actions.conversation import sending, threads
from chat.events import types
from chat.models import Assistant, Message, Run, RunStep, Thread, User, VectorStore, VectorStoreFile
from chat.retrieval.embedders import embedder_of
from tests.retrieval import making

SECRET_WORDS = "my diary is wet"
ANSWERED_WORDS = "hang it on a line"
ARGUMENT = "the diary of ada"
OUTPUT = "forty pages"


@pytest.fixture
def boss(make_user) -> User:
    return make_user("boss", is_staff=True, is_superuser=True)


@pytest.fixture
def make_staff(make_user) -> Callable[..., User]:
    """A staff member with the permissions of these names."""

    def make(*codenames: str, username: str = "staff") -> User:
        user: User = make_user(username, is_staff=True)
        permissions = Permission.objects.filter(codename__in=codenames)
        assert len(permissions) == len(codenames)
        user.user_permissions.set(permissions)
        return user

    return make


@pytest.fixture
def enter() -> Callable[[User], Client]:
    """A browser in which someone has signed in."""

    def enter(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return enter


@pytest.fixture
def run(ada: User, assistant: Assistant) -> Run:
    """A completed run on a thread of ada's: a tool call, then an answer."""
    thread = threads.create(ada, assistant=assistant)
    run = sending.send(thread.owner, thread.id, text=SECRET_WORDS, client_key="first").run
    assert run is not None
    function = {"name": "drying_time", "arguments": f'{{"of": "{ARGUMENT}"}}', "output": OUTPUT}
    called = {"type": "tool_calls", "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
    RunStep.objects.create(run=run, type="tool_calls", status="completed", details=called)
    answer = Message.objects.create(
        thread=thread,
        run=run,
        assistant=assistant,
        role="assistant",
        content=[{"type": "text", "text": {"value": ANSWERED_WORDS, "annotations": []}}],
    )
    wrote = {"type": "message_creation", "message_creation": {"message_id": answer.id}}
    RunStep.objects.create(run=run, type="message_creation", status="completed", details=wrote)
    usage = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
    timeline = [*run.timeline, [run.seq + 1, types.MESSAGE_CREATED, 0.5, ""]]
    Run.objects.filter(pk=run.pk).update(status="completed", usage=usage, timeline=timeline)
    run.refresh_from_db()
    return run


@pytest.fixture
def thread(run: Run) -> Thread:
    return run.thread


LEAVE = "# Leave\nEveryone has thirty days of paid leave a year.\n\nThe canteen closes at two o'clock."


@pytest.fixture
def fill() -> Callable[..., VectorStoreFile]:
    """Add a text to a store, as a file that was read."""

    def fill(store: VectorStore, text: str = LEAVE, **fields: object) -> VectorStoreFile:
        return making.add(store, text, embedder=embedder_of(store), **fields)

    return fill


@pytest.fixture
def handbook(boss: User, enter: Callable[[User], Client]) -> VectorStore:
    """A store that was made in the admin."""
    enter(boss).post("/admin/chat/vectorstore/add/", {"name": "Handbook", "owner": boss.pk, "embedding": ""})
    return VectorStore.objects.get(name="Handbook")


@pytest.fixture
def private(ada: User) -> VectorStore:
    """A store that Ada's program made."""
    return VectorStore.objects.create(owner=ada, name="Diary of Ada")
