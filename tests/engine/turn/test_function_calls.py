"""A run that asks for functions."""

from __future__ import annotations

import pytest

from chat.actions.conversation import runs
from chat.actions.conversation.runs import NewRun
from chat.events.bus import bus
from chat.models import Message, Run, RunStep, Thread
from chat.providers.base import Usage
from chat.providers.scripted.provider import ScriptedProvider
from chat.providers.scripted.replies import Reply, call
from tests.engine.golden import assert_like
from tests.engine.stage import Stage, heard, in_thread, status, until
from tests.engine.turn.conftest import WEATHER

pytestmark = pytest.mark.django_db(transaction=True)


def forecaster() -> ScriptedProvider:
    asks = Reply(call("weather", city="Oslo"), call("weather", city="Rome"), Usage(prompt=10, completion=4))
    return ScriptedProvider([asks, Reply("Rain and sun.", Usage(prompt=20, completion=3), after_tools=True)])


async def submit(run: Run, *values: str) -> Run:
    calls = run.required_action["submit_tool_outputs"]["tool_calls"]
    outputs = [{"tool_call_id": made["id"], "output": value} for made, value in zip(calls, values, strict=True)]
    return await in_thread(runs.submit_tool_outputs)(run, outputs=outputs)


class TestAFunctionRun:
    async def test_pauses_in_the_order_of_the_reference(self, stage: Stage, thread: Thread) -> None:
        """Section 7.2, stream 02."""
        with bus.follow(thread.id) as follower:
            async with stage.working(forecaster()):
                await stage.ask(thread)
                events = await heard(follower)

        assert_like(events, "02_function_requires_action")

    async def test_streams_each_call_by_index_with_id_and_name_once(self, stage: Stage, thread: Thread) -> None:
        """Section 7.3: an SDK joins repeated ids."""
        with bus.follow(thread.id) as follower:
            async with stage.working(forecaster()):
                await stage.ask(thread)
                events = await heard(follower)

        deltas = [
            event.data["delta"]["step_details"]["tool_calls"][0] for event in events if "step.delta" in event.name
        ]
        assert [delta["index"] for delta in deltas if "id" in delta] == [0, 1]
        for index, arguments in enumerate(['{"city": "Oslo"}', '{"city": "Rome"}']):
            pieces = [delta["function"]["arguments"] for delta in deltas if delta["index"] == index]
            assert pieces[0] == ""
            assert "".join(pieces) == arguments

    async def test_names_the_pending_calls_without_outputs(self, stage: Stage, thread: Thread) -> None:
        """Section 6.4."""
        async with stage.working(forecaster()):
            run = await status(await stage.ask(thread), "requires_action")

        [oslo, rome] = run.required_action["submit_tool_outputs"]["tool_calls"]
        assert oslo["function"] == {"name": "weather", "arguments": '{"city": "Oslo"}'}
        assert rome["id"] != oslo["id"]
        assert (run.worker, run.usage) == ("", None)
        assert (await RunStep.objects.aget(run=run)).status == "in_progress"

    async def test_goes_on_with_the_outputs(self, stage: Stage, thread: Thread) -> None:
        """Section 7.2, stream 03; outputs stand in the completed step."""
        provider = forecaster()
        async with stage.working(provider):
            run = await status(await stage.ask(thread), "requires_action")
            paused_at = run.seq
            with bus.follow(thread.id) as follower:
                await submit(run, "rain", "sun")
                events = await heard(follower, after=paused_at)

        assert_like(events, "03_submit_tool_outputs")
        calls = events[0].data["step_details"]["tool_calls"]
        assert [made["function"]["output"] for made in calls] == ["rain", "sun"]
        assert (await Message.objects.aget(run_id=run.id)).text == "Rain and sun."
        turns = provider.requests[-1].turns
        assert [turn.role for turn in turns] == ["system", "user", "assistant", "tool", "tool"]
        assert [turn.text for turn in turns[-2:]] == ["rain", "sun"]
        assert [made.name for made in turns[2].tool_calls] == ["weather", "weather"]

    async def test_counts_the_tokens_of_both_turns(self, stage: Stage, thread: Thread) -> None:
        async with stage.working(forecaster()):
            run = await status(await stage.ask(thread), "requires_action")
            await submit(run, "rain", "sun")
            run = await status(run, "completed")

        assert (run.usage["prompt_tokens"], run.usage["completion_tokens"]) == (30, 7)

    async def test_numbers_its_events_without_a_gap_over_both_turns(self, stage: Stage, thread: Thread) -> None:
        async with stage.working(forecaster()):
            with bus.follow(thread.id) as follower:
                run = await stage.ask(thread)
                before = await heard(follower)
                await submit(await status(run, "requires_action"), "rain", "sun")
                after = await heard(follower)

        assert [event.seq for event in before + after] == list(range(1, len(before + after) + 1))

    async def test_keeps_what_was_said_before_the_call_as_a_message(self, stage: Stage, thread: Thread) -> None:
        provider = ScriptedProvider([Reply("Let me look.", call("weather", city="Oslo"))])
        async with stage.working(provider):
            run = await status(await stage.ask(thread), "requires_action")

        message = await Message.objects.aget(run_id=run.id)
        assert (message.text, message.status) == ("Let me look.", "completed")
        steps = [(step.type, step.status) async for step in RunStep.objects.filter(run=run)]
        assert steps == [("message_creation", "completed"), ("tool_calls", "in_progress")]

    async def test_forces_a_call_only_once(self, stage: Stage, thread: Thread) -> None:
        """Section 6.1: a run that must call would otherwise never answer."""
        provider = forecaster()
        async with stage.working(provider):
            started = in_thread(runs.start)
            await in_thread(thread.messages.create)(role="user", content=[])
            run = await started(thread, NewRun(thread.assistant, {"tool_choice": "required"}))
            await submit(await status(run, "requires_action"), "rain", "sun")
            await status(run, "completed")

        assert [request.tool_choice for request in provider.requests] == ["required", "auto"]

    async def test_can_be_cancelled_while_it_waits(self, stage: Stage, thread: Thread) -> None:
        async with stage.working(forecaster()):
            run = await status(await stage.ask(thread), "requires_action")
            await in_thread(runs.cancel)(run)
            run = await status(run, "cancelled")

        assert run.required_action is None
        assert (await RunStep.objects.aget(run=run)).status == "cancelled"

    async def test_declares_its_functions_to_the_model(self, stage: Stage, thread: Thread) -> None:
        provider = forecaster()
        async with stage.working(provider):
            await status(await stage.ask(thread), "requires_action")
            await until(lambda: provider.requests)

        [function] = provider.requests[0].functions
        assert function.name == "weather"
        assert function.parameters == WEATHER["function"]["parameters"]


