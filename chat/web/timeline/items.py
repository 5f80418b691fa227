"""The values that the page of a thread shows: questions, answers, code that was run, runs that did not end well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chat.actions.conversation.attachments import ReadingProgress
from chat.models import File
from chat.web.markdown import NO_LINKS, CitationMark
from chat.web.timeline.cited_sources import SearchLine, SourceLine
from chat.web.timeline.code_calls import NO_FILES, GeneratedFiles, ShownCode


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file of a message. ``reading`` is None if it is not to be searched."""

    file: File
    reading: ReadingProgress | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A message of the person. ``is_being_read``: some attached file cannot be searched yet."""

    id: str
    thread_id: str
    text: str
    files: tuple[AttachedFile, ...]
    is_being_read: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """A message of an assistant.

    ``marks`` are the citations in ``text``, ``sources`` what they cite, ``searches`` those that came before it;
    ``links`` are the addresses of files that the text names, ``pictures`` ids of files. ``usage`` is that of the whole
    run and stands on its last answer, as do the files ``generated`` by its code.
    """

    id: str
    thread_id: str
    text: str
    name: str
    is_open: bool
    created_at: datetime
    usage: dict[str, Any] | None = None
    marks: tuple[CitationMark, ...] = ()
    sources: tuple[SourceLine, ...] = ()
    searches: tuple[SearchLine, ...] = ()
    pictures: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=lambda: NO_LINKS)
    generated: GeneratedFiles = NO_FILES


@dataclass(frozen=True, slots=True)
class CodeStep:
    """A step in which an assistant ran code.

    ``state`` tells versions of a step apart: with the same state it looks the same, but for code that is being written.
    ``generated`` are the files of the run's code if no answer offers them.
    """

    id: str
    thread_id: str
    run_id: str
    name: str
    calls: tuple[ShownCode, ...]
    is_open: bool
    state: str
    created_at: datetime
    number: int
    generated: GeneratedFiles = NO_FILES


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of a function that a program is to answer. ``arguments`` are as the model wrote them, JSON or not."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class RunEnding:
    """A run that failed, expired, was stopped or cut off. ``unanswered`` are the calls that it waited for;
    ``provider_said`` is empty for those who are not staff.
    """

    id: str
    thread_id: str
    status: str
    message: str
    provider_said: str = ""
    unanswered: tuple[FunctionCall, ...] = ()


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message that the person sent while a run was live, and can still take back."""

    client_key: str
    text: str
    files: tuple[AttachedFile, ...]


Item = Question | Answer | CodeStep | RunEnding


@dataclass(frozen=True, slots=True)
class History:
    """A stretch of a thread in order. ``earlier_than`` is the id of the message before which there is more, or ""."""

    items: tuple[Item, ...]
    earlier_than: str = ""
