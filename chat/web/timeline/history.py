"""Turns the rows of a thread into the items of its page, for the views of the page and for its socket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from django.db.models import QuerySet

from chat.actions.conversation import attachments, citations
from chat.actions.conversation.citations import RunSearches
from chat.models import File, Message, QueuedMessage, Run, RunStatus, RunStep, Thread
from chat.models.api_objects.objects import Object
from chat.models.prepared_queries import Parameter, PreparedQuery
from chat.models.resource_uses import pictures_in
from chat.models.runs import ENDED
from chat.models.threads import texts_of
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH
from chat.web.markdown import with_numbers
from chat.web.timeline.cited_sources import citation_marks, file_links, search_line, source_line
from chat.web.timeline.code_calls import NO_FILES, GeneratedFiles, code_calls, code_steps, generated_files
from chat.web.timeline.items import (
    Answer,
    AttachedFile,
    CodeStep,
    History,
    Item,
    Question,
    WaitingMessage,
)
from chat.web.timeline.run_endings import run_endings

SHOWN = 30  # messages on the page at first, and more with each look further back
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
NOT_COMPLETED = (RunStatus.FAILED, RunStatus.EXPIRED, RunStatus.CANCELLED, RunStatus.INCOMPLETE)
Drafts = Mapping[str, Mapping[int, str]]
NO_DRAFTS: Drafts = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RunDetails:
    """The facts about a run that stand beside its messages. ``files`` are by the id of the item that offers them."""

    assistant_name: str = ""
    usage: dict[str, Any] | None = None
    searches: RunSearches = field(default_factory=RunSearches)
    files: Mapping[str, GeneratedFiles] = field(default_factory=dict)


NO_RUN = RunDetails()
KnownRuns = Mapping[str, RunDetails]
NONE_KNOWN: KnownRuns = MappingProxyType({})


@PreparedQuery
def newest_messages(thread: Parameter) -> QuerySet[Message]:
    return Message.objects.filter(thread=thread).order_by("-number")[: SHOWN + 1]


@PreparedQuery
def unfinished_runs(thread: Parameter, since: Parameter, until: Parameter) -> QuerySet[Run]:
    """Return the runs that were begun in a stretch of time and did not end well."""
    stretch = Run.objects.filter(thread=thread, created_at__gte=since, created_at__lt=until)
    return stretch.filter(status__in=NOT_COMPLETED).order_by("created_at", "number")


@PreparedQuery
def code_steps_between(thread: Parameter, since: Parameter, until: Parameter) -> QuerySet[RunStep]:
    return code_steps().filter(run__thread=thread, created_at__gte=since, created_at__lt=until)


def latest(thread: Thread) -> History:
    """Return the last ``SHOWN`` messages."""
    return _stretch(thread, newest_messages.rows(thread.id), before=None)


def before(thread: Thread, message_id: str) -> History:
    """Return the ``SHOWN`` messages before one of them."""
    edge = thread.messages.filter(id=message_id).first()
    if edge is None:
        return History(())
    return _stretch(
        thread, list(thread.messages.filter(number__lt=edge.number).order_by("-number")[: SHOWN + 1]), before=edge
    )


def _stretch(thread: Thread, newest_first: list[Message], *, before: Message | None) -> History:
    has_more = len(newest_first) > SHOWN
    messages = newest_first[:SHOWN][::-1]
    for message in messages:
        message.thread = thread  # spares a look-up
    stretch = thread.id, messages[0].created_at if has_more else FIRST, before.created_at if before else LAST
    steps = code_step_items(thread, code_steps_between.rows(*stretch))
    items = in_order(messages, steps, unfinished_runs.rows(*stretch))
    return History(tuple(items), messages[0].id if has_more else "")


def in_order(
    messages: Sequence[Message], steps: Sequence[CodeStep], ended: Sequence[Run], *, known: KnownRuns = NONE_KNOWN
) -> list[Item]:
    """Return items in order: messages and code as they came, each run's ending after its last item, or its start."""
    ended_ids = {run.id for run in ended}
    ended_at = {run.id: run.created_at for run in ended}
    times = [
        *((each.created_at, each.run_id) for each in messages),
        *((each.created_at, each.run_id) for each in steps),
    ]
    for created_at, run_id in sorted(times, key=lambda pair: pair[0]):
        if run_id in ended_ids:
            ended_at[run_id] = created_at
    items = {item.id: item for item in message_items(messages, known=known)}
    keyed: list[tuple[tuple[datetime, int, int], Item]]
    keyed = [((message.created_at, 0, message.number), items[message.id]) for message in messages]
    keyed += [((step.created_at, 0, step.number), step) for step in steps]
    endings = zip(ended, run_endings(ended), strict=True)
    keyed += [((ended_at[run.id], 1, run.number), ending) for run, ending in endings]
    return [item for _key, item in sorted(keyed, key=lambda pair: pair[0])]


