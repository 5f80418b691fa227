"""What a thread's page shows, as values: questions, answers, and how runs ended that did not end well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from chat.models import Assistant, File, Message, QueuedMessage, Run, RunStatus, Thread
from chat.models.threads import ThreadQuerySet

SHOWN = 30  # messages on the page at first, and more with each look further back
UNWELL = (RunStatus.FAILED, RunStatus.EXPIRED, RunStatus.CANCELLED, RunStatus.INCOMPLETE)


@dataclass(frozen=True, slots=True)
class Question:
    """What the person said."""

    id: str
    text: str
    files: tuple[File, ...]
    created_at: datetime
    kind: Literal["question"] = "question"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an assistant said. ``usage`` is of the whole run and stands on its last answer."""

    id: str
    thread_id: str
    text: str
    name: str
    is_open: bool
    created_at: datetime
    usage: dict[str, Any] | None = None
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
    files: tuple[File, ...]


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
    """Messages as they are shown, with names, files and token use looked up in three queries."""
    names = dict(Assistant.objects.filter(id__in={m.assistant_id for m in messages}).values_list("id", "name"))
    files = _files(messages[0].thread_id, messages) if messages else {}
    usages = dict(Run.objects.filter(id__in={m.run_id for m in messages}).values_list("id", "usage"))
    last_of_run = {message.run_id: message.id for message in messages}
    return [
        question_of(message, files=files)
        if message.role == Message.Role.USER
        else answer_of(
            message,
            name=names.get(message.assistant_id or "", ""),
            usage=usages.get(message.run_id or "") if last_of_run[message.run_id] == message.id else None,
        )
        for message in messages
    ]


def question_of(message: Message, *, files: dict[str, File]) -> Question:
    return Question(message.id, message.text, _found(message, files), message.created_at)


def answer_of(message: Message, *, name: str, usage: dict[str, Any] | None) -> Answer:
    is_open = message.status == Message.Status.IN_PROGRESS
    return Answer(message.id, message.thread_id, message.text, name, is_open, message.created_at, usage)


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


def _files(thread_id: str, messages: Iterable[Message | QueuedMessage]) -> dict[str, File]:
    """The thread's owner's files that ``messages`` name, by id."""
    named = {id for message in messages for id in file_ids(message.content, message.attachments)}
    return {file.id: file for file in File.objects.there().filter(owner__threads__id=thread_id, id__in=named)}


def _found(message: Message | QueuedMessage, files: dict[str, File]) -> tuple[File, ...]:
    """Those of a message; one that is gone is left out."""
    return tuple(files[id] for id in file_ids(message.content, message.attachments) if id in files)


def threads_page(threads: ThreadQuerySet, *, page: int, size: int) -> tuple[list[Thread], bool]:
    """The ``page``-th (from 0) ``size`` threads, and whether there are more."""
    found = list(threads[page * size : (page + 1) * size + 1])
    return found[:size], len(found) > size
