"""Rows as file search leaves them: files that were read, a search that found passages, an answer that cites them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from chat.actions.files import files
from chat.models import (
    File,
    Message,
    Passage,
    Run,
    RunStatus,
    RunStep,
    StepStatus,
    StepType,
    Thread,
    User,
    VectorStore,
    VectorStoreFile,
)
from chat.models.threads import text_part

Result = dict[str, Any]


def store_of(owner: User, **fields: object) -> VectorStore:
    return VectorStore.objects.create(owner=owner, **fields)


def read_file(store: VectorStore, name: str, pages: Sequence[str], *, paged: bool = True) -> VectorStoreFile:
    """A file of the store's owner, of which each text of ``pages`` became a passage; they follow a blank line apart."""
    file = files.create(store.owner, upload=SimpleUploadedFile(name, "\n\n".join(pages).encode()))
    entry = VectorStoreFile.objects.create(store=store, file=file, status="completed", progress=100, is_cut=True)
    begin = 0
    for place, text in enumerate(pages):
        page = place + 1 if paged else None
        pages = [[begin, page]] if paged else []
        span = {"char_from": begin, "char_to": begin + len(text), "window_from": place, "window_to": place + 1}
        Passage.objects.create(
            entry=entry,
            place=place,
            text=text,
            heading=f"Part {place + 1}",
            page_from=page,
            page_to=page,
            pages=pages,
            **span,
        )
        begin += len(text) + 2
    return entry


def result(entry: VectorStoreFile, place: int, *, quote: str = "", score: float = 0.68) -> Result:
    """A passage as a search found it; the quote is all of it, or the words ``quote``."""
    passage = entry.passages.get(place=place)
    quote = quote or passage.text
    begin = passage.char_from + passage.text.index(quote)
    return {
        "file_id": entry.file_id,
        "file_name": entry.file.filename,
        "score": score,
        "attributes": {},
        "content": [{"type": "text", "text": passage.text}],
        "place": {
            "store_id": entry.store_id,
            "page_from": passage.page_at(begin),
            "page_to": passage.page_at(begin + len(quote) - 1),
            "heading": passage.heading,
            "char_from": passage.char_from,
            "char_to": passage.char_to,
            "quote_from": begin,
            "quote_to": begin + len(quote),
        },
    }


def search_step(run: Run, *results: Result, queries: Sequence[str] = ("food",), marker: int = 4) -> RunStep:
    ranking = {"ranker": "default_2024_08_21", "score_threshold": 0.0}
    found = {"ranking_options": ranking, "results": list(results), "queries": list(queries), "marker": marker}
    details = {"type": "tool_calls", "tool_calls": [{"id": "call_1", "type": "file_search", "file_search": found}]}
    return RunStep.objects.create(run=run, type=StepType.TOOL_CALLS, status=StepStatus.COMPLETED, details=details)


def annotated(text: str, files: dict[str, File]) -> dict[str, Any]:
    """A text part in which every key of ``files`` is a marker that cites the file."""
    annotations = []
    for marker, file in files.items():
        start = text.find(marker)
        while start >= 0:
            annotations.append(
                {
                    "type": "file_citation",
                    "text": marker,
                    "start_index": start,
                    "end_index": start + len(marker),
                    "file_citation": {"file_id": file.id},
                }
            )
            start = text.find(marker, start + 1)
    return text_part(text, annotations)


def answer(thread: Thread, run: Run, *content: dict[str, Any], **fields: object) -> Message:
    message = Message.objects.create(thread=thread, run=run, role="assistant", content=list(content), **fields)
    details = {"type": "message_creation", "message_creation": {"message_id": message.id}}
    RunStep.objects.create(run=run, type=StepType.MESSAGE_CREATION, status=StepStatus.COMPLETED, details=details)
    return message


def finished_run(thread: Thread, **fields: object) -> Run:
    tools = [{"type": "file_search"}, {"type": "code_interpreter"}]
    return Run.objects.create(thread=thread, **{"status": RunStatus.COMPLETED, "tools": tools, **fields})
