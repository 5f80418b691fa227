"""Who works on which run, and what becomes of those that nobody works on."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from chat.actions.conversation import runs, sending, threads
from chat.engine import worker as worker_module
from chat.engine.follow import ThreadSnapshot, follow
from chat.engine.recording import run_lifecycle
from chat.engine.recording.row_writer import PartialMessage, write_partials
from chat.errors import TimedOut
from chat.events.bus import bus
from chat.events.types import MESSAGE_DELTA, Event, message_delta
from chat.models import Message, QueuedMessage, Run, RunStatus, RunStep, StepType, Thread
from chat.models.threads import text_part
from chat.providers.scripted.provider import Pause, ScriptedProvider
from chat.providers.scripted.replies import Reply
from tests.engine.elsewhere import worker_elsewhere
from tests.engine.golden import assert_like
from tests.engine.stage import PATIENCE, Stage, answer, heard, in_thread, status, until

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = timedelta(minutes=12)
FOREVER = Pause(float("inf"))


def half_done(thread: Thread, **fields: Any) -> Run:
    """A run of a worker elsewhere, which has written the beginning of its answer."""
    fields = {"status": RunStatus.IN_PROGRESS, "worker": "elsewhere", "heartbeat_at": timezone.now()} | fields
    run = Run.objects.create(thread=thread, assistant=thread.assistant, model="default", **fields)
    message = Message.objects.create(
        thread=thread, run_id=run.id, role="assistant", status="in_progress", content=[text_part("Half an")]
    )
    details = {"type": "message_creation", "message_creation": {"message_id": message.id}}
    RunStep.objects.create(run=run, type=StepType.MESSAGE_CREATION, details=details)
    return run


def rows_of(run: Run) -> list[Any]:
    """All that is kept of a run, its messages and its steps."""
    messages, steps = Message.objects.filter(run_id=run.id), RunStep.objects.filter(run=run)
    return [*Run.objects.filter(pk=run.pk).values(), *messages.values(), *steps.values()]


class TestAWorker:
    async def test_picks_up_what_was_queued_before_it_started(self, stage: Stage, thread: Thread) -> None:
        run = await stage.ask(thread)
        async with stage.working(ScriptedProvider()):
            await status(run, "completed")

    async def test_works_on_no_more_runs_at_once_than_its_limit(self, stage: Stage, thread: Thread, ada) -> None:
        gate = asyncio.Event()
        provider = ScriptedProvider([Reply(gate, "Done.")])
        other = await in_thread(threads.create)(ada, assistant=thread.assistant)
        async with stage.working(provider, limit=1):
            first, second = await stage.ask(thread), await stage.ask(other)
            await until(lambda: provider.requests)
            assert (await Run.objects.aget(pk=second.pk)).status == "queued"
            gate.set()
            await status(first, "completed")
            await status(second, "completed")

    async def test_posts_a_queued_message_when_the_thread_is_free(self, stage: Stage, thread: Thread) -> None:
        gate = asyncio.Event()
        provider = ScriptedProvider([Reply(gate, "First.", once=True), Reply("Second.")])
        async with stage.working(provider):
            await stage.ask(thread, "one")
            later = await in_thread(sending.send)(thread.owner, thread.id, text="two", client_key="later")
            assert later.queued is not None
            gate.set()
            await until(lambda: Message.objects.filter(thread=thread, status="completed").count() == 4)

        said = [message.text async for message in Message.objects.filter(thread=thread).order_by("number")]
        assert said == ["one", "First.", "two", "Second."]
        assert not await QueuedMessage.objects.aexists()

    async def test_leaves_runs_alone_that_a_living_worker_holds(self, stage: Stage, thread: Thread, ada) -> None:
        held = await in_thread(half_done)(thread)
        other = await in_thread(threads.create)(ada, assistant=thread.assistant)
        async with stage.working(ScriptedProvider()):
            await status(await stage.ask(other), "completed")

        assert (await Run.objects.aget(pk=held.pk)).status == "in_progress"

    async def test_stops_when_the_thread_is_deleted(self, stage: Stage, thread: Thread) -> None:
        provider = ScriptedProvider([Reply("Beginning", FOREVER)])
        async with stage.working(provider):
            await answer(await stage.ask(thread), containing="Beginning")
            await in_thread(threads.delete)(thread.owner, thread.id)
            await until(lambda: provider.stopped, what="the stream to be closed")

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has one lock for all")
    async def test_waits_for_a_database_that_is_locked(self, stage: Stage, thread: Thread) -> None:
        gate = asyncio.Event()
        async with stage.working(ScriptedProvider([Reply("Beginning", gate, " and end.")])):
            run = await stage.ask(thread)
            await answer(run, containing="Beginning")
            other = sqlite3.connect(connection.settings_dict["NAME"])
            other.execute("BEGIN IMMEDIATE")
            try:
                with bus.follow(thread.id) as follower:
                    gate.set()
                    await heard(follower, ends=frozenset({"thread.message.delta"}))
                assert (await Run.objects.aget(pk=run.pk)).status == "in_progress"
            finally:
                other.rollback()
                other.close()
            await status(run, "completed")

        assert (await Message.objects.aget(run_id=run.id)).text == "Beginning and end."


class TestCancelling:
    async def test_ends_a_run_that_nobody_has_taken_yet(self, stage: Stage, thread: Thread) -> None:
        run = await stage.ask(thread)
        await in_thread(runs.cancel)(run)
        provider = ScriptedProvider()
        async with stage.working(provider):
            await status(run, "cancelled")

        assert provider.requests == []

    async def test_ends_a_run_whose_worker_died(self, stage: Stage, thread: Thread) -> None:
        run = await in_thread(half_done)(thread, heartbeat_at=timezone.now() - LONG_AGO)
        await in_thread(runs.cancel)(run)
        async with stage.working(ScriptedProvider()):
            run = await status(run, "cancelled")

        assert (await Message.objects.aget(run_id=run.id)).incomplete_reason == "run_cancelled"


class TestExpiry:
    async def test_comes_while_a_run_waits_for_outputs(self, stage: Stage, thread: Thread) -> None:
        """Section 6.2: 600 s, with no traffic."""
        run = await in_thread(half_done)(
            thread, status=RunStatus.REQUIRES_ACTION, worker="", expires_at=timezone.now() - timedelta(seconds=1)
        )
        async with stage.working(ScriptedProvider()):
            await status(run, "expired")

        assert (await RunStep.objects.aget(run=run)).status == "expired"

    async def test_comes_before_a_worker_took_the_run(self, stage: Stage, thread: Thread) -> None:
        run = await stage.ask(thread)
        await Run.objects.filter(pk=run.pk).aupdate(expires_at=timezone.now())
        async with stage.working(ScriptedProvider()):
            await status(run, "expired")

    async def test_stops_the_model_in_mid_answer(self, stage: Stage, thread: Thread) -> None:
        """Stream 08."""
        provider = ScriptedProvider([Reply("Half an", FOREVER)])
        with bus.follow(thread.id) as follower:
            async with stage.working(provider):
                run = await stage.ask(thread)
                await answer(run, containing="Half")
                await Run.objects.filter(pk=run.pk).aupdate(expires_at=timezone.now())
                events = await heard(follower)
                await until(lambda: provider.stopped, what="the stream to be closed")

        assert_like(events, "08_expired")

    async def test_comes_before_the_model_is_given_up_for_its_silence(self, stage: Stage, thread: Thread) -> None:
        """Section 6.2: both are 600 s, and a request is younger than its run."""
        provider = ScriptedProvider([Reply(Pause(0.3), TimedOut())])
        run = await stage.ask(thread)
        await Run.objects.filter(pk=run.pk).aupdate(expires_at=timezone.now() + timedelta(seconds=0.3))
        async with stage.working(provider):
            run = await status(run, "expired", "failed")

        assert run.status == "expired"

    async def test_does_not_come_when_the_clock_is_set(
        self, stage: Stage, thread: Thread, ada, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gate, real_now = asyncio.Event(), timezone.now
        other = await in_thread(threads.create)(ada, assistant=thread.assistant)
        waiting = await in_thread(half_done)(other, status=RunStatus.REQUIRES_ACTION, worker="")
        async with stage.working(ScriptedProvider([Reply("Half", gate, "Done.")])) as worker:
            run = await stage.ask(thread)
            await answer(run, containing="Half")
            await until(lambda: waiting.id in worker.deadlines)
            monkeypatch.setattr(timezone, "now", lambda: real_now() + timedelta(days=2))
            async with worker.polling:
                await worker.poll()
            gate.set()
            await status(run, "completed")

        assert (await Run.objects.aget(pk=waiting.pk)).status == "requires_action"


class TestAWorkerWhoseClockIsWrong:
    @pytest.mark.parametrize(("minutes", "left"), [(2, 480), (0, 600), (-2, 600)])
    async def test_ends_a_run_earlier_or_later_by_no_more_than_that(
        self, stage: Stage, thread: Thread, monkeypatch: pytest.MonkeyPatch, minutes: int, left: int
    ) -> None:
        await stage.ask(thread)
        worker = stage.worker(ScriptedProvider())
        worker.loop, skew = asyncio.get_running_loop(), timedelta(minutes=minutes)
        monkeypatch.setattr(worker_module, "timezone", SimpleNamespace(now=lambda: timezone.now() + skew))
        (row,) = await worker.review()
        assert worker.deadlines[row.id][1] - worker.loop.time() == pytest.approx(left, abs=PATIENCE)
        await worker.writer.close()


class TestADeadWorker:
    async def test_leaves_its_partial_answer_and_frees_the_thread(self, stage: Stage, thread: Thread) -> None:
        with worker_elsewhere(stage.folder) as process:
            run = await stage.ask(thread, "/stream 2000 50")
            partial = await answer(run, containing="3")
            process.kill()
            process.wait()
        async with stage.working(ScriptedProvider()):
            run = await status(run, "failed")
            message = await Message.objects.aget(run_id=run.id)
            assert message.text.startswith(partial.text)
            assert (message.status, message.incomplete_reason) == ("incomplete", "run_failed")
            assert "stopped while it was answering" in run.last_error["message"]
            await status(await stage.ask(thread, "Are you back?"), "completed")

    async def test_is_noticed_by_its_silence_when_it_ran_on_another_machine(self, stage: Stage, thread: Thread) -> None:
        run = await in_thread(half_done)(thread, heartbeat_at=timezone.now() - LONG_AGO)
        async with stage.working(ScriptedProvider()):
            run = await status(run, "failed")

        assert (await Message.objects.aget(run_id=run.id)).text == "Half an"
        assert (await RunStep.objects.aget(run=run)).status == "failed"

    async def test_is_told_of_to_those_who_heard_more_than_it_could_write(self, stage: Stage, thread: Thread) -> None:
        run = await in_thread(half_done)(thread, seq=5)
        lost = [
            Event(run.id, seq, MESSAGE_DELTA, message_delta("msg_1", index=0, text=" x", first=False))
            for seq in range(6, 40)
        ]
        async with aclosing(follow(thread.id)) as items, asyncio.timeout(PATIENCE):
            await anext(items)
            bus.publish(thread.id, lost)
            assert await anext(items) == lost
            await Run.objects.filter(pk=run.pk).aupdate(heartbeat_at=timezone.now() - LONG_AGO)
            async with stage.working(ScriptedProvider()):
                while not isinstance(item := await anext(items), ThreadSnapshot) or item.live:
                    pass
        assert item.run is not None
        assert item.run["status"] == "failed"

    async def test_posts_what_was_queued_behind_its_run(self, stage: Stage, thread: Thread) -> None:
        await in_thread(half_done)(thread, heartbeat_at=timezone.now() - LONG_AGO)
        await in_thread(sending.send)(thread.owner, thread.id, text="and now?", client_key="later")
        async with stage.working(ScriptedProvider()):
            await until(lambda: Message.objects.filter(thread=thread, content__icontains="You said: and now?").exists())


class TestAWorkerThatLostItsHold:
    async def test_ends_the_run_rather_than_leave_it_live_for_ever(self, stage: Stage, thread: Thread) -> None:
        async with stage.working(ScriptedProvider()) as worker:
            await until(lambda: worker.is_swept)
            run = await in_thread(half_done)(thread, worker=worker.name)
            worker.wake()
            await status(run, "failed")

    async def test_writes_nothing_more(self, stage: Stage, thread: Thread, caplog: pytest.LogCaptureFixture) -> None:
        cut_off = stage.worker(ScriptedProvider())
        gate = asyncio.Event()
        real_commit = cut_off.writer.commit

        async def commit(write: Callable[[], Any]) -> Any:
            if cut_off.jobs:
                await gate.wait()  # the network is cut: nothing reaches the database
            return await real_commit(write)

        run = await stage.ask(thread, "Hello?")
        await in_thread(cut_off.liveness.open)()
        cut_off.loop, cut_off.writer.commit = asyncio.get_running_loop(), commit  # type: ignore[method-assign]
        (row,) = await cut_off.review()
        await cut_off.claim(row)
        (job,) = cut_off.jobs.values()
        await Run.objects.filter(pk=run.pk).aupdate(heartbeat_at=timezone.now() - LONG_AGO)
        async with stage.working(ScriptedProvider()):
            await status(run, "failed")
        ended = await in_thread(rows_of)(run)

        gate.set()
        await job.task

        assert await in_thread(rows_of)(run) == ended
        assert "was ended or taken over elsewhere" in caplog.text
        await cut_off.hand_back()
        await in_thread(cut_off.liveness.close)()

    async def test_leaves_the_events_of_an_ended_run_as_they_are(self, stage: Stage, thread: Thread) -> None:
        run = await in_thread(half_done)(thread, worker="cut off")
        message = await Message.objects.aget(run_id=run.id)
        late = PartialMessage(message, run, [text_part("late")], seq=99, worker="cut off")
        async with stage.working(ScriptedProvider()):
            await Run.objects.filter(pk=run.pk).aupdate(heartbeat_at=timezone.now() - LONG_AGO)
            await status(run, "failed")
        ended = await in_thread(rows_of)(run)

        await in_thread(write_partials)([late])

        assert await in_thread(rows_of)(run) == ended


class TestAGracefulStop:
    @pytest.fixture(autouse=True)
    def _impatient(self, settings) -> None:
        settings.EVERTHREAD_GRACE_SECONDS = 0

    async def test_hands_back_a_run_that_has_not_spoken(self, stage: Stage, thread: Thread) -> None:
        provider = ScriptedProvider([Reply(FOREVER, "too late")])
        async with stage.working(provider):
            run = await stage.ask(thread)
            await until(lambda: provider.requests)
        run = await status(run, "queued")
        assert (run.worker, run.started_at) == ("", None)

        async with stage.working(ScriptedProvider([Reply("Here I am.")])):
            await status(run, "completed")

    async def test_fails_a_run_in_mid_answer_and_keeps_the_partial_text(self, stage: Stage, thread: Thread) -> None:
        async with stage.working(ScriptedProvider([Reply("Half an", FOREVER)])):
            run = await stage.ask(thread)
            await answer(run, containing="Half")
        run = await status(run, "failed")

        assert (await Message.objects.aget(run_id=run.id)).text == "Half an"

    async def test_fails_a_run_whose_first_word_is_being_recorded(
        self, stage: Stage, thread: Thread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        recording, open_message = threading.Event(), run_lifecycle.open_message

        def open_slowly(run: Run) -> Any:
            recording.set()
            time.sleep(0.3)
            return open_message(run)

        monkeypatch.setattr(run_lifecycle, "open_message", open_slowly)
        async with stage.working(ScriptedProvider([Reply("Half an", FOREVER)])):
            run = await stage.ask(thread)
            await until(recording.is_set)
        run = await status(run, "failed")

        assert (await Message.objects.aget(run_id=run.id)).status == "incomplete"

    async def test_lets_runs_finish_that_are_nearly_done(self, stage: Stage, thread: Thread, settings) -> None:
        settings.EVERTHREAD_GRACE_SECONDS = 20
        gate = asyncio.Event()
        worker = stage.worker(ScriptedProvider([Reply("Nearly", gate, " done.")]))
        task = asyncio.create_task(worker.run())
        run = await stage.ask(thread)
        await answer(run, containing="Nearly")
        stopping = asyncio.create_task(worker.stop())
        await until(lambda: worker.stopping)
        gate.set()
        await stopping
        await task
        assert (await Message.objects.aget(run_id=run.id)).text == "Nearly done."
        assert (await Run.objects.aget(pk=run.pk)).status == "completed"

    async def test_hears_of_a_cancel_meanwhile_and_posts_what_waits(
        self, stage: Stage, thread: Thread, settings
    ) -> None:
        settings.EVERTHREAD_GRACE_SECONDS = 600
        worker = stage.worker(ScriptedProvider([Reply("For ever", FOREVER)]))
        task = asyncio.create_task(worker.run())
        run = await stage.ask(thread)
        await answer(run, containing="For")
        await in_thread(sending.send)(thread.owner, thread.id, text="And then?", client_key="later")
        stopping = asyncio.create_task(worker.stop())
        await until(lambda: worker.stopping)
        await in_thread(runs.cancel)(run)
        await stopping
        await task
        assert (await Run.objects.aget(pk=run.pk)).status == "cancelled"
        newest = await Run.objects.filter(thread=thread).order_by("number").alast()
        assert newest is not None
        assert (newest.pk != run.pk, newest.status) == (True, "queued")
