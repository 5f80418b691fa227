"""Runs whose model's server misbehaves: whatever it sends, the run says what was wrong, or keeps what can be kept."""

from __future__ import annotations

import asyncio

import pytest

from chat.actions.conversation import threads
from chat.engine.execution import BROKE
from chat.models import Assistant, Run, Thread, User
from chat.models.api_objects.objects import run_object, step_object
from chat.providers.openai.provider import OpenAIProvider
from tests.engine.stage import Stage, in_thread, status
from tests.providers.conftest import KEY
from tests.providers.hostile import BYTES, CALLS, ERRORS
from tests.providers.hostile_server import SILENCE, Case, HostileServer

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
CASES = [*BYTES, *CALLS, *ERRORS]
ENDS = ("completed", "incomplete", "failed", "requires_action")


@pytest.fixture
def assistant(assistant: Assistant) -> Assistant:
    assistant.tools = [{"type": "function", "function": {"name": name}} for name in ("now", "then")]
    assistant.save()
    return assistant


def shown(run: Run) -> list[object]:
    """What the API shows of a run."""
    return [run_object(run), *(step_object(step, run=run) for step in run.steps.all())]


class TestARunOnAHostileServer:
    async def test_never_ends_without_a_reason(self, stage: Stage, ada: User, assistant: Assistant, settings) -> None:
        settings.EVERTHREAD_PAGE_RUNS = len(CASES)
        server = HostileServer(CASES)
        await server.start()
        wrong: list[str] = []

        async def run_case(case: Case) -> None:
            thread: Thread = await in_thread(threads.create)(ada, assistant=assistant)
            run = await status(await stage.ask(thread, case.name), *ENDS)
            await in_thread(shown)(run)
            if run.last_error and run.last_error["message"] == BROKE:
                wrong.append(case.name)

        provider = OpenAIProvider(server.url, KEY, timeout=SILENCE, max_retries=0)
        async with stage.working(provider):  # type: ignore[arg-type]
            for start in range(0, len(CASES), 10):
                await asyncio.gather(*map(run_case, CASES[start : start + 10]))
        await server.stop()
        assert not wrong
