"""What a run and its steps say of the tokens they took: the steps' sum is the run's."""

from __future__ import annotations

import pytest
from django.utils import timezone

from chat.actions.conversation import runs
from chat.actions.conversation.runs import NewRun
from chat.events.bus import bus
from chat.models import Run, RunStep, Thread
from chat.models.api_objects.objects import step_object
from chat.providers.base import Text, Usage
from chat.providers.scripted.provider import Pause, ScriptedProvider
from chat.providers.scripted.replies import Reply, call
from chat.providers.tokens import estimate
from tests.engine.stage import Stage, answer, heard, in_thread, status

pytestmark = pytest.mark.django_db(transaction=True)
FOREVER = Pause(float("inf"))
ASKED = Usage(prompt=30, completion=10)


async def totals(run: Run) -> list[int]:
    """Of each step."""
    return [step.usage["total_tokens"] async for step in RunStep.objects.filter(run=run)]


async def submit(run: Run, value: str) -> Run:
    calls = run.required_action["submit_tool_outputs"]["tool_calls"]
    outputs = [{"tool_call_id": made["id"], "output": value} for made in calls]
    return await in_thread(runs.submit_tool_outputs)(run, outputs=outputs)


class TestTheUsage:
    async def test_of_a_turn_with_words_and_calls_is_counted_once(self, stage: Stage, thread: Thread) -> None:
        replies = [
            Reply("Let me look.", call("weather"), ASKED),
            Reply("Rain.", Usage(prompt=50, completion=3), after_tools=True),
        ]
        async with stage.working(ScriptedProvider(replies)):
            run = await submit(await status(await stage.ask(thread), "requires_action"), "rain")
            run = await status(run, "completed")

        assert await totals(run) == [0, 40, 53]
        assert run.usage["total_tokens"] == 93

    async def test_of_a_turn_with_words_after_calls_is_counted_once(self, stage: Stage, thread: Thread) -> None:
        """Some models go on talking; nothing may stay open while the run waits."""
        replies = [Reply(call("weather"), "One moment.", ASKED), Reply("Rain.", after_tools=True)]
        async with stage.working(ScriptedProvider(replies)):
            with bus.follow(thread.id) as follower:
                run = await stage.ask(thread)
                events = await heard(follower)
            run = await status(run, "requires_action")
            message = await answer(run, containing="One moment.")
            assert message.status == "completed"
            assert sorted(await totals(run)) == [0, 40]
            run = await status(await submit(run, "rain"), "completed")

        assert [event.name for event in events[-3:]] == [
            "thread.message.completed",
            "thread.run.step.completed",
            "thread.run.requires_action",
        ]
        assert run.usage["total_tokens"] == sum(await totals(run))

    async def test_of_a_step_is_not_told_before_its_end(self, stage: Stage, thread: Thread) -> None:
        async with stage.working(ScriptedProvider([Reply(call("weather"), ASKED)])):
            run = await status(await stage.ask(thread), "requires_action")

        step = await RunStep.objects.aget(run=run)
        assert step_object(step, run=run)["usage"] is None
        await submit(run, "rain")
        await step.arefresh_from_db()
        assert step_object(step, run=run)["usage"]["total_tokens"] == 40

    @pytest.mark.parametrize("end", ["cancelled", "expired"])
    async def test_of_a_run_that_ends_while_it_waits_is_that_of_its_steps(
        self, end: str, stage: Stage, thread: Thread
    ) -> None:
        async with stage.working(ScriptedProvider([Reply(call("weather"), ASKED)])):
            run = await status(await stage.ask(thread), "requires_action")
            if end == "cancelled":
                await in_thread(runs.cancel)(run)
            else:
                await Run.objects.filter(pk=run.pk).aupdate(expires_at=timezone.now())
            run = await status(run, end)

        assert run.usage["total_tokens"] == 40

    async def test_of_an_answer_that_was_stopped_is_estimated(self, stage: Stage, thread: Thread) -> None:
        async with stage.working(ScriptedProvider([Reply(Text("As far as this"), FOREVER)])):
            run = await stage.ask(thread)
            await answer(run, containing="As far")
            await in_thread(runs.cancel)(run)
            run = await status(run, "cancelled")

        assert run.usage["completion_tokens"] == estimate("As far as this")
        assert run.usage["prompt_tokens"] > 0
        assert await totals(run) == [run.usage["total_tokens"]]

    async def test_of_an_answer_without_a_word_is_that_of_its_message(self, stage: Stage, thread: Thread) -> None:
        async with stage.working(ScriptedProvider([Reply(Usage(prompt=7, completion=0))])):
            run = await status(await stage.ask(thread), "completed")

        assert run.usage["total_tokens"] == 7
        assert await totals(run) == [7]


class TestTheInstants:
    async def test_of_a_run_that_goes_on(self, stage: Stage, thread: Thread) -> None:
        """Sections 3 and 6.2: ``started_at`` is rewritten, ``expires_at`` is not."""
        async with stage.working(ScriptedProvider([Reply(call("weather")), Reply("Rain.", after_tools=True)])):
            waiting = await status(await stage.ask(thread), "requires_action")
            queued = await submit(await Run.objects.aget(pk=waiting.pk), "rain")
            assert queued.started_at == waiting.started_at
            assert queued.required_action is None
            run = await status(queued, "completed")

        assert run.started_at > waiting.started_at
        assert (run.required_action, run.expires_at) == (None, None)

    async def test_of_a_run_that_is_being_cancelled(self, stage: Stage, thread: Thread) -> None:
        """Sections 6.2 and 6.5: ``required_action`` is null once left, ``expires_at`` is kept until the end."""
        async with stage.working(ScriptedProvider([Reply(call("weather"))])):
            run = await status(await stage.ask(thread), "requires_action")
            with bus.follow(thread.id) as follower:
                cancelling = await in_thread(runs.cancel)(run)
                events = await heard(follower, ends=frozenset({"thread.run.cancelled"}))

        assert (cancelling.required_action, cancelling.cancelled_at) == (None, None)
        assert cancelling.expires_at is not None
        told = {event.name: event.data for event in events}
        assert told["thread.run.cancelling"]["expires_at"] is not None
        assert told["thread.run.cancelling"]["required_action"] is None
        assert told["thread.run.step.cancelled"]["expires_at"] is not None
        assert told["thread.run.cancelled"]["expires_at"] is None


class TestOneCallAtATime:
    async def test_is_told_recorded_and_awaited(self, stage: Stage, thread: Thread) -> None:
        """Section 6.1, ``parallel_tool_calls``: whatever the model does."""
        provider = ScriptedProvider(
            [Reply(call("weather", city="Oslo"), call("weather", city="Rome")), Reply("Rain.", after_tools=True)]
        )
        await in_thread(thread.messages.create)(role="user", content=[])
        async with stage.working(provider):
            with bus.follow(thread.id) as follower:
                run = await in_thread(runs.start)(thread, NewRun(thread.assistant, {"parallel_tool_calls": False}))
                events = await heard(follower)
            run = await status(run, "requires_action")
            [made] = run.required_action["submit_tool_outputs"]["tool_calls"]
            step = await RunStep.objects.aget(run=run)
            await status(await submit(run, "rain"), "completed")

        deltas = [event.data["delta"]["step_details"] for event in events if "step.delta" in event.name]
        assert {call["index"] for delta in deltas for call in delta["tool_calls"]} == {0}
        assert [call["id"] for call in step.details["tool_calls"]] == [made["id"]]
        assert made["function"]["arguments"] == '{"city": "Oslo"}'
        assert provider.requests[0].parallel_tool_calls is False
