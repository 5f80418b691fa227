"""The text of the message that is being written, and what it cites."""

from __future__ import annotations

from typing import Any

from chat.events.types import annotation_delta
from chat.models.threads import text_part
from chat.tools.citations import Citation


class Written:
    """Grows until its message is closed."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0  # in characters, as the places of annotations are counted
        self._annotations: list[dict[str, Any]] = []

    def __bool__(self) -> bool:
        return bool(self._pieces)

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def content(self) -> list[dict[str, Any]]:
        """The ``content`` of the message."""
        return [text_part(self.text, list(self._annotations))] if self._pieces else []

    def add(self, piece: str) -> None:
        self._pieces.append(piece)
        self._length += len(piece)

    def cite(self, citation: Citation) -> dict[str, Any]:
        """Add a citation. Returns its annotation as a delta shows it."""
        annotation = {
            "type": "file_citation",
            "text": citation.text,
            "start_index": self._length,
            "end_index": self._length + len(citation.text),
            "file_citation": {"file_id": citation.file_id},
        }
        self._annotations.append(annotation)
        self.add(citation.text)
        return annotation_delta(annotation, index=len(self._annotations) - 1)
