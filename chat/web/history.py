"""What a thread's page shows, as values: questions, answers, and how runs ended that did not end well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from chat.actions import attachments, citations
from chat.actions.attachments import Reading
from chat.actions.citations import Searches
from chat.models import Assistant, File, Message, QueuedMessage, Run, RunStatus, Thread
from chat.models.threads import ThreadQuerySet
from chat.web.markdown import Mark, with_numbers
from chat.web.sources import Searched, Source, marks_of, searched, source_of

SHOWN = 30  # messages on the page at first, and more with each look further back
UNWELL = (RunStatus.FAILED, RunStatus.EXPIRED, RunStatus.CANCELLED, RunStatus.INCOMPLETE)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a message. ``reading`` is None if it is not to be searched."""

    file: File
    reading: Reading | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What the person said."""

    id: str
    thread_id: str
    text: str
    files: tuple[Attached, ...]
    created_at: datetime
    kind: Literal["question"] = "question"

    @property
    def is_being_read(self) -> bool:
        """Whether something that is attached cannot be searched yet."""
        return any(each.reading and each.reading.is_outstanding for each in self.files)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an assistant said. ``usage`` is of the whole run and stands on its last answer.

    ``marks`` are the citations in ``text``, ``sources`` what they cite, ``searches`` those that came before it.
    """

    id: str
    thread_id: str
    text: str
    name: str
    is_open: bool
    created_at: datetime
    usage: dict[str, Any] | None = None
    marks: tuple[Mark, ...] = ()
    sources: tuple[Source, ...] = ()
    searches: tuple[Searched, ...] = ()
    kind: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class Ending:
    """A run that failed, expired, was stopped or cut."""

    id: str
    thread_id: str
    status: str
    message: str
    kind: Literal["ending"] = "ending"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the person said while a run was live, and can still take back."""

    client_key: str
    text: str
    files: tuple[Attached, ...]


Entry = Question | Answer | Ending


@dataclass(frozen=True, slots=True)
class History:
    """A stretch of a thread in order. ``earlier_than`` names the message before which there is more, or is ""."""

    entries: tuple[Entry, ...]
    earlier_than: str = ""


def latest(thread: Thread) -> History:
    """The last ``SHOWN`` messages."""
    return _stretch(thread, list(thread.messages.order_by("-number")[: SHOWN + 1]), before=None)


def before(thread: Thread, message_id: str) -> History:
    """The ``SHOWN`` messages before one of them."""
    edge = thread.messages.filter(id=message_id).first()
    if edge is None:
        return History(())
    return _stretch(
        thread, list(thread.messages.filter(number__lt=edge.number).order_by("-number")[: SHOWN + 1]), before=edge
    )


def _stretch(thread: Thread, newest_first: list[Message], *, before: Message | None) -> History:
    has_more = len(newest_first) > SHOWN
    messages = newest_first[:SHOWN][::-1]
    runs = thread.runs.filter(status__in=UNWELL)
    if before is not None:
        runs = runs.filter(created_at__lt=before.created_at)
    if has_more:
        runs = runs.filter(created_at__gte=messages[0].created_at)
    entries = in_order(messages, list(runs.order_by("created_at", "number")))
    return History(tuple(entries), messages[0].id if has_more else "")


def in_order(messages: Sequence[Message], unwell: Sequence[Run]) -> list[Entry]:
    """The messages, each run's ending after its last message, or after what it was to answer."""
    ends = {run.id: run for run in unwell}
    place = {run.id: (run.created_at, 1, run.number) for run in unwell}
    for message in messages:
        if message.run_id in ends:
            place[message.run_id] = (message.created_at, 1, ends[message.run_id].number)
    shown = {entry.id: entry for entry in entries_of(messages)}
    keyed: list[tuple[tuple[datetime, int, int], Entry]]
    keyed = [((message.created_at, 0, message.number), shown[message.id]) for message in messages]
    keyed += [(place[run.id], ending_of(run)) for run in unwell]
    return [entry for _key, entry in sorted(keyed, key=lambda pair: pair[0])]


