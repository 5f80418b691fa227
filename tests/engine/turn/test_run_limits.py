"""A run with limits on its tokens, which are for all its turns together (reference, section 6.1)."""

from __future__ import annotations

from typing import Any

import pytest

from chat.actions.conversation import runs
from chat.actions.conversation.runs import NewRun
from chat.events.bus import bus
from chat.models import Message, Run, RunStep, Thread
from chat.models.threads import text_part
from chat.providers.base import Finish, Usage
from chat.providers.scripted.provider import ScriptedProvider
from chat.providers.scripted.replies import Reply, call
from tests.engine.golden import assert_like
from tests.engine.stage import Stage, heard, in_thread, status

pytestmark = pytest.mark.django_db(transaction=True)
LONG = "word " * 400  # some 590 tokens
SPENT = {"reason": "max_completion_tokens"}
OVERFULL = {"reason": "max_prompt_tokens"}


async def begun(thread: Thread, *, text: str = "Hello?", **settings: Any) -> Run:
    """A run on a message of the user's, as a program starts it."""
    await in_thread(thread.messages.create)(role="user", content=[text_part(text)])
    return await in_thread(runs.start)(thread, NewRun(thread.assistant, settings))


async def answered(run: Run) -> Run:
    """The run after its one call has got an output."""
    run = await status(run, "requires_action")
    [made] = run.required_action["submit_tool_outputs"]["tool_calls"]
    return await in_thread(runs.submit_tool_outputs)(run, outputs=[{"tool_call_id": made["id"], "output": "rain"}])


def caller(first: Usage, *then: Any) -> ScriptedProvider:
    """A model that calls a function at the cost of ``first``, and after its output says ``then``."""
    return ScriptedProvider([Reply(call("weather"), first), Reply(*then, after_tools=True)])


class TestTheLimitOfTheAnswer:
    async def test_ends_the_run_incomplete_when_it_is_reached(self, stage: Stage, thread: Thread) -> None:
        """Section 7.2, stream 09."""
        provider = ScriptedProvider([Reply("Hel", Usage(prompt=27, completion=256), Finish("length"))])
        with bus.follow(thread.id) as follower:
            async with stage.working(provider):
                run = await begun(thread, max_completion_tokens=256)
                events = await heard(follower)

        assert_like(events, "09_incomplete")
        assert events[-1].data["incomplete_details"] == SPENT
        assert provider.requests[0].max_tokens == 256
        run = await Run.objects.aget(pk=run.pk)
        assert (run.expires_at, run.worker) == (None, "")
        assert run.completed_at is not None

    async def test_is_less_for_the_second_turn(self, stage: Stage, thread: Thread) -> None:
        provider = caller(Usage(prompt=30, completion=100), "Rain.", Usage(prompt=40, completion=5))
        async with stage.working(provider):
            run = await status(await answered(await begun(thread, max_completion_tokens=256)), "completed")

        assert [request.max_tokens for request in provider.requests] == [256, 156]
        assert run.usage["completion_tokens"] == 105

    async def test_ends_the_run_before_a_turn_for_which_nothing_is_left(self, stage: Stage, thread: Thread) -> None:
        provider = caller(Usage(prompt=30, completion=256), "Rain.")
        async with stage.working(provider):
            run = await answered(await begun(thread, max_completion_tokens=256))
            run = await status(run, "incomplete")

        assert len(provider.requests) == 1
        assert run.incomplete_details == SPENT
        assert run.usage["total_tokens"] == 286
        assert run.expires_at is None

    async def test_counts_what_the_provider_does_not_report(self, stage: Stage, thread: Thread) -> None:
        provider = caller(Usage(), "Rain.", Usage())
        async with stage.working(provider):
            run = await status(await answered(await begun(thread, max_completion_tokens=256)), "completed")

        first, second = [request.max_tokens for request in provider.requests]
        assert first == 256
        assert second is not None
        assert 240 < second < 256
        assert run.usage["prompt_tokens"] > 10

    async def test_leaves_a_call_that_it_cut_off_unasked(self, stage: Stage, thread: Thread) -> None:
        provider = ScriptedProvider([Reply(call("weather"), Usage(prompt=9, completion=256), Finish("length"))])
        async with stage.working(provider):
            run = await status(await begun(thread, max_completion_tokens=256), "incomplete")

        step = await RunStep.objects.aget(run=run)
        assert (step.status, run.required_action, run.incomplete_details) == ("completed", None, SPENT)
        assert step.usage == run.usage
        assert run.usage["completion_tokens"] == 256


class TestTheLimitOfThePrompt:
    async def test_drops_the_oldest_messages(self, stage: Stage, thread: Thread) -> None:
        provider = ScriptedProvider([Reply("Yes.")])
        async with stage.working(provider):
            await in_thread(thread.messages.create)(role="user", content=[text_part(LONG)])
            await status(await begun(thread, max_prompt_tokens=256), "completed")

        assert [turn.text for turn in provider.requests[0].turns] == ["Be brief.", "Hello?"]

    async def test_ends_the_run_incomplete_when_the_newest_message_is_over_it(
        self, stage: Stage, thread: Thread
    ) -> None:
        provider = ScriptedProvider()
        with bus.follow(thread.id) as follower:
            async with stage.working(provider):
                run = await begun(thread, text=LONG, max_prompt_tokens=256)
                events = await heard(follower)

        assert [event.name for event in events[-2:]] == ["thread.run.in_progress", "thread.run.incomplete"]
        assert events[-1].data["incomplete_details"] == OVERFULL
        assert events[-1].data["last_error"] is None
        assert provider.requests == []
        assert not await Message.objects.filter(run_id=run.id).aexists()

    async def test_ends_the_run_before_a_turn_for_which_too_little_is_left(self, stage: Stage, thread: Thread) -> None:
        provider = caller(Usage(prompt=250, completion=5), "Rain.")
        async with stage.working(provider):
            run = await status(await answered(await begun(thread, max_prompt_tokens=256)), "incomplete")

        assert len(provider.requests) == 1
        assert run.incomplete_details == OVERFULL
        assert run.usage["prompt_tokens"] == 250

    async def test_frees_the_thread(self, stage: Stage, thread: Thread) -> None:
        async with stage.working(ScriptedProvider()):
            await status(await begun(thread, text=LONG, max_prompt_tokens=256), "incomplete")
            await status(await begun(thread), "completed")
