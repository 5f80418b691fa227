"""The request to a model for a turn of a run: the thread cut to fit, and the run's settings."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from chat.engine.prompt import transcript
from chat.engine.turn import run_limits, token_estimate
from chat.engine.turn.run_limits import LimitReached, TokensLeft
from chat.engine.turn.tool_calls import HostedTools
from chat.errors import ContextOverflow
from chat.models import File, Model, Run
from chat.models.api_objects.objects import Object
from chat.models.providers import ToolUse, resolve
from chat.providers.base import Function, Request, Turn, Usage
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH
from chat.tools import code_interpreter, file_search, functions
from chat.tools.citations import Sources

# What the API fills in where nobody chose. It is not sent on: some models refuse to be told, others know better.
API_DEFAULT = 1.0
PLAIN_TEXT = {"type": "text"}  # the same as "auto"
IN_WORDS = ("auto", PLAIN_TEXT)
MOST_PASSAGE_TOKENS = 16_000  # tokens of passages that a model is told (reference, section 8)
PASSAGE_SHARE = 2  # at most half of what may be sent
CHARACTERS = 2  # of a cell's output for each token that may be sent: about half of them, too


@dataclass(frozen=True, slots=True)
class TurnContext:
    """The rows that the requests of a turn are made of.

    ``done`` are the run's own texts and calls so far, ``shown_pictures`` those in its messages, ``hosted`` the
    tools that we answer for it. ``files`` are the files in ``/mnt/data`` by name, ``links`` the ids of those that the
    person can fetch.
    """

    model: Model
    groups: list[transcript.TurnGroup]
    done: list[transcript.RunItem]
    tokens_left: TokensLeft
    spent: Usage = field(default_factory=Usage)
    hosted: HostedTools = field(default_factory=HostedTools)
    shown_pictures: Container[str] = ()
    files: Mapping[str, File] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def calls(self) -> list[Object]:
        """The run's calls so far."""
        return [call for calls in self.done if not isinstance(calls, str) for call in calls]

    @property
    def searches(self) -> list[Object]:
        """The run's searches so far."""
        return [call[FILE_SEARCH] for call in self.calls if call["type"] == FILE_SEARCH]

    @property
    def cells(self) -> list[Object]:
        """The code that the run has run so far."""
        return [call[CODE_INTERPRETER] for call in self.calls if call["type"] == CODE_INTERPRETER]

    @property
    def used_up(self) -> list[str]:
        """The tools that the model may not call once more: it has to answer."""
        spent = {FILE_SEARCH: len(self.searches) >= run_limits.MOST_SEARCHES}
        spent[CODE_INTERPRETER] = len(self.cells) >= run_limits.MOST_CELLS
        return [name for name, is_spent in spent.items() if is_spent]

    @property
    def pictures(self) -> list[str]:
        """The pictures that the run's code has shown and no message of it."""
        return [picture for picture in code_interpreter.images(self.calls) if picture not in self.shown_pictures]

    @property
    def sources(self) -> Sources:
        """The search results that an answer may cite."""
        return file_search.sources(self.searches)

    @property
    def is_native(self) -> bool:
        return self.model.tool_use == ToolUse.NATIVE


def read_context(run: Run) -> TurnContext:
    """Read the rows of the run's next turn. Raise ``ModelNotFound``."""
    model = resolve(run.model)
    hosted = HostedTools(
        search=file_search.options(run), code=code_interpreter.is_offered(run) and model.tool_use != ToolUse.NONE
    )
    code_files = code_interpreter.by_file_name(code_interpreter.given_files(run)) if hosted.code else {}
    files = code_interpreter.mounted_files(run) if hosted.code else {}
    return TurnContext(
        model=model,
        groups=transcript.thread_turns(run, model=model, searches=hosted.search is not None, code_files=code_files),
        done=transcript.run_history(run),
        shown_pictures=transcript.shown_pictures(run) if hosted.code else (),
        tokens_left=run_limits.tokens_left(run),
        spent=run_limits.tokens_used(run),
        hosted=hosted,
        files=files,
        links={name: file.id for name, file in files.items() if file.owner_id == run.thread.owner_id},
    )