class TestAFunctionThatNobodyHas:
    async def test_is_named_to_the_model_which_answers_without(self, stage: Stage, thread: Thread) -> None:
        provider = ScriptedProvider([Reply(call("rain"), once=True), Reply("No idea.", after_tools=True)])
        async with stage.working(provider):
            run = await status(await stage.ask(thread), "completed")

        assert provider.requests[1].turns[-1].text == "There is no function 'rain'. You have 'weather'."
        step = await RunStep.objects.aget(run=run, type="tool_calls")
        assert step.details["tool_calls"][0]["function"]["output"] == "There is no function 'rain'. You have 'weather'."
        assert (await Message.objects.aget(run_id=run.id)).text == "No idea."

    async def test_ends_the_run_when_the_model_goes_on_with_it(self, stage: Stage, thread: Thread) -> None:
        provider = ScriptedProvider([Reply(call("rain")), Reply(call("rain"), after_tools=True)])
        async with stage.working(provider):
            run = await status(await stage.ask(thread), "failed")

        assert len(provider.requests) == 2
        assert "the function 'rain', which its assistant does not have" in run.last_error["message"]

    async def test_does_not_keep_a_program_from_answering_the_others(self, stage: Stage, thread: Thread) -> None:
        asks = Reply(call("rain"), call("weather", city="Oslo"), once=True)
        async with stage.working(ScriptedProvider([asks, Reply("Sun.", after_tools=True)])):
            run = await status(await stage.ask(thread), "requires_action")
            [pending] = run.required_action["submit_tool_outputs"]["tool_calls"]
            assert pending["function"]["name"] == "weather"
            await submit(run, "sun")
            await status(run, "completed")

        step = await RunStep.objects.aget(run=run, type="tool_calls")
        outputs = [each["function"]["output"] for each in step.details["tool_calls"]]
        assert outputs == ["There is no function 'rain'. You have 'weather'.", "sun"]
