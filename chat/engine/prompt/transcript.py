"""A thread's rows as the turns that are sent to a model, cut to what fits its context window."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Any

from django.db.models import Q, QuerySet

from chat.engine.prompt.overflow import prompt_overflow
from chat.engine.turn.tool_calls import MOST_CALLS
from chat.engine.turn.usage import estimate_turns
from chat.models import File, Message, Model, Run, RunStep, StepType, ToolUse, VectorStoreFile
from chat.models.api_objects.objects import Object, usage_of
from chat.models.prepared_queries import Parameter, PreparedQuery
from chat.models.threads import texts_of
from chat.providers.base import Image, Role, ToolCall, Turn, Usage
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH, FUNCTION
from chat.tools import code_interpreter, file_search
from chat.tools.citations import without_markers
from chat.tools.links import FOLDER

# Answers that broke are not sent again: the model would take the fragment for what it wanted to say.
OMITTED_REASONS = ("run_failed", "run_expired")
ANSWER_SHARE = 4  # at least a quarter of the window, and at most MAX_ANSWER, is kept for the answer
MAX_ANSWER = 4096
INLINE_BYTES = 200_000  # of an attached text file
FIRST_READ = 16  # messages of a thread; each further read takes twice as many, until the model's window is full
AFTER_ALL = 2**62  # a number that no message has

TurnGroup = list[Turn]
RunItem = str | list[Object]  # words, or calls as their step lists them
DescribeCall = Callable[[Object], str]


@dataclass(frozen=True, slots=True)
class RunHistory:
    """The texts and calls of a run so far, step by step, and the tokens that it has ``spent``.

    ``searches`` and code ``cells`` are what its ``calls`` of these tools hold; ``used_up`` are the tools that the model
    may not call once more, ``pictures`` those that its code has drawn and no message of it shows.
    """

    items: Sequence[RunItem] = ()
    calls: Sequence[Object] = ()
    searches: Sequence[Object] = ()
    cells: Sequence[Object] = ()
    used_up: Sequence[str] = ()
    pictures: Sequence[str] = ()
    spent: Usage = field(default_factory=Usage)


NOTHING_DONE = RunHistory()


@PreparedQuery
def oldest_messages(thread: Parameter, until: Parameter, below: Parameter, run: Parameter) -> QuerySet[Message]:
    """Return the whole messages up to a time, and of that time those below a number, without those of ``run``."""
    messages = Message.objects.filter(thread=thread, created_at__lte=until).exclude(run=run)
    before = messages.filter(Q(created_at__lt=until) | Q(number__lt=below))
    whole = before.exclude(incomplete_reason__in=OMITTED_REASONS).exclude(status=Message.Status.IN_PROGRESS)
    return whole.order_by("created_at", "number")


@PreparedQuery
def newest_messages(thread: Parameter, until: Parameter, below: Parameter, run: Parameter) -> QuerySet[Message]:
    """Return the same from the end."""
    return oldest_messages.build(thread, until, below, run).reverse()


@PreparedQuery
def steps_of(run: Parameter) -> QuerySet[RunStep]:
    return RunStep.objects.filter(run=run)


def thread_turns(
    run: Run, *, model: Model, searches: bool = False, code_files: Mapping[str, File] = MappingProxyType({})
) -> list[TurnGroup]:
    """Return the turns before the run, in groups that stay or go together (one a message).

    Of a thread that is longer than the model's window they are the first and the newest, as many as can be sent.

    ``searches``: the run can search in files, so those that can be searched are not put in whole; nor are those in
    ``code_files``, which its code can read under these names.
    """
    groups_of = partial(_groups_of, run=run, model=model, searches=searches, code_files=code_files)
    until, below = run.created_at, AFTER_ALL
    if run.truncation_strategy.get("type") == "last_messages":
        most = run.truncation_strategy["last_messages"]
        return groups_of(newest_messages.rows(run.thread_id, until, below, run.id, limit=most)[::-1])
    groups: list[TurnGroup] = []
    budget, limit = prompt_budget(model), FIRST_READ
    while rows := newest_messages.rows(run.thread_id, until, below, run.id, limit=limit):
        groups = (read := groups_of(rows[::-1])) + groups
        if len(rows) < limit:
            break
        until, below = rows[-1].created_at, rows[-1].number
        budget -= sum(map(estimate_turns, read))
        if budget < 0:
            return groups_of(oldest_messages.rows(run.thread_id, until, below, run.id, limit=1)) + groups
        limit *= 2
    return groups


def _groups_of(
    rows: Sequence[Message], *, run: Run, model: Model, searches: bool, code_files: Mapping[str, File]
) -> list[TurnGroup]:
    ids = {attachment["file_id"] for row in rows for attachment in row.attachments if "file_id" in attachment}
    ids |= {part["image_file"]["file_id"] for row in rows for part in row.content if part["type"] == "image_file"}
    owned = File.objects.there().filter(id__in=ids, owner_id=run.thread.owner_id) if ids else ()
    attached = {file.id: file for file in owned}
    notes = _notes(run, attached, native=model.tool_use == ToolUse.NATIVE) if searches and attached else {}
    for name, file in code_files.items():
        notes[file.id] = "\n".join(filter(None, [notes.get(file.id), f"[Attached file {f'{FOLDER}/{name}'!r}]"]))
    return [[turn] for row in rows if (turn := _turn_of(row, files=attached, notes=notes, vision=model.vision))]


def fit_to_budget(groups: list[TurnGroup], *, instructions: str, present: TurnGroup, budget: int) -> list[Turn]:
    """Return the turns that fit ``budget`` tokens: instructions, then groups, of which the middle ones are dropped.

    ``present``, the turns of the run itself, and the last group always stay; then the first group has precedence, and
    of the others the newer ones (reference, section 6.1). Raise ``ContextOverflow`` when not even those that stay fit.
    """
    head = [Turn(role="system", content=instructions)] if instructions else []
    needed = sum(map(estimate_turns, [head, present, *groups[-1:]]))
    if needed > budget:
        raise prompt_overflow(head=head, message=groups[-1] if groups else [], present=present, budget=budget)
    first, middle, last = groups[:-1][:1], groups[1:-1], groups[-1:]
    if (with_first := needed + sum(map(estimate_turns, first))) <= budget:
        needed = with_first
    else:
        first = []
    newest: list[TurnGroup] = []
    for group in reversed(middle):
        needed += estimate_turns(group)
        if needed > budget:
            break
        newest.insert(0, group)
    return [*head, *chain.from_iterable([*first, *newest, *last]), *present]


def prompt_budget(model: Model) -> int:
    """Return the tokens that the turns may take: the context window less room for the answer."""
    answer = min(model.max_output or MAX_ANSWER, MAX_ANSWER, model.context_window // ANSWER_SHARE)
    return model.context_window - answer


def _notes(run: Run, files: Mapping[str, File], *, native: bool) -> dict[str, str]:
    """Return a note for each of ``files`` that is searched instead of being put in, by the file's id.

    A model that does not search itself need not know of files; their names have led the embedded one astray.
    """
    entries = VectorStoreFile.objects.filter(file_id__in=list(files), store__id__in=file_search.store_ids(run))
    ready = VectorStoreFile.Status.COMPLETED
    return {
        entry.file_id: _note(entry, files[entry.file_id]) if native or entry.notice or entry.status != ready else ""
        for entry in entries
    }


def _note(entry: VectorStoreFile, file: File) -> str:
    if entry.status == VectorStoreFile.Status.FAILED:
        return f"[Attached file {file.filename!r}, which could not be read: {(entry.last_error or {}).get('message')}]"
    if entry.status == VectorStoreFile.Status.COMPLETED:
        about = f" {entry.notice}" if entry.notice else ""
        return f"[Attached file {file.filename!r}, which is searched for what fits the question.{about}]"
    return f"[Attached file {file.filename!r}, which is not read yet]"


def _turn_of(row: Message, *, files: Mapping[str, File], notes: Mapping[str, str], vision: bool) -> Turn | None:
    """Return the turn of a message: its parts in order, then what is to be known of its attachments; None if empty."""
    role: Role = "assistant" if row.role == Message.Role.ASSISTANT else "user"
    content = [_content_part(part, role=role, files=files, vision=vision) for part in row.content]
    if not row.run_id:  # what an answer lists as attached is linked in its text
        attached_ids = dict.fromkeys(attachment.get("file_id") for attachment in row.attachments)
        attached = [files[id] for id in attached_ids if id in files]
        content += [notes[file.id] if file.id in notes else _inline_file(file) for file in attached]
    content = [part for part in content if part]
    if not content:
        return None
    texts = [part for part in content if isinstance(part, str)]
    # Without images as one text: not every server takes a list of texts.
    return Turn(role, "\n\n".join(texts) if len(texts) == len(content) else tuple(content))


def _content_part(part: Mapping[str, Any], *, role: Role, files: Mapping[str, File], vision: bool) -> str | Image:
    """Return the text or picture of a part; instead of a picture that cannot be sent, words that say why."""
    value = part[part["type"]]
    if part["type"] == "text":
        return without_markers(value["value"], value["annotations"]) if value["annotations"] else str(value["value"])
    if part["type"] == "refusal":
        return str(value)
    if role == "assistant":  # providers take pictures from the user only
        return "[Picture, shown to the user]"
    if not vision:
        return "[Attached image, which this model cannot see]"
    url = value["url"] if part["type"] == "image_url" else _data_url(files.get(value["file_id"]))
    return Image(url, value.get("detail") or "auto") if url else "[Attached image, deleted since]"


def _data_url(file: File | None) -> str:
    """Return the picture as a data URL; empty when its file is gone, which can happen at any moment."""
    if file is None:
        return ""
    try:
        with file.content.open("rb") as content:
            return f"data:{file.content_type};base64,{base64.b64encode(content.read()).decode()}"
    except FileNotFoundError:
        return ""


def _inline_file(file: File) -> str:
    """Return the text for an attached file; empty for a picture, which is sent as such."""
    if file.is_image:
        return ""
    if not file.is_text:
        return f"[Attached file {file.filename!r}, which cannot be read here]"
    try:
        with file.content.open("rb") as content:
            text = content.read(INLINE_BYTES).decode("utf-8", errors="replace")
    except FileNotFoundError:
        return f"[Attached file {file.filename!r}, deleted since]"
    more = "\n[…]" if file.bytes > INLINE_BYTES else ""
    return f"Attached file {file.filename!r}:\n\n{text}{more}"


def run_history(run: Run) -> RunHistory:
    """Read what the run has done so far; something when it goes on after calls."""
    steps = steps_of.rows(run.id)
    if not steps:
        return NOTHING_DONE
    contents = dict(Message.objects.filter(run_id=run.id).values_list("id", "content"))
    items: list[RunItem] = []
    for step in steps:
        if step.type == StepType.TOOL_CALLS:
            items.append(step.details["tool_calls"])
        else:
            parts = contents.get(step.details["message_creation"]["message_id"], [])
            items += texts_of(parts)
    calls = [call for item in items if not isinstance(item, str) for call in item]
    by_tool = {name: [call[name] for call in calls if call["type"] == name] for name in MOST_CALLS}
    pictures = code_interpreter.images(calls) if by_tool[CODE_INTERPRETER] else []
    visible = [
        part["image_file"]["file_id"] for parts in contents.values() for part in parts if part["type"] == "image_file"
    ]
    return RunHistory(
        items=items,
        calls=calls,
        searches=by_tool[FILE_SEARCH],
        cells=by_tool[CODE_INTERPRETER],
        used_up=[name for name, most in MOST_CALLS.items() if len(by_tool[name]) >= most],
        pictures=[picture for picture in pictures if picture not in visible],
        spent=sum((usage_of(step.usage) for step in steps if step.usage), Usage()),
    )


def run_turns(steps: Iterable[RunItem], *, describers: Mapping[str, DescribeCall]) -> TurnGroup:
    """Return the turns of the run's own ``steps``. ``describers`` put calls of hosted tools in words, by type;
    calls without one are omitted.

    Words and calls are one turn of the assistant: many chat templates refuse two in a row.
    """
    turns: TurnGroup = []
    pending_texts: list[str] = []
    for step in steps:
        if isinstance(step, str):
            pending_texts.append(step)
        elif calls := [call for call in step if call["type"] == FUNCTION or call["type"] in describers]:
            outputs = [_call_and_output(call, describers=describers) for call in calls]
            tool_calls = tuple(call for call, _output in outputs)
            turns.append(Turn(role="assistant", content="\n\n".join(pending_texts), tool_calls=tool_calls))
            turns += [Turn(role="tool", tool_call_id=call.id, content=output) for call, output in outputs]
            pending_texts = []
    if pending_texts and turns:  # said after the calls, but before their outputs were known
        last_call = max(place for place, turn in enumerate(turns) if turn.role == "assistant")
        turns[last_call] = replace(
            turns[last_call], content="\n\n".join([turns[last_call].text, *pending_texts]).strip()
        )
    return turns


def _call_and_output(call: Object, *, describers: Mapping[str, DescribeCall]) -> tuple[ToolCall, str]:
    """Return a call and its output."""
    kind, value = call["type"], call[call["type"]]
    if kind == FUNCTION:
        return ToolCall(id=call["id"], name=value["name"], arguments=value["arguments"] or "{}"), value["output"] or ""
    arguments_value = {"code": value["input"]} if kind == CODE_INTERPRETER else {"queries": value["queries"]}
    arguments = json.dumps(arguments_value, ensure_ascii=False)
    return ToolCall(id=call["id"], name=kind, arguments=arguments), describers[kind](value)