# --- code -------------------------------------------------------------------------------------------------------


def code_step_items(
    thread: Thread, steps: Iterable[RunStep], *, drafts: Drafts = NO_DRAFTS, known: KnownRuns = NONE_KNOWN
) -> list[CodeStep]:
    """Return those of the thread's ``steps`` that run code.

    ``drafts``: by the step's id and the call's place, code that the rows lack yet.
    """
    steps = list(steps)
    runs = run_details((step.run_id for step in steps), known=known)
    items = []
    for step in steps:
        calls = tuple(code_calls(step, drafts=drafts.get(step.id, {})))
        generated = runs[step.run_id].files.get(step.id, NO_FILES)
        item = CodeStep(
            id=step.id,
            thread_id=thread.id,
            run_id=step.run_id,
            name=runs[step.run_id].assistant_name,
            calls=calls,
            is_open=any(call.is_open for call in calls),
            state=" ".join([*(call.version for call in calls), *(["made"] if generated else [])]),
            created_at=step.created_at,
            number=step.number,
            generated=generated,
        )
        items.append(item)
    return [item for item in items if item.calls]


# --- questions and answers --------------------------------------------------------------------------------------


def message_items(messages: Sequence[Message], *, known: KnownRuns = NONE_KNOWN) -> list[Question | Answer]:
    """Return messages of one thread as they are shown. Files and runs are looked up for all of them at once."""
    files = _files(messages)
    runs = run_details((message.run_id for message in messages), known=known)
    last_of_run = {message.run_id: message.id for message in messages}
    return [
        _question(message, files=files)
        if message.role == Message.Role.USER
        else _answer(
            message,
            files=files,
            run=runs.get(message.run_id or "", NO_RUN),
            is_last=last_of_run[message.run_id] == message.id,
        )
        for message in messages
    ]


def _question(message: Message, *, files: Mapping[str, AttachedFile]) -> Question:
    attached = _attached(message, files) if files else ()
    return Question(
        id=message.id,
        thread_id=message.thread_id,
        text=message.text,
        files=attached,
        is_being_read=any(each.reading and each.reading.is_outstanding for each in attached),
        created_at=message.created_at,
    )


def _answer(message: Message, *, files: Mapping[str, AttachedFile], run: RunDetails, is_last: bool) -> Answer:
    answer = Answer(
        id=message.id,
        thread_id=message.thread_id,
        text=message.text,
        name=run.assistant_name,
        is_open=message.status == Message.Status.IN_PROGRESS,
        created_at=message.created_at,
        usage=run.usage if is_last else None,
        searches=tuple(search_line(each) for each in run.searches.before.get(message.id, ())),
        pictures=tuple(id for id in pictures_in(message.content) if id in files),
        generated=run.files.get(message.id, NO_FILES),
    )
    is_annotated = any(part["text"]["annotations"] for part in message.content if part["type"] == "text")
    return _with_citations(answer, message.content, run.searches) if is_annotated else answer


