"""A plugin of pytest for the SDK's own tests: before each, the objects whose literal ids they name.

It runs beside the live server, on the same database and files (EVERTHREAD_DATA_DIR). The SDK's tests are imported as
``tests``, so this module stands alone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator
from pathlib import Path

import django
import openai
import pytest
from django.core.files.base import ContentFile
from django.db import transaction

django.setup()

from left_out import LEFT_OUT  # noqa: E402

from chat.models import (  # noqa: E402
    ApiKey,
    Assistant,
    File,
    Message,
    Run,
    RunStatus,
    RunStep,
    StepStatus,
    StepType,
    Thread,
    User,
    VectorStore,
    VectorStoreFile,
    VectorStoreFileBatch,
)
from chat.models.accounts.api_keys import digest  # noqa: E402
from chat.models.threads import text_part  # noqa: E402
from chat.models.vector_stores import BUILT_IN  # noqa: E402

FAILURES = (openai.BadRequestError, openai.APIResponseValidationError, AssertionError)
KEY = "My API Key"  # what the SDK's tests send
WORKING = (RunStatus.QUEUED, RunStatus.IN_PROGRESS, RunStatus.CANCELLING)
PATIENCE = 30.0  # seconds until the run that a test left behind has ended
CALL = {"id": "tool_call_id", "type": "function", "function": {"name": "look", "arguments": "{}"}}
TEXT = b"Some text."
FILES = ("file_id", "file-abc123", "string")
STORES = {"string": "vsfb_string", "vs_abc123": "vsfb_abc123", "vector_store_id": "batch_id"}  # with their batches
CHUNKS = {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}}
READ = {
    "status": VectorStoreFile.Status.COMPLETED,
    "is_cut": True,
    "embedded_by": BUILT_IN,
    "chunking_strategy": CHUNKS,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuses a table of tests that are not there."""
    collected = {name_of(item) for item in items}
    modules = {name.partition("::")[0] for name in collected}
    for name in LEFT_OUT:
        if name.partition("::")[0] in modules and name not in collected:
            raise pytest.UsageError(f"left_out.py names a test that is not there: {name}")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """What is left out must fail, in the words that the table says."""
    left_out = LEFT_OUT.get(name_of(pyfuncitem))
    if left_out is None:
        return (yield)
    with pytest.raises(FAILURES, match="|".join(map(re.escape, left_out.words))):
        yield
    pytest.xfail(left_out.why)


def name_of(item: pytest.Item) -> str:
    """As ``LEFT_OUT`` names it: without its class, which is there once for each kind of client."""
    module = item.path.relative_to(item.config.rootpath / "tests" / "api_resources")
    return f"{Path(module).as_posix()}::{getattr(item, 'originalname', item.name)}"


@pytest.fixture(scope="session")
def owner() -> User:
    user, _ = User.objects.get_or_create(username="contract")
    ApiKey.objects.get_or_create(digest=digest(KEY), defaults={"owner": user, "name": "contract", "start": KEY[:8]})
    return user


@pytest.fixture(autouse=True)
def _objects(owner: User, request: pytest.FixtureRequest) -> None:
    """Everything anew, once the run that the test before left behind has ended."""
    deadline = time.monotonic() + PATIENCE
    while Run.objects.filter(thread__owner=owner, status__in=WORKING).exists():
        assert time.monotonic() < deadline, "a run does not end"
        time.sleep(0.02)
    with transaction.atomic():
        for rows in (Thread, Assistant, VectorStore, File):
            rows.objects.filter(owner=owner).delete()
        seed(owner, is_waiting="submit_tool_outputs" in request.node.name or "cancel" in request.node.name)


def seed(owner: User, *, is_waiting: bool) -> None:
    """The objects; the run is waiting for tool outputs, or it has completed."""
    for id in FILES:
        content = ContentFile(TEXT, name=id)
        File.objects.create(
            id=id, owner=owner, filename="a.txt", content_type="text/plain", bytes=len(TEXT), content=content
        )
    for id, batch_id in STORES.items():
        store = VectorStore.objects.create(id=id, owner=owner, name="Shelf")
        batch = VectorStoreFileBatch.objects.create(id=batch_id, store=store)
        for file in File.objects.filter(id__in=FILES):
            VectorStoreFile.objects.create(store=store, file=file, batch=batch, **READ)
    assistant = Assistant.objects.create(id="assistant_id", owner=owner, model="gpt-4.1", instructions="Be brief.")
    thread = Thread.objects.create(id="thread_id", owner=owner)
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [CALL]}} if is_waiting else None
    run = Run.objects.create(
        id="run_id",
        thread=thread,
        assistant=assistant,
        status=RunStatus.REQUIRES_ACTION if is_waiting else RunStatus.COMPLETED,
        model=assistant.model,
        instructions=assistant.instructions,
        required_action=action,
    )
    message = Message.objects.create(
        id="message_id", thread=thread, role=Message.Role.USER, content=[text_part("Hello?")]
    )
    called = {"type": "tool_calls", "tool_calls": [{**CALL, "function": {**CALL["function"], "output": None}}]}
    wrote = {"type": "message_creation", "message_creation": {"message_id": message.id}}
    RunStep.objects.create(
        id="step_id",
        run=run,
        type=StepType.TOOL_CALLS if is_waiting else StepType.MESSAGE_CREATION,
        status=StepStatus.IN_PROGRESS if is_waiting else StepStatus.COMPLETED,
        details=called if is_waiting else wrote,
    )
