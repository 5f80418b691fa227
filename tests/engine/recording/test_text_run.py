"""A run that answers in words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, transaction

from chat.actions.conversation import threads
from chat.engine.recording import row_writer, run_lifecycle
from chat.errors import KeyRefused, RateLimited, Unreachable
from chat.events.bus import bus
from chat.events.types import Event
from chat.models import Message, Run, RunStep, Thread
from chat.providers.base import Finish, Text, Usage
from chat.providers.scripted.provider import Pause, ScriptedProvider
from chat.providers.scripted.replies import Reply
from tests.engine.golden import assert_like
from tests.engine.stage import Stage, answer, heard, in_thread, status, text_of, until

pytestmark = pytest.mark.django_db(transaction=True)
FOREVER = Pause(float("inf"))
CLAIMED = 3  # events of a run that a worker has claimed


class TestATextRun:
    async def test_tells_its_events_in_the_order_of_the_reference(self, stage: Stage, thread: Thread) -> None:
        """Section 7.2, stream 01."""
        provider = ScriptedProvider([Reply("It", " is", " raining.")])
        with bus.follow(thread.id) as follower:
            await stage.ask(thread)
            async with stage.working(provider):
                events = await heard(follower)

        assert_like(events, "01_text")
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert text_of(events) == "It is raining."

    async def test_numbers_its_events_once_when_a_commit_is_tried_again(
        self, stage: Stage, thread: Thread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        number_events, failed = run_lifecycle.number_events, []

        def fail_once_each(run: Run, new_events: run_lifecycle.NewEvents) -> list[Event]:
            events = number_events(run, new_events)
            if events and events[0].name not in failed:
                failed.append(events[0].name)
                raise OperationalError("The connection is gone.")
            return events

        monkeypatch.setattr(run_lifecycle, "number_events", fail_once_each)
        monkeypatch.setattr(row_writer, "WAIT", 0.0)
        with bus.follow(thread.id) as follower:
            await stage.ask(thread)
            async with stage.working(ScriptedProvider([Reply("It is raining.")])):
                events = await heard(follower)

        assert len(failed) >= 3
        steps = [event.data for event in events if event.data["object"] == "thread.run.step"]
        assert {step["expires_at"] for step in steps} == {events[0].data["expires_at"]}
        assert_like(events, "01_text")
        assert [event.seq for event in events] == list(range(1, len(events) + 1))

    async def test_is_written_once_when_the_answer_to_a_commit_is_lost(
        self, stage: Stage, thread: Thread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        atomic, lost = transaction.atomic, []

        @contextmanager
        def lose_answers() -> Iterator[None]:
            with atomic():
                yield
            run = Run.objects.get()
            if run.worker and run.seq not in lost and run.seq > CLAIMED:
                lost.append(run.seq)
                raise OperationalError("The connection is gone.")

        monkeypatch.setattr(row_writer.transaction, "atomic", lose_answers)
        monkeypatch.setattr(row_writer, "WAIT", 0.0)
        with bus.follow(thread.id) as follower:
            await stage.ask(thread)
            async with stage.working(ScriptedProvider([Reply("It is raining.")])):
                events = await heard(follower)

        assert lost
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert text_of(events) == "It is raining."
        assert await Message.objects.filter(run_id=events[0].run_id).acount() == 1
        assert await RunStep.objects.acount() == 1

    async def test_has_an_empty_text_when_the_model_says_nothing(self, stage: Stage, thread: Thread) -> None:
        with bus.follow(thread.id) as follower:
            async with stage.working(ScriptedProvider([Reply()])):
                run = await stage.ask(thread)
                events = await heard(follower)

        message = await Message.objects.aget(run_id=run.id)
        assert message.content == [{"type": "text", "text": {"value": "", "annotations": []}}]
        assert text_of(events) == ""
        assert events[-1].name == "thread.run.completed"

    async def test_keeps_a_refusal_as_a_part_of_its_own(self, stage: Stage, thread: Thread) -> None:
        reply = Reply("Hm. ", Text("I cannot ", is_refusal=True), Text("help with that.", is_refusal=True))
        with bus.follow(thread.id) as follower:
            async with stage.working(ScriptedProvider([reply])):
                run = await stage.ask(thread)
                events = await heard(follower)

        message = await Message.objects.aget(run_id=run.id)
        assert message.content == [
            {"type": "text", "text": {"value": "Hm. ", "annotations": []}},
            {"type": "refusal", "refusal": "I cannot help with that."},
        ]
        deltas = [event.data["delta"]["content"][0] for event in events if event.name == "thread.message.delta"]
        pieces = [delta["refusal"] for delta in deltas if (delta["index"], delta["type"]) == (1, "refusal")]
        assert "".join(pieces) == "I cannot help with that."
        assert message.text == "Hm. \n\nI cannot help with that."

    async def test_gives_the_first_delta_of_a_text_its_empty_annotations(self, stage: Stage, thread: Thread) -> None:
        """Section 7.3: without them the SDK's snapshot has None."""
        gate = asyncio.Event()
        provider = ScriptedProvider([Reply("One", gate, " two")])
        with bus.follow(thread.id) as follower:
            await stage.ask(thread)
            async with stage.working(provider):
                first = await heard(follower, ends=frozenset({"thread.message.delta"}))
                gate.set()
                later = await heard(follower)

        deltas = [event.data["delta"]["content"][0]["text"] for event in first + later if "message.delta" in event.name]
        assert deltas[0] == {"value": "One", "annotations": []}
        assert deltas[1] == {"value": " two"}

    async def test_leaves_a_completed_message_step_and_run(self, stage: Stage, thread: Thread) -> None:
        """Section 3: usage on run and step, ``expires_at`` null once completed."""
        provider = ScriptedProvider([Reply("Yes.", Usage(prompt=7, completion=2, cached=3))])
        async with stage.working(provider):
            run = await status(await stage.ask(thread), "completed")

        message = await Message.objects.aget(run_id=run.id)
        step = await RunStep.objects.aget(run=run)
        assert (message.text, message.status, message.role) == ("Yes.", "completed", "assistant")
        assert message.assistant_id == thread.assistant_id
        assert message.completed_at is not None
        assert step.details["message_creation"]["message_id"] == message.id
        assert run.usage["total_tokens"] == step.usage["total_tokens"] == 9
        assert run.usage["prompt_token_details"] == {"cached_tokens": 3}
        assert (run.expires_at, run.worker) == (None, "")
        assert run.started_at is not None
        assert run.completed_at is not None

    async def test_keeps_a_timeline_of_all_but_the_deltas(self, stage: Stage, thread: Thread) -> None:
        async with stage.working(ScriptedProvider([Reply("Yes.")])):
            run = await status(await stage.ask(thread), "completed")

        seqs, names, seconds, notes = zip(*run.timeline, strict=True)
        assert names == (
            "thread.run.created",
            "thread.run.queued",
            "thread.run.in_progress",
            "thread.run.step.created",
            "thread.message.created",
            "thread.message.completed",
            "thread.run.step.completed",
            "thread.run.completed",
        )
        assert (seqs[:4], seqs[-1]) == ((1, 2, 3, 4), run.seq)
        assert list(seconds) == sorted(seconds)
        assert 0 <= seconds[-1] < 60
        assert set(notes) == {""}

    async def test_sends_the_instructions_and_what_was_said(self, stage: Stage, thread: Thread) -> None:
        provider = ScriptedProvider()
        async with stage.working(provider):
            await status(await stage.ask(thread, "First"), "completed")
            await status(await stage.ask(thread, "Second"), "completed")

        turns = [(turn.role, turn.text) for turn in provider.requests[-1].turns]
        assert turns == [
            ("system", "Be brief."),
            ("user", "First"),
            ("assistant", "You said: First"),
            ("user", "Second"),
        ]
        assert provider.requests[-1].model == "scripted"

    async def test_writes_partial_text_while_the_model_is_still_talking(self, stage: Stage, thread: Thread) -> None:
        provider = ScriptedProvider([Reply("The beginning", FOREVER)])
        async with stage.working(provider):
            run = await stage.ask(thread)
            partial = await answer(run, containing="The beginning")
            row = await Run.objects.aget(pk=run.pk)

            assert partial.status == "in_progress"
            assert row.status == "in_progress"
            assert row.seq >= 8, "the rows know which events they already hold"
            await in_thread(threads.delete)(thread.owner, thread.id)

    async def test_ends_incomplete_when_the_model_ran_into_a_limit_of_its_own(
        self, stage: Stage, thread: Thread
    ) -> None:
        """Stream 09: the message is incomplete, its step completed."""
        provider = ScriptedProvider([Reply("Too long", Finish("length"))])
        with bus.follow(thread.id) as follower:
            await stage.ask(thread)
            async with stage.working(provider):
                events = await heard(follower)

        assert_like(events, "09_incomplete")
        assert events[-3].data["incomplete_details"] == {"reason": "max_tokens"}
        assert events[-3].data["content"][0]["text"]["value"] == "Too long"
        assert events[-1].data["incomplete_details"] == {"reason": "max_completion_tokens"}

    async def test_fails_when_the_provider_filtered_the_answer(self, stage: Stage, thread: Thread) -> None:
        provider = ScriptedProvider([Reply("Something", Finish("content_filter"))])
        async with stage.working(provider):
            run = await status(await stage.ask(thread), "failed")

        message = await Message.objects.aget(run_id=run.id)
        assert message.incomplete_reason == "content_filter"
        assert "filter" in run.last_error["message"]