def entries_of(messages: Sequence[Message]) -> list[Question | Answer]:
    """Messages of one thread as they are shown: what is beside them is looked up for all at once."""
    names = dict(Assistant.objects.filter(id__in={m.assistant_id for m in messages}).values_list("id", "name"))
    files = _files(messages[0].thread_id, messages) if messages else {}
    run_ids = {message.run_id for message in messages if message.run_id}
    usages = dict(Run.objects.filter(id__in=run_ids).values_list("id", "usage"))
    searches = citations.searches_of(run_ids)
    last_of_run = {message.run_id: message.id for message in messages}
    return [
        question_of(message, files=files)
        if message.role == Message.Role.USER
        else answer_of(
            message,
            name=names.get(message.assistant_id or "", ""),
            usage=usages.get(message.run_id or "") if last_of_run[message.run_id] == message.id else None,
            searches=searches.get(message.run_id or "", Searches()),
        )
        for message in messages
    ]


def question_of(message: Message, *, files: dict[str, Attached]) -> Question:
    return Question(message.id, message.thread_id, message.text, _found(message, files), message.created_at)


def answer_of(message: Message, *, name: str, usage: dict[str, Any] | None, searches: Searches) -> Answer:
    cited = citations.read(message.content, searches=searches.all)
    return Answer(
        id=message.id,
        thread_id=message.thread_id,
        text=cited.text,
        name=name,
        is_open=message.status == Message.Status.IN_PROGRESS,
        created_at=message.created_at,
        usage=usage,
        marks=tuple(marks_of(cited.references)),
        sources=tuple(source_of(each) for each in cited.citations),
        searches=tuple(searched(each) for each in searches.before.get(message.id, ())),
    )


def copied(message: Message) -> str:
    """A message as plain text: numbers stand for citations, and below it is what they mean."""
    (shown,) = entries_of([message])
    if isinstance(shown, Question) or not shown.sources:
        return shown.text
    sources = "\n".join(f"[{each.number}] {each.named}" for each in shown.sources)
    return f"{with_numbers(shown.text, shown.marks)}\n\n{sources}\n"


def ending_of(run: Run) -> Ending:
    return Ending(run.id, run.thread_id, run.status, (run.last_error or {}).get("message", ""))


def waiting(thread: Thread) -> list[Waiting]:
    """The thread's queued messages in order."""
    queued = list(thread.queued_messages.all())
    files = _files(thread.id, queued)
    return [Waiting(each.client_key, text_of(each.content), _found(each, files)) for each in queued]


def text_of(content: Iterable[dict[str, Any]]) -> str:
    """All text of a message's content."""
    return "\n\n".join(part["text"]["value"] for part in content if part["type"] == "text")


def file_ids(content: Iterable[dict[str, Any]], attachments: Iterable[dict[str, Any]]) -> list[str]:
    """Of pictures in the content and of attachments, each once."""
    pictures = [part["image_file"]["file_id"] for part in content if part["type"] == "image_file"]
    return list(dict.fromkeys([*pictures, *(attached["file_id"] for attached in attachments if "file_id" in attached)]))


def _files(thread_id: str, messages: Iterable[Message | QueuedMessage]) -> dict[str, Attached]:
    """The thread's owner's files that ``messages`` name, by id, and how far they are read."""
    named = {id for message in messages for id in file_ids(message.content, message.attachments)}
    if not named:
        return {}
    files = File.objects.there().filter(owner__threads__id=thread_id, id__in=named)
    readings = attachments.readings(Thread.objects.get(id=thread_id), named)
    return {file.id: Attached(file, readings.get(file.id)) for file in files}


def _found(message: Message | QueuedMessage, files: dict[str, Attached]) -> tuple[Attached, ...]:
    """Those of a message; one that is gone is left out."""
    return tuple(files[id] for id in file_ids(message.content, message.attachments) if id in files)


def threads_page(threads: ThreadQuerySet, *, page: int, size: int) -> tuple[list[Thread], bool]:
    """The ``page``-th (from 0) ``size`` threads, and whether there are more."""
    found = list(threads[page * size : (page + 1) * size + 1])
    return found[:size], len(found) > size