def begun_answer(message: Object, *, run: RunDetails) -> Answer:
    """Return an answer without text for a message that has just been created, as the API shows it."""
    return Answer(
        id=message["id"],
        thread_id=message["thread_id"],
        text="",
        name=run.assistant_name,
        is_open=True,
        created_at=datetime.fromtimestamp(message["created_at"], UTC),
        searches=tuple(search_line(each) for each in run.searches.before.get(message["id"], ())),
    )


def _with_citations(answer: Answer, content: Iterable[dict[str, Any]], searches: RunSearches) -> Answer:
    cited = citations.parse_citations(content, searches=searches.all)
    return replace(
        answer,
        marks=tuple(citation_marks(cited.references)),
        sources=tuple(source_line(each) for each in cited.citations),
        links=file_links(citations.flatten_content(content)[1]),
    )


def text_with_sources(message: Message) -> str:
    """Return a message as plain text: numbers stand for citations, and the sources follow below it."""
    (item,) = message_items([message])
    if isinstance(item, Question) or not item.sources:
        return item.text
    sources = "\n".join(f"[{each.number}] {each.name_and_place}" for each in item.sources)
    return f"{with_numbers(item.text, item.marks)}\n\n{sources}\n"


@PreparedQuery
def queued_messages_of(thread: Parameter) -> QuerySet[QueuedMessage]:
    return QueuedMessage.objects.filter(thread=thread)


def waiting_messages(thread: Thread) -> list[WaitingMessage]:
    """Return the thread's queued messages in order."""
    queued = queued_messages_of.rows(thread.id)
    for message in queued:
        message.thread = thread
    files = _files(queued)
    return [WaitingMessage(each.client_key, _text(each.content), _attached(each, files)) for each in queued]


def _text(content: Iterable[dict[str, Any]]) -> str:
    return "\n\n".join(texts_of(content))


def file_ids(content: Iterable[dict[str, Any]], attachments: Iterable[dict[str, Any]]) -> list[str]:
    """Return the ids of the pictures in a message's content and of its attachments, each once."""
    attached = (attachment["file_id"] for attachment in attachments if "file_id" in attachment)
    return list(dict.fromkeys([*pictures_in(content), *attached]))


def _files(messages: Sequence[Message | QueuedMessage]) -> dict[str, AttachedFile]:
    """Return the files of the thread's owner that ``messages`` of one thread name, by id, and how far they are read."""
    ids = {id for message in messages for id in file_ids(message.content, message.attachments)}
    if not ids:
        return {}
    thread = messages[0].thread
    readings = attachments.reading_progress(thread, ids)
    files = File.objects.there().filter(owner=thread.owner_id, id__in=ids)
    return {file.id: AttachedFile(file, readings.get(file.id)) for file in files}


def _attached(message: Message | QueuedMessage, files: Mapping[str, AttachedFile]) -> tuple[AttachedFile, ...]:
    """Return the files of a message; one that is gone is left out."""
    return tuple(files[id] for id in file_ids(message.content, message.attachments) if id in files)


# --- runs -------------------------------------------------------------------------------------------------------


def run_details(run_ids: Iterable[str | None], *, known: KnownRuns = NONE_KNOWN) -> dict[str, RunDetails]:
    """Return the details of runs by the run's id; only those that are not ``known`` are read."""
    unknown = {id for id in run_ids if id} - known.keys()
    if not unknown:
        return dict(known)
    rows = Run.objects.filter(id__in=unknown).values(
        "id", "usage", "tools", "status", "assistant_name", "assistant__name"
    )
    runs = [(row["id"], row, {tool["type"] for tool in row["tools"]}) for row in rows]
    searching = [id for id, _row, tools in runs if FILE_SEARCH in tools]
    searches = citations.searches_of_runs(searching) if searching else {}
    coding = [id for id, row, tools in runs if CODE_INTERPRETER in tools and row["status"] in ENDED]
    files = generated_files(coding) if coding else {}
    details = {
        id: RunDetails(
            row["assistant__name"] or row["assistant_name"], row["usage"], searches.get(id, RunSearches()), files
        )
        for id, row, _tools in runs
    }
    return {**known, **details}