class TestAFailingRun:
    async def test_fails_at_once_when_the_provider_refuses(self, stage: Stage, thread: Thread) -> None:
        """Stream 06b: no message and no step."""
        with bus.follow(thread.id) as follower:
            async with stage.working(ScriptedProvider([Reply(RateLimited())])):
                run = await stage.ask(thread)
                events = await heard(follower)

        assert_like(events, "06b_failed_before_steps")
        assert events[-1].data["last_error"]["code"] == "rate_limit_exceeded"
        assert not await Message.objects.filter(run_id=run.id).aexists()

    async def test_is_cut_off_when_it_has_no_end(self, stage: Stage, thread: Thread, settings) -> None:
        settings.EVERTHREAD_MAX_ANSWER_MB = 1
        provider = ScriptedProvider([Reply("x" * 700_000, "y" * 700_000, FOREVER)])
        async with stage.working(provider):
            run = await status(await stage.ask(thread), "incomplete")

        assert run.incomplete_details == {"reason": "max_completion_tokens"}
        message = await Message.objects.aget(run_id=run.id)
        assert (message.status, len(message.text)) == ("incomplete", 1024 * 1024)
        assert len(provider.stopped) == 1

    async def test_keeps_the_words_of_its_provider_from_programs(self, stage: Stage, thread: Thread) -> None:
        refused = KeyRefused("The key was refused.", said="Incorrect API key of org-77")
        with bus.follow(thread.id) as follower:
            async with stage.working(ScriptedProvider([Reply(refused)])):
                run = await stage.ask(thread)
                events = await heard(follower)

        assert events[-1].data["last_error"]["message"] == "The key was refused."
        assert "org-77" not in str([event.data for event in events])
        assert (await Run.objects.aget(pk=run.pk)).provider_said == "Incorrect API key of org-77"

    async def test_keeps_what_was_said_before_the_connection_broke(self, stage: Stage, thread: Thread) -> None:
        """Stream 06."""
        with bus.follow(thread.id) as follower:
            async with stage.working(ScriptedProvider([Reply("Half an ans", Unreachable("The line is dead."))])):
                run = await stage.ask(thread)
                events = await heard(follower)

        assert_like(events, "06_failed")
        message = await Message.objects.aget(run_id=run.id)
        assert (message.text, message.incomplete_reason) == ("Half an ans", "run_failed")
        assert events[-1].data["last_error"] == {"code": "server_error", "message": "The line is dead."}
        assert events[-2].data["last_error"] == events[-1].data["last_error"]

    async def test_frees_the_thread(self, stage: Stage, thread: Thread) -> None:
        replies = [Reply(Unreachable(), once=True), Reply("Better now.")]
        async with stage.working(ScriptedProvider(replies)):
            await status(await stage.ask(thread), "failed")
            run = await status(await stage.ask(thread), "completed")

        assert (await Message.objects.aget(run_id=run.id)).text == "Better now."

    async def test_says_nothing_of_the_inside_when_the_code_breaks(self, stage: Stage, thread: Thread) -> None:
        broken = ScriptedProvider([Reply(None)])  # type: ignore[arg-type] -- no step at all: an AttributeError
        async with stage.working(broken):
            run = await status(await stage.ask(thread), "failed")

        assert run.last_error == {"code": "server_error", "message": "Sorry, something went wrong."}

    async def test_names_the_model_that_nobody_serves(self, stage: Stage, thread: Thread, scripted) -> None:
        await type(scripted).objects.filter(pk=scripted.pk).aupdate(accepts_any_name=False, default_model="")
        async with stage.working(ScriptedProvider()):
            run = await status(await stage.ask(thread), "failed")

        assert "default" in run.last_error["message"]


class TestACancelledRun:
    async def test_stops_the_model_and_keeps_the_partial_answer(self, stage: Stage, thread: Thread) -> None:
        """Stream 07."""
        from chat.actions.conversation import runs

        provider = ScriptedProvider([Reply("As far as this", FOREVER)])
        with bus.follow(thread.id) as follower:
            async with stage.working(provider):
                run = await stage.ask(thread)
                await answer(run, containing="As far")
                await in_thread(runs.cancel)(run)
                events = await heard(follower)
                await until(lambda: provider.stopped, what="the stream to be closed")

        assert_like(events, "07_cancelled")
        message = await Message.objects.aget(run_id=run.id)
        assert (message.text, message.incomplete_reason) == ("As far as this", "run_cancelled")
