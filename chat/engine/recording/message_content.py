"""The content of a message that is being written: pictures, then text with its annotations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chat.events.types import annotation_delta
from chat.models.threads import text_part
from chat.tools.citations import Citation
from chat.tools.links import Link


class MessageContent:
    """The content of one open message, which grows until it is closed. ``pictures`` are ids of files."""

    def __init__(self, pictures: Sequence[str] = ()) -> None:
        self.pictures = pictures
        self._pieces: list[str] = []
        self._length = 0  # in characters, as the places of annotations are counted
        self._annotations: list[dict[str, Any]] = []

    def __bool__(self) -> bool:
        """Return whether there is text."""
        return bool(self._pieces)

    @property
    def index(self) -> int:
        """The place of the text among the parts."""
        return len(self.pictures)

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def content(self) -> list[dict[str, Any]]:
        """The ``content`` of the message."""
        pictures = [{"type": "image_file", "image_file": {"file_id": file_id}} for file_id in self.pictures]
        return [*pictures, text_part(self.text, list(self._annotations))] if self._pieces else pictures

    def add(self, piece: str) -> None:
        self._pieces.append(piece)
        self._length += len(piece)

    def annotate(self, marker: Citation | Link) -> dict[str, Any]:
        """Add a citation or a link. Return its annotation as a delta shows it."""
        kind = "file_citation" if isinstance(marker, Citation) else "file_path"
        annotation = {
            "type": kind,
            "text": marker.text,
            "start_index": self._length,
            "end_index": self._length + len(marker.text),
            kind: {"file_id": marker.file_id},
        }
        self._annotations.append(annotation)
        self.add(marker.text)
        return annotation_delta(annotation, index=len(self._annotations) - 1)