def must_search_first(run: Run, context: TurnContext) -> bool:
    """Return whether to search before the model is asked, as it does not search itself."""
    if context.hosted.search is None:
        return False
    may_search = run.tool_choice in ("auto", "required") or functions.provider_tool_choice(run.tool_choice) == {
        "name": FILE_SEARCH
    }
    return may_search and not context.is_native and not context.done


def build_request(run: Run, *, context: TurnContext, shrink: int = 0) -> Request:
    """Return the request whose transcript is 2**shrink times shorter than it may be.

    Raise ``LimitReached`` when the run has too few tokens for it, ``ContextOverflow`` when the model has.
    """
    model, left_tokens = context.model, context.tokens_left
    declared = _declared_functions(run, context)
    limits = [limit for limit in (left_tokens.completion, model.max_output) if limit]
    return Request(
        model=model.served_as,
        turns=_build_turns(run, context=context, declared=declared, shrink=shrink),
        functions=declared,
        tool_choice=_tool_choice(run, context, declared),
        parallel_tool_calls=run.parallel_tool_calls,
        temperature=None if run.temperature == API_DEFAULT else run.temperature,
        top_p=None if run.top_p == API_DEFAULT else run.top_p,
        max_tokens=min(limits) if limits else None,
        reasoning_effort=run.reasoning_effort or None,
        response_format="auto" if run.response_format == PLAIN_TEXT else run.response_format,
    )


def _declared_functions(run: Run, context: TurnContext) -> list[Function]:
    if context.model.tool_use == ToolUse.NONE:
        return []
    offered: list[Function] = []
    if context.hosted.search is not None and context.is_native:
        offered.append(file_search.DECLARED)
    if context.hosted.code:
        offered.append(code_interpreter.declare(context.files))
    usable = [tool for tool in offered if tool.name not in context.used_up]
    return [*usable, *functions.declared_functions(run.tools)]


def _tool_choice(run: Run, context: TurnContext, declared: list[Function]) -> str | Mapping[str, str]:
    choice = functions.provider_tool_choice(run.tool_choice)
    if choice == "none":
        return choice
    # A forced call is forced once: after the outputs the model answers as it likes (reference, section 6.1).
    if context.done or (not isinstance(choice, str) and choice["name"] not in [each.name for each in declared]):
        return "auto"
    return choice


def _build_turns(run: Run, *, context: TurnContext, declared: list[Function], shrink: int) -> list[Turn]:
    window, prompt_left = transcript.prompt_budget(context.model), context.tokens_left.prompt
    most = window if prompt_left is None else min(window, prompt_left)
    # A guided model is not sent the functions along with the thread.
    beside = token_estimate.estimate_functions(declared) if context.is_native else 0
    searches = context.searches
    share = min(MOST_PASSAGE_TOKENS, most // PASSAGE_SHARE) // max(1, len(searches)) >> shrink

    def describe_search(search: Object) -> str:
        return file_search.describe_search(search, budget=share, cites=context.is_native)

    def describe_code(code_call: Object) -> str:
        most_characters = min(code_interpreter.MOST_TOLD, most * CHARACTERS // len(context.cells)) >> shrink
        return code_interpreter.describe_call(code_call, most=most_characters)

    known = [] if context.is_native else [describe_search(search) for search in searches]
    describers = {CODE_INTERPRETER: describe_code} | ({FILE_SEARCH: describe_search} if context.is_native else {})
    try:
        return transcript.fit_to_budget(
            context.groups,
            instructions="\n\n".join(filter(None, [*known, run.instructions])),
            present=transcript.run_turns(context.done, describers=describers),
            budget=(most >> shrink) - beside,
        )
    except ContextOverflow:
        if most < window and not shrink:
            raise LimitReached("max_prompt_tokens") from None
        raise
