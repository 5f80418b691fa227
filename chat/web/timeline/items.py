"""What a thread's page shows, as values: questions, answers, code that was run, runs that did not end well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from chat.actions.conversation.attachments import Reading
from chat.models import File
from chat.web.markdown import NO_LINKS, Mark
from chat.web.timeline.cited_sources import Searched, Source
from chat.web.timeline.code_cells import Cell
from chat.web.timeline.generated_files import NOTHING, Made


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
    """What an assistant said. ``usage`` is of the whole run and stands on its last answer, as does what code ``made``.

    ``pictures`` are ids of files. ``marks`` are the citations in ``text``, ``sources`` what they cite, ``searches``
    those that came before it; ``links`` are the addresses of files that the text names.
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
    pictures: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=lambda: NO_LINKS)
    made: Made = NOTHING
    kind: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class Work:
    """A step in which an assistant ran code. ``made`` is there if no answer offers it."""

    id: str
    thread_id: str
    run_id: str
    name: str
    cells: tuple[Cell, ...]
    created_at: datetime
    number: int
    made: Made = NOTHING
    kind: Literal["work"] = "work"

    @property
    def is_open(self) -> bool:
        """Whether something of it is being written, waits or runs."""
        return any(cell.is_open for cell in self.cells)

    @property
    def state(self) -> str:
        """Of the same work, whatever has the same state looks the same; but code that is being written grows."""
        return " ".join([*(cell.mark for cell in self.cells), *(["made"] if self.made else [])])


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


Entry = Question | Answer | Work | Ending


@dataclass(frozen=True, slots=True)
class History:
    """A stretch of a thread in order. ``earlier_than`` names the message before which there is more, or is ""."""

    entries: tuple[Entry, ...]
    earlier_than: str = ""
