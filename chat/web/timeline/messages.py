"""Turns messages into questions and answers of a page, with their files, citations and sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from chat.actions.conversation import attachments, citations
from chat.actions.conversation.citations import RunSearches
from chat.models import File, Message, QueuedMessage, Thread
from chat.models.api_objects.objects import Object
from chat.models.resource_uses import pictures_in
from chat.web.markdown import with_numbers
from chat.web.timeline.cited_sources import citation_marks, search_line, source_line
from chat.web.timeline.generated_files import NO_FILES, links_of
from chat.web.timeline.items import Answer, AttachedFile, Question, WaitingMessage
from chat.web.timeline.run_details import NO_RUN, NONE_KNOWN, KnownRuns, RunDetails, run_details


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
    attached = _attached(message, files)
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
        links=links_of(citations.flatten_content(content)[1]),
    )


def text_with_sources(message: Message) -> str:
    """Return a message as plain text: numbers stand for citations, and the sources follow below it."""
    (item,) = message_items([message])
    if isinstance(item, Question) or not item.sources:
        return item.text
    sources = "\n".join(f"[{each.number}] {each.name_and_place}" for each in item.sources)
    return f"{with_numbers(item.text, item.marks)}\n\n{sources}\n"


def waiting_messages(thread: Thread) -> list[WaitingMessage]:
    """Return the thread's queued messages in order."""
    queued = list(thread.queued_messages.all())
    files = _files(queued)
    return [WaitingMessage(each.client_key, _text(each.content), _attached(each, files)) for each in queued]


def _text(content: Iterable[dict[str, Any]]) -> str:
    return "\n\n".join(part["text"]["value"] for part in content if part["type"] == "text")


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
