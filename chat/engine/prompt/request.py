"""What the model is asked for a run: the thread cut to fit, and the run's settings."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from chat.engine.prompt import transcript
from chat.engine.turn import run_limits, token_estimate
from chat.engine.turn.run_limits import Left, Spent
from chat.engine.turn.tool_calls import Hosted
from chat.errors import ContextOverflow
from chat.models import File, Model, Run
from chat.models.objects import Object
from chat.models.providers import ToolUse, resolve
from chat.providers.base import Function, Request, Turn
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH
from chat.tools import code_interpreter, file_search, functions
from chat.tools.citations import Sources

# What the API fills in where nobody chose. It is not sent on: some models refuse to be told, others know better.
API_DEFAULT = 1.0
PLAIN_TEXT = {"type": "text"}  # the same as "auto"
IN_WORDS = ("auto", PLAIN_TEXT)
MOST_FOUND = 16_000  # tokens of passages that a model is told (reference, section 8)
FOUND_SHARE = 2  # at most half of what may be sent
CHARACTERS = 2  # of a cell's output for each token that may be sent: about half of them, too


@dataclass(frozen=True, slots=True)
class Material:
    """What the requests of a turn are made of. ``done`` is what the run itself has said and called before, ``shown``
    are the pictures in what it said, ``hosted`` is what we answer for it. ``files`` is what its code finds in
    ``/mnt/data``, by name; ``links`` are the ids of those that the person can fetch.
    """

    model: Model
    groups: list[transcript.Group]
    done: list[transcript.Done]
    left: Left
    hosted: Hosted = field(default_factory=Hosted)
    shown: Container[str] = ()
    files: Mapping[str, File] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def made(self) -> list[Object]:
        """The run's calls so far."""
        return [call for calls in self.done if not isinstance(calls, str) for call in calls]

    @property
    def found(self) -> list[Object]:
        """The run's searches so far."""
        return [call[FILE_SEARCH] for call in self.made if call["type"] == FILE_SEARCH]

    @property
    def cells(self) -> list[Object]:
        """The code that the run has run so far."""
        return [call[CODE_INTERPRETER] for call in self.made if call["type"] == CODE_INTERPRETER]

    @property
    def used_up(self) -> list[str]:
        """The tools that the model may not call once more: it has to answer."""
        spent = {FILE_SEARCH: len(self.found) >= run_limits.MOST_SEARCHES}
        spent[CODE_INTERPRETER] = len(self.cells) >= run_limits.MOST_CELLS
        return [name for name, is_spent in spent.items() if is_spent]

    @property
    def pictures(self) -> list[str]:
        """Those that the run's code has shown and no message of it."""
        return [picture for picture in code_interpreter.images(self.made) if picture not in self.shown]

    @property
    def sources(self) -> Sources:
        """What an answer may cite."""
        return file_search.sources(self.found)

    @property
    def is_native(self) -> bool:
        return self.model.tool_use == ToolUse.NATIVE


def gather(run: Run) -> Material:
    """Read the rows. Raises ``ModelNotFound``."""
    model = resolve(run.model)
    hosted = Hosted(
        search=file_search.options(run), code=code_interpreter.is_offered(run) and model.tool_use != ToolUse.NONE
    )
    given = code_interpreter.named(code_interpreter.given(run)) if hosted.code else {}
    files = code_interpreter.mounted(run) if hosted.code else {}
    return Material(
        model=model,
        groups=transcript.read(run, model=model, searches=hosted.search is not None, given=given),
        done=transcript.done(run),
        shown=transcript.shown(run) if hosted.code else (),
        left=run_limits.left(run),
        hosted=hosted,
        files=files,
        links={name: file.id for name, file in files.items() if file.owner_id == run.thread.owner_id},
    )


def searches_first(run: Run, material: Material) -> bool:
    """Whether the search is made for the model before it is asked, as it does not search itself."""
    if material.hosted.search is None:
        return False
    wanted = run.tool_choice in ("auto", "required") or functions.choice(run.tool_choice) == {"name": FILE_SEARCH}
    return wanted and not material.is_native and not material.done


def request_of(run: Run, *, material: Material, shrink: int = 0) -> Request:
    """The request whose transcript is 2**shrink times shorter than it may be.

    Raises ``Spent`` when the run's tokens do not suffice for it, ``ContextOverflow`` when it does not fit the model.
    """
    model, left = material.model, material.left
    declared = _declared(run, material)
    limits = [limit for limit in (left.completion, model.max_output) if limit]
    return Request(
        model=model.served_as,
        turns=_turns(run, material=material, declared=declared, shrink=shrink),
        functions=declared,
        tool_choice=_choice(run, material, declared),
        parallel_tool_calls=run.parallel_tool_calls,
        temperature=None if run.temperature == API_DEFAULT else run.temperature,
        top_p=None if run.top_p == API_DEFAULT else run.top_p,
        max_tokens=min(limits) if limits else None,
        reasoning_effort=run.reasoning_effort or None,
        response_format="auto" if run.response_format == PLAIN_TEXT else run.response_format,
    )


def _declared(run: Run, material: Material) -> list[Function]:
    if material.model.tool_use == ToolUse.NONE:
        return []
    offered: list[Function] = []
    if material.hosted.search is not None and material.is_native:
        offered.append(file_search.DECLARED)
    if material.hosted.code:
        offered.append(code_interpreter.declared(material.files))
    left = [tool for tool in offered if tool.name not in material.used_up]
    return [*left, *functions.declared(run.tools)]


def _choice(run: Run, material: Material, declared: list[Function]) -> str | Mapping[str, str]:
    choice = functions.choice(run.tool_choice)
    if choice == "none":
        return choice
    # A forced call is forced once: after the outputs the model answers as it likes (reference, section 6.1).
    if material.done or (not isinstance(choice, str) and choice["name"] not in [each.name for each in declared]):
        return "auto"
    return choice


def _turns(run: Run, *, material: Material, declared: list[Function], shrink: int) -> list[Turn]:
    window, left = transcript.prompt_budget(material.model), material.left.prompt
    most = window if left is None else min(window, left)
    # A guided model is not sent the functions along with the thread.
    beside = token_estimate.of_functions(declared) if material.is_native else 0
    found = material.found
    share = min(MOST_FOUND, most // FOUND_SHARE) // max(1, len(found)) >> shrink

    def tell(search: Object) -> str:
        return file_search.told(search, budget=share, cites=material.is_native)

    def tell_code(made: Object) -> str:
        most_told = min(code_interpreter.MOST_TOLD, most * CHARACTERS // len(material.cells)) >> shrink
        return code_interpreter.told(made, most=most_told)

    known = [] if material.is_native else [tell(search) for search in found]
    tellers = {CODE_INTERPRETER: tell_code} | ({FILE_SEARCH: tell} if material.is_native else {})
    try:
        return transcript.fit(
            material.groups,
            instructions="\n\n".join(filter(None, [*known, run.instructions])),
            present=transcript.present(material.done, tellers=tellers),
            budget=(most >> shrink) - beside,
        )
    except ContextOverflow:
        if most < window and not shrink:
            raise Spent("max_prompt_tokens") from None
        raise
