"""Starting runs, stopping them, handing in outputs."""

from __future__ import annotations

import pytest

from chat.actions.conversation import completions, runs
from chat.actions.conversation.runs import NewRun, merge
from chat.errors import Absent, InvalidRequest, InvalidThread, NotFound, WrongRunStatus
from chat.models import Assistant, Message, Run, RunStep, StepType, Thread, User
from tests.models.racing import race, raised

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(thread: Thread, assistant: Assistant) -> Run:
    return runs.start(thread, NewRun(assistant))


def pause(run: Run, *ids: str) -> Run:
    """As the recorder leaves a run that waits for the outputs of calls ``ids``."""
    calls = [{"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}} for id in ids]
    details = {
        "type": "tool_calls",
        "tool_calls": [{**call, "function": {**call["function"], "output": None}} for call in calls],
    }
    RunStep.objects.create(run=run, type=StepType.TOOL_CALLS, details=details)
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}
    Run.objects.filter(pk=run.pk).update(status="requires_action", required_action=action)
    run.refresh_from_db()
    return run


class TestStarting:
    def test_freezes_the_assistant_as_it_is(self, thread: Thread, assistant: Assistant) -> None:
        """Section 6.1."""
        run = runs.start(thread, NewRun(assistant))
        assistant.instructions = "Be long."
        assistant.save()
        run.refresh_from_db()
        assert run.instructions == "Be brief."

    def test_takes_other_settings_for_this_run(self, thread: Thread, assistant: Assistant) -> None:
        run = runs.start(thread, NewRun(assistant, {"model": "gpt-4o", "temperature": 0.2, "instructions": "Sing."}))
        assert (run.model, run.temperature, run.instructions) == ("gpt-4o", 0.2, "Sing.")

    def test_gives_a_thread_without_an_assistant_the_one_that_ran(
        self, ada: User, thread: Thread, assistant: Assistant
    ) -> None:
        """So that its owner can go on with it on the chat page."""
        bare = Thread.objects.create(owner=ada)
        other = Assistant.objects.create(owner=ada, instructions="Sing.")
        for one in (bare, thread):
            runs.start(one, NewRun(other))
            one.refresh_from_db()
        assert (bare.assistant, thread.assistant) == (other, assistant)

    def test_needs_something_to_run_on(self, thread: Thread, assistant: Assistant) -> None:
        assistant.instructions = ""
        with pytest.raises(InvalidThread) as refusal:
            runs.start(thread, NewRun(assistant))
        assert refusal.value.code == "invalid_thread"
        Message.objects.create(thread=thread, role="user")
        assert runs.start(thread, NewRun(assistant)).status == "queued"


class TestFinding:
    def test_another_threads_run_answers_like_none(self, run: Run, ada: User) -> None:
        other = Thread.objects.create(owner=ada)
        with pytest.raises(NotFound) as wrong_thread:
            runs.get(ada, other.id, run.id)
        assert wrong_thread.value.message == f"No run found with id '{run.id}'."

    def test_someone_elses_run_answers_like_none(self, run: Run, bob: User) -> None:
        with pytest.raises(NotFound) as foreign:
            runs.get(bob, run.thread_id, run.id)
        with pytest.raises(NotFound) as absent:
            runs.get(bob, "thread_absent", run.id)
        assert foreign.value.message.replace(run.thread_id, "X") == absent.value.message.replace("thread_absent", "X")


class TestCancelling:
    def test_leaves_the_run_cancelling(self, run: Run) -> None:
        assert runs.cancel(run).status == "cancelling"
        assert run.cancelled_at is None

    @pytest.mark.parametrize("status", ["completed", "cancelling", "expired"])
    def test_is_refused_in_the_words_of_the_reference(self, run: Run, status: str) -> None:
        """Section 12."""
        Run.objects.filter(pk=run.pk).update(status=status)
        with pytest.raises(WrongRunStatus) as refusal:
            runs.cancel(run)
        assert refusal.value.message == f"Cannot cancel run with status '{status}'."


class TestARunThatIsDeletedMeanwhile:
    """Its row was read before."""

    def test_is_absent_when_it_is_cancelled(self, run: Run) -> None:
        Run.objects.filter(pk=run.pk).delete()
        with pytest.raises(Absent):
            runs.cancel(run)

    def test_is_absent_when_outputs_come(self, run: Run) -> None:
        pause(run, "call_a")
        Run.objects.filter(pk=run.pk).delete()
        with pytest.raises(Absent):
            runs.submit_tool_outputs(run, outputs=[{"output": "42"}])

    def test_needs_no_stop_when_its_program_leaves(self, run: Run, ada: User) -> None:
        Run.objects.filter(pk=run.pk).delete()
        completions.leave(ada, run, has_ended=False)


class TestHandingInOutputs:
    def test_queues_the_run_again(self, run: Run) -> None:
        run = runs.submit_tool_outputs(pause(run, "call_a"), outputs=[{"tool_call_id": "call_a", "output": "42"}])

        assert (run.status, run.required_action) == ("queued", None)
        step = RunStep.objects.get(run=run)
        assert step.status == "completed"
        assert step.details["tool_calls"][0]["function"]["output"] == "42"

    def test_is_refused_for_half_a_megabyte_and_the_run_waits_on(self, run: Run) -> None:
        pause(run, "call_a", "call_b")
        outputs = [{"tool_call_id": id, "output": "ä" * 131_072} for id in ("call_a", "call_b")]  # 512 kB in all
        with pytest.raises(InvalidRequest, match="must be less than 512kb") as refused:
            runs.submit_tool_outputs(run, outputs=outputs)
        assert (refused.value.param, refused.value.code) == ("tool_outputs", "invalid_value")
        run.refresh_from_db()
        assert run.status == "requires_action"

    def test_takes_a_missing_output_for_an_empty_one(self, run: Run) -> None:
        runs.submit_tool_outputs(pause(run, "call_a"), outputs=[{"tool_call_id": "call_a"}])
        assert RunStep.objects.get(run=run).details["tool_calls"][0]["function"]["output"] == ""

    @pytest.mark.parametrize(
        "given", [["call_a"], [], ["call_a", "call_c"], ["call_a", "call_a"], ["call_a", "call_b", "call_b"]]
    )
    def test_wants_the_outputs_of_exactly_the_pending_calls(self, run: Run, given: list[str]) -> None:
        """Section 6.4."""
        pause(run, "call_a", "call_b")
        with pytest.raises(InvalidRequest) as refusal:
            runs.submit_tool_outputs(run, outputs=[{"tool_call_id": id, "output": ""} for id in given])
        assert refusal.value.message == f"Expected tool outputs for call_ids ['call_a', 'call_b'], got {given}"

    def test_is_refused_when_none_are_awaited(self, run: Run) -> None:
        with pytest.raises(WrongRunStatus) as refusal:
            runs.submit_tool_outputs(run, outputs=[])
        assert refusal.value.message == 'Runs in status "queued" do not accept tool outputs.'


@pytest.mark.django_db(transaction=True)
class TestRacingOutputs:
    def test_are_taken_once(self, run: Run) -> None:
        pause(run, "call_a")

        def submit() -> Run:
            outputs = [{"tool_call_id": "call_a", "output": "42"}]
            return runs.submit_tool_outputs(Run.objects.get(pk=run.pk), outputs=outputs)

        results = race(*[submit] * 4)
        assert len(raised(results)) == 3
        assert all(isinstance(error, WrongRunStatus) for error in raised(results))

    def test_or_a_stop_win_but_not_both(self, run: Run) -> None:
        pause(run, "call_a")
        results = race(
            lambda: runs.submit_tool_outputs(
                Run.objects.get(pk=run.pk), outputs=[{"tool_call_id": "call_a", "output": "42"}]
            ),
            lambda: runs.cancel(Run.objects.get(pk=run.pk)),
        )
        run.refresh_from_db()
        # A stop may also come after the outputs were taken; it must never be lost.
        assert run.status == "cancelling"
        assert all(isinstance(error, WrongRunStatus) for error in raised(results))


class TestTheResourcesOfARun:
    def test_are_the_assistants_and_the_threads(self) -> None:
        assistant = {"code_interpreter": {"file_ids": ["file-a"]}, "file_search": {"vector_store_ids": ["vs_a"]}}
        thread = {
            "code_interpreter": {"file_ids": ["file-t", "file-a"]},
            "file_search": {"vector_store_ids": ["vs_t"]},
        }
        assert merge(assistant, thread) == {
            "code_interpreter": {"file_ids": ["file-a", "file-t"]},
            "file_search": {"vector_store_ids": ["vs_a", "vs_t"]},
        }

    def test_have_only_the_tools_that_either_has(self) -> None:
        search = {"file_search": {"vector_store_ids": ["vs_t"]}}
        assert merge({}, {}) == {}
        assert merge(search, {}) == search
        assert merge({}, search) == search
