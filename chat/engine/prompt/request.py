"""The request to a model for a turn of a run: the thread cut to fit, and the run's settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from chat.engine.prompt import transcript
from chat.engine.prompt.transcript import NOTHING_DONE, DescribeCall, RunHistory, TurnGroup
from chat.engine.turn.tool_calls import NO_TOOLS, RunTools
from chat.engine.turn.usage import LimitReached, TokensLeft, estimate_functions
from chat.errors import ContextOverflow
from chat.models import File, Model, Run
from chat.models.providers import ToolUse, resolve
from chat.providers.base import Function, Request, Turn
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH, FUNCTION
from chat.tools import code_interpreter, file_search, functions
from chat.tools.citations import Sources

PLAIN_TEXT = {"type": "text"}  # the same as "auto"
IN_WORDS = ("auto", PLAIN_TEXT)
MOST_PASSAGE_TOKENS = 16_000  # tokens of passages that a model is told (reference, section 8)
PASSAGE_SHARE = 2  # at most half of what may be sent
CHARACTERS = 2  # of a cell's output for each token that may be sent: about half of them, too


@dataclass(frozen=True, slots=True)
class TurnContext:
    """The rows that the requests of a turn are made of.

    ``history`` is what the run has done before; the model is told of ``declared``, the functions that it may call now.
    Its answer may cite ``sources`` and link to ``links``, ids of files in ``/mnt/data`` by name that the person can
    fetch. ``tokens_left`` None: the run has no limit. ``must_search_first``: before the model is asked.
    """

    model: Model
    groups: list[TurnGroup]
    tools: RunTools = NO_TOOLS
    history: RunHistory = NOTHING_DONE
    tokens_left: TokensLeft | None = None
    must_search_first: bool = False
    declared: Sequence[Function] = ()
    sources: Sources = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def read_context(run: Run) -> TurnContext:
    """Read the rows of the next turn of a run that was claimed. Raise ``ModelNotFound``."""
    model = resolve(run.model)
    tools = _run_tools(run, model) if run.tools else NO_TOOLS
    code_files = code_interpreter.given_files(run) if tools.code else {}
    groups = transcript.thread_turns(run, model=model, searches=tools.search is not None, code_files=code_files)
    return next_context(run, TurnContext(model, groups, tools))


def next_context(run: Run, context: TurnContext) -> TurnContext:
    """Return ``context`` with what the run has done since: all else of it stays until the run pauses or ends."""
    history, tools = transcript.run_history(run), context.tools
    files = code_interpreter.mounted_files(run) if tools.code else {}
    limits = TokensLeft(run.max_prompt_tokens, run.max_completion_tokens)
    in_words = run.response_format in IN_WORDS
    return replace(
        context,
        history=history,
        tokens_left=limits.after(history.spent) if limits != TokensLeft() else None,
        must_search_first=tools.search_first and not history.items,
        declared=_declared_functions(tools, history=history, files=files) if run.tools else (),
        sources=file_search.sources(history.searches) if history.searches and in_words else {},
        links={name: file.id for name, file in files.items() if file.owner_id == run.thread.owner_id and in_words},
    )


def _run_tools(run: Run, model: Model) -> RunTools:
    types, native = {tool["type"] for tool in run.tools}, model.tool_use == ToolUse.NATIVE
    calls = model.tool_use != ToolUse.NONE
    search = file_search.options(run) if FILE_SEARCH in types else None
    choice = run.tool_choice if isinstance(run.tool_choice, str) else run.tool_choice["type"]
    return RunTools(
        search=search,
        code=CODE_INTERPRETER in types and calls,
        functions=functions.declared_functions(run.tools) if FUNCTION in types and calls else (),
        native=native,
        search_first=search is not None and choice in ("auto", "required", FILE_SEARCH) and not native,
    )


def _declared_functions(tools: RunTools, *, history: RunHistory, files: Mapping[str, File]) -> Sequence[Function]:
    hosted: list[Function] = []
    if tools.search is not None and tools.native:
        hosted.append(file_search.DECLARED)
    if tools.code:
        hosted.append(code_interpreter.declare(files))
    return [*(tool for tool in hosted if tool.name not in history.used_up), *tools.functions]


def build_request(run: Run, context: TurnContext, shrink: int = 0) -> Request:
    """Return the request whose transcript is 2**shrink times shorter than it may be.

    Raise ``LimitReached`` when the run has too few tokens for it, ``ContextOverflow`` when the model has.
    """
    model = context.model
    completion_left = context.tokens_left.completion if context.tokens_left else None
    # The longest answer of a model without a row is only known to us: nobody asked to have it sent.
    is_wanted = completion_left or model.pk
    limits = [limit for limit in (completion_left, model.max_output) if limit and is_wanted]
    return Request(
        model=model.served_as,
        turns=_build_turns(run, context, shrink),
        functions=context.declared,
        tool_choice=_tool_choice(run, context) if context.declared else "auto",
        parallel_tool_calls=run.parallel_tool_calls,
        temperature=run.temperature,
        top_p=run.top_p,
        max_tokens=min(limits) if limits else None,
        reasoning_effort=run.reasoning_effort or None,
        response_format="auto" if run.response_format == PLAIN_TEXT else run.response_format,
    )


def _tool_choice(run: Run, context: TurnContext) -> str | Mapping[str, str]:
    choice = run.tool_choice
    if choice == "none":
        return "none"
    if context.history.items:
        return "auto"  # forced once: after the outputs the model answers as it likes (reference, section 6.1)
    if isinstance(choice, str):
        return choice
    name = choice["function"]["name"] if choice["type"] == FUNCTION else choice["type"]
    return {"name": name} if name in [function.name for function in context.declared] else "auto"


def _build_turns(run: Run, context: TurnContext, shrink: int) -> list[Turn]:
    window = most = transcript.prompt_budget(context.model)
    if context.tokens_left and context.tokens_left.prompt is not None:
        most = min(window, context.tokens_left.prompt)
    # A guided model is not sent the functions along with the thread.
    beside = estimate_functions(context.declared) if context.declared and context.tools.native else 0
    passages, present = _describe_history(context, most=most, shrink=shrink) if context.history.items else ([], [])
    try:
        return transcript.fit_to_budget(
            context.groups,
            instructions="\n\n".join(filter(None, [*passages, run.instructions])),
            present=present,
            budget=(most >> shrink) - beside,
        )
    except ContextOverflow:
        if most < window and not shrink:
            raise LimitReached("max_prompt_tokens") from None
        raise


def _describe_history(context: TurnContext, *, most: int, shrink: int) -> tuple[list[str], TurnGroup]:
    """Return the passages that a model is told beforehand, as it does not search itself, and the turns of the run."""
    history, native = context.history, context.tools.native
    share = min(MOST_PASSAGE_TOKENS, most // PASSAGE_SHARE) // max(1, len(history.searches)) >> shrink
    characters = min(code_interpreter.MOST_TOLD, most * CHARACTERS // max(1, len(history.cells))) >> shrink
    describe_search = partial(file_search.describe_search, budget=share, cites=native)
    describers: dict[str, DescribeCall] = {CODE_INTERPRETER: partial(code_interpreter.describe_call, most=characters)}
    if native:
        describers[FILE_SEARCH] = describe_search
    passages = [] if native else [describe_search(search) for search in history.searches]
    return passages, transcript.run_turns(history.items, describers=describers)
