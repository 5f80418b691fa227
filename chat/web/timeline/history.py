"""From the rows of a thread to what its page shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from chat.actions.conversation import attachments, citations
from chat.actions.conversation.citations import Searches
from chat.models import Assistant, File, Message, QueuedMessage, Run, RunStatus, RunStep, Thread
from chat.models.threads import ThreadQuerySet
from chat.web.markdown import with_numbers
from chat.web.timeline.cited_sources import marks_of, searched, source_of
from chat.web.timeline.code_cells import cells_of
from chat.web.timeline.generated_files import NOTHING, Made, code_steps, links_of, made_in, pictures_in
from chat.web.timeline.items import Answer, Attached, Ending, Entry, History, Question, Waiting, Work

SHOWN = 30  # messages on the page at first, and more with each look further back
UNWELL = (RunStatus.FAILED, RunStatus.EXPIRED, RunStatus.CANCELLED, RunStatus.INCOMPLETE)
Written = Mapping[str, Mapping[int, str]]
NONE_WRITTEN: Written = MappingProxyType({})


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
    runs, steps = thread.runs.filter(status__in=UNWELL), code_steps().filter(run__thread=thread)
    if before is not None:
        runs = runs.filter(created_at__lt=before.created_at)
        steps = steps.filter(created_at__lt=before.created_at)
    if has_more:
        runs = runs.filter(created_at__gte=messages[0].created_at)
        steps = steps.filter(created_at__gte=messages[0].created_at)
    entries = in_order(messages, works_of(steps), list(runs.order_by("created_at", "number")))
    return History(tuple(entries), messages[0].id if has_more else "")


def in_order(messages: Sequence[Message], works: Sequence[Work], unwell: Sequence[Run]) -> list[Entry]:
    """Messages and code, each run's ending after the last of it, or after what it was to answer."""
    ends = {run.id: run for run in unwell}
    place = {run.id: run.created_at for run in unwell}
    told = [*((each.created_at, each.run_id) for each in messages), *((each.created_at, each.run_id) for each in works)]
    for created_at, run_id in sorted(told, key=lambda one: one[0]):
        if run_id in ends:
            place[run_id] = created_at
    shown = {entry.id: entry for entry in entries_of(messages)}
    keyed: list[tuple[tuple[datetime, int, int], Entry]]
    keyed = [((message.created_at, 0, message.number), shown[message.id]) for message in messages]
    keyed += [((work.created_at, 0, work.number), work) for work in works]
    keyed += [((place[run.id], 1, run.number), ending_of(run)) for run in unwell]
    return [entry for _key, entry in sorted(keyed, key=lambda pair: pair[0])]


def works_of(steps: Iterable[RunStep], *, writing: Written = NONE_WRITTEN) -> list[Work]:
    """Those of ``steps`` in which code is run.

    ``writing``: by the step's id and the call's place, code that the rows lack yet.
    """
    steps = list(steps)
    runs = Run.objects.in_bulk({step.run_id for step in steps}, field_name="id") if steps else {}
    names = _names(run.assistant_id for run in runs.values())
    made = made_in(runs)
    works = [
        Work(
            id=step.id,
            thread_id=runs[step.run_id].thread_id,
            run_id=step.run_id,
            name=names.get(runs[step.run_id].assistant_id or "", ""),
            cells=tuple(cells_of(step, writing=writing.get(step.id, {}))),
            created_at=step.created_at,
            number=step.number,
            made=made.get(step.id, NOTHING),
        )
        for step in steps
    ]
    return [work for work in works if work.cells]


def _names(assistant_ids: Iterable[str | None]) -> dict[str, str]:
    return dict(Assistant.objects.filter(id__in=set(assistant_ids)).values_list("id", "name"))


def entries_of(messages: Sequence[Message]) -> list[Question | Answer]:
    """Messages of one thread as they are shown: what is beside them is looked up for all at once."""
    names = _names(message.assistant_id for message in messages)
    files = _files(messages[0].thread_id, messages) if messages else {}
    run_ids = {message.run_id for message in messages if message.run_id}
    usages = dict(Run.objects.filter(id__in=run_ids).values_list("id", "usage"))
    searches, made = citations.searches_of(run_ids), made_in(run_ids)
    last_of_run = {message.run_id: message.id for message in messages}
    return [
        question_of(message, files=files)
        if message.role == Message.Role.USER
        else answer_of(
            message,
            files=files,
            name=names.get(message.assistant_id or "", ""),
            usage=usages.get(message.run_id or "") if last_of_run[message.run_id] == message.id else None,
            searches=searches.get(message.run_id or "", Searches()),
            made=made.get(message.id, NOTHING),
        )
        for message in messages
    ]


def question_of(message: Message, *, files: dict[str, Attached]) -> Question:
    return Question(message.id, message.thread_id, message.text, _found(message, files), message.created_at)


def answer_of(
    message: Message,
    *,
    files: Mapping[str, Attached],
    name: str,
    usage: dict[str, Any] | None,
    searches: Searches,
    made: Made,
) -> Answer:
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
        pictures=tuple(id for id in pictures_in(message.content) if id in files),
        links=links_of(citations.flat(message.content)[1]),
        made=made,
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
    return list(
        dict.fromkeys(
            [*pictures_in(content), *(attached["file_id"] for attached in attachments if "file_id" in attached)]
        )
    )


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
