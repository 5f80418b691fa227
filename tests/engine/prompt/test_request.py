"""What the model is asked for a run, besides the words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chat.engine.prompt.request import build_request, read_context
from chat.engine.prompt.transcript import RunHistory
from chat.engine.turn.usage import LimitReached, TokensLeft
from chat.errors import ContextOverflow
from chat.models import Model, Run, Thread
from chat.providers.base import Request, Turn

pytestmark = pytest.mark.django_db
LONG = "word " * 400  # some 590 tokens
WEATHER = {"type": "function", "function": {"name": "weather"}}


@pytest.fixture
def model(scripted) -> Model:
    return Model.objects.create(provider=scripted, name="small", context_window=1000)


def run_on(thread: Thread, **fields: Any) -> Run:
    return Run.objects.create(thread=thread, assistant=thread.assistant, model="small", **fields)


def asked(
    run: Run, model: Model, *texts: str, left: TokensLeft | None = None, shrink: int = 0, done: Any = ()
) -> Request:
    groups = [[Turn(role="user", content=text)] for text in texts or ["Hello?"]]
    model.save()
    context = replace(read_context(run), groups=groups, history=RunHistory(done), tokens_left=left)
    return build_request(run, context, shrink)


def texts(request: Request) -> list[str]:
    return [turn.text for turn in request.turns]


class TestTheRequest:
    def test_asks_by_the_name_that_the_provider_knows(self, thread: Thread, model: Model) -> None:
        model.upstream_name = "vendor/small-2026"
        assert asked(run_on(thread), model).model == "vendor/small-2026"

    @pytest.mark.parametrize("chosen", [None, 1, 0.3])
    def test_tells_a_temperature_that_somebody_chose(self, thread: Thread, model: Model, chosen: float | None) -> None:
        request = asked(run_on(thread, temperature=chosen, top_p=chosen), model)
        assert (request.temperature, request.top_p) == (chosen, chosen)

    def test_knows_the_context_of_models_without_a_row(self, thread: Thread, scripted) -> None:
        scripted.make_default()
        run = Run.objects.create(thread=thread, assistant=thread.assistant, model="gpt-4o")
        context = read_context(run)
        assert (context.model.context_window, build_request(run, context).max_tokens) == (128_000, None)

        run.max_completion_tokens = 100_000
        assert build_request(run, read_context(run)).max_tokens == 16_384

    def test_offers_no_functions_to_a_model_without_tools(self, thread: Thread, model: Model) -> None:
        model.tool_use = "none"
        assert asked(run_on(thread, tools=[WEATHER]), model).functions == []

    def test_offers_the_code_interpreter_to_runs_that_have_it(self, thread: Thread, model: Model) -> None:
        assert asked(run_on(thread, status="completed"), model).functions == ()
        [offered] = asked(run_on(thread, tools=[{"type": "code_interpreter"}]), model).functions
        assert offered.name == "code_interpreter"

    def test_passes_a_format_of_the_answer_on(self, thread: Thread, model: Model) -> None:
        schema = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
        for given in ("auto", {"type": "json_object"}, schema):
            assert asked(run_on(thread, response_format=given), model).response_format == given
            Run.objects.all().delete()

    def test_says_nothing_of_a_format_that_is_plain_text(self, thread: Thread, model: Model) -> None:
        """Some servers refuse even a default that they do not know."""
        assert asked(run_on(thread, response_format={"type": "text"}), model).response_format == "auto"


class TestTheChoiceOfATool:
    """Section 6.1: for the first turn only, or the run would call for ever."""

    @pytest.mark.parametrize(
        ("given", "first", "later"),
        [
            ("auto", "auto", "auto"),
            ("none", "none", "none"),
            ("required", "required", "auto"),
            (WEATHER, {"name": "weather"}, "auto"),
            ({"type": "file_search"}, "auto", "auto"),
            ({"type": "code_interpreter"}, "auto", "auto"),
        ],
    )
    def test_is_relaxed_after_the_first_turn(self, given, first, later, thread: Thread, model: Model) -> None:
        run = run_on(thread, tools=[WEATHER], tool_choice=given)
        function = {"name": "weather", "arguments": "{}", "output": "rain"}
        outputs = [{"id": "call_a", "type": "function", "function": function}]
        assert asked(run, model).tool_choice == first
        assert asked(run, model, done=[outputs]).tool_choice == later


class TestTheLimits:
    def test_of_the_answer_are_what_the_run_has_left_and_what_the_model_can(self, thread: Thread, model: Model) -> None:
        model.max_output = 200
        run = run_on(thread)
        assert asked(run, model, left=TokensLeft(completion=300)).max_tokens == 200
        assert asked(run, model, left=TokensLeft(completion=150)).max_tokens == 150
        model.max_output = None
        assert asked(run, model).max_tokens is None

    def test_of_the_prompt_drop_the_oldest_messages(self, thread: Thread, model: Model) -> None:
        run = run_on(thread)
        assert texts(asked(run, model, LONG, "b", "c")) == [LONG, "b", "c"]
        assert texts(asked(run, model, LONG, "b", "c", left=TokensLeft(prompt=256))) == ["b", "c"]

    def test_count_the_declarations_of_functions(self, thread: Thread, model: Model) -> None:
        described = {"type": "function", "function": {"name": "weather", "description": "word " * 100}}
        run = run_on(thread, tools=[described])
        assert texts(asked(run, model, "word " * 100, "b", left=TokensLeft(prompt=256))) == ["b"]

    def test_do_not_count_functions_that_a_guided_model_is_not_sent(self, thread: Thread, model: Model) -> None:
        model.tool_use = "guided"
        described = {"type": "function", "function": {"name": "weather", "description": LONG}}
        run = run_on(thread, tools=[described])
        assert texts(asked(run, model, LONG, "b")) == [LONG, "b"]

    def test_that_the_newest_message_alone_is_over_end_the_run(self, thread: Thread, model: Model) -> None:
        with pytest.raises(LimitReached) as spent:
            asked(run_on(thread), model, LONG, left=TokensLeft(prompt=256))
        assert spent.value.reason == "max_prompt_tokens"

    def test_of_the_model_are_an_error_of_their_own(self, thread: Thread, model: Model) -> None:
        with pytest.raises(ContextOverflow, match="750 fit"):
            asked(run_on(thread), model, LONG, LONG + LONG, left=TokensLeft(prompt=5000))

    def test_halve_with_each_refusal_of_the_provider(self, thread: Thread, model: Model) -> None:
        left = TokensLeft(prompt=700)
        assert texts(asked(run_on(thread), model, LONG, "b", left=left)) == [LONG, "b"]
        assert texts(asked(run_on(thread, status="completed"), model, LONG, "b", left=left, shrink=1)) == ["b"]
        with pytest.raises(ContextOverflow):
            asked(run_on(thread, status="failed"), model, LONG, left=left, shrink=1)


class TestWhatIsLeft:
    def test_is_no_limit_unless_the_run_has_one(self, thread: Thread, model: Model) -> None:
        assert read_context(run_on(thread)).tokens_left is None

    def test_is_less_what_the_steps_before_have_used(self, thread: Thread, model: Model) -> None:
        run = run_on(thread, max_prompt_tokens=1000, max_completion_tokens=500)
        details = {"prompt_token_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}}
        tool_calls = {"type": "tool_calls", "tool_calls": []}
        for _turn in range(2):
            usage = {"prompt_tokens": 300, "completion_tokens": 100, "total_tokens": 400} | details
            run.steps.create(type="tool_calls", details=tool_calls, usage=usage)
        run.steps.create(type="tool_calls", details=tool_calls)
        assert read_context(run).tokens_left == TokensLeft(prompt=400, completion=300)

    def test_is_checked_before_a_turn(self) -> None:
        TokensLeft(prompt=1, completion=1).check()
        for left, reason in [
            (TokensLeft(prompt=0), "max_prompt_tokens"),
            (TokensLeft(completion=-3), "max_completion_tokens"),
        ]:
            with pytest.raises(LimitReached, match=reason):
                left.check()
