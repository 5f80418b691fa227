"""One message of a run while the model writes it: what followers hear of it, and what its row will hold.

Text is published with the first word at once, then at most every 33 ms, and committed within 250 ms; a follower that
missed it finds it in the rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from chat.engine.recording.row_writer import PartialMessage, RowWriter
from chat.events import types
from chat.events.bus import bus
from chat.events.types import Event
from chat.models import Message, Run, RunStep
from chat.models.api_objects.objects import Object
from chat.models.threads import text_part
from chat.tools.citation_support import supporting_sources
from chat.tools.citations import Citation, MarkerReader, Sources, marker
from chat.tools.links import FileLink, LinkReader

WINDOW = 0.033  # seconds between two deltas of a run
PARSED_AT_ONCE = 4096  # characters

TextPiece = str | Citation | FileLink


def publish_delta(run: Run, name: str, data: Object) -> None:
    """Publish the next event of ``run``, which no row keeps."""
    run.seq += 1
    bus.publish(run.thread_id, [Event(run.id, run.seq, name, data)])


class Throttle:
    """``publish`` gets the first piece of text at once, later ones joined, at least ``WINDOW`` seconds apart."""

    def __init__(self, publish: Callable[[str], None]) -> None:
        self.publish = publish
        self.published_at = 0.0  # by the loop's clock
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, piece: str) -> None:
        self._waiting.append(piece)
        due = self.published_at + WINDOW - asyncio.get_running_loop().time()
        if due <= 0:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(due, self.flush)

    def flush(self) -> None:
        """Publish what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            piece, self._waiting = "".join(self._waiting), []
            self.publish(piece)


class AnnotationParser:
    """Finds citations of ``sources``, and also links to ``files``, ids by name, in a text that comes in pieces."""

    def __init__(self, sources: Sources, files: Mapping[str, str]) -> None:
        self.citations, self.links = MarkerReader(sources), LinkReader(files)

    def feed(self, text: str) -> Iterator[TextPiece]:
        """Yield what is certain now that ``text`` has come."""
        yield from self._with_links(self.citations.feed(text))

    def rest(self) -> Iterator[TextPiece]:
        """Yield what was held back: the text has ended."""
        yield from self._with_links(self.citations.rest())
        yield from self.links.rest()

    def _with_links(self, pieces: Iterator[str | Citation]) -> Iterator[TextPiece]:
        for piece in pieces:
            if isinstance(piece, str):
                yield from self.links.feed(piece)
            else:
                yield from self.links.rest()  # what was held back for a link is none, as a citation follows it
                yield piece


class OpenMessage:
    """The message ``row`` of ``run``, which ``step`` writes: ``pictures``, ids of files, then text with annotations.

    The text may cite ``sources`` and link to ``files``, ids by name.
    """

    def __init__(
        self,
        row: Message,
        step: RunStep,
        *,
        run: Run,
        writer: RowWriter,
        sources: Sources = MappingProxyType({}),
        files: Mapping[str, str] = MappingProxyType({}),
        pictures: Sequence[str] = (),
    ) -> None:
        self.row, self.step, self.run, self.writer = row, step, run, writer
        self.sources, self.pictures = sources, pictures
        self.worker = run.worker
        self._unshown = [
            types.image_delta(row.id, index=index, file_id=file_id) for index, file_id in enumerate(pictures)
        ]
        self.parser: MarkerReader | AnnotationParser | None = None  # none: the text is added as it comes
        if files:
            self.parser = AnnotationParser(sources, files)
        elif sources:
            self.parser = MarkerReader(sources)
        self.throttle = Throttle(self._publish)
        self._pieces: list[str] = []
        self._length = 0  # in characters, as the places of annotations are counted
        self._annotations: list[dict[str, Any]] = []
        self._refusal: list[str] = []
        self.refusal_throttle = Throttle(self._publish_refusal)

    @property
    def content(self) -> list[dict[str, Any]]:
        """The ``content`` of the message so far."""
        pictures = [{"type": "image_file", "image_file": {"file_id": file_id}} for file_id in self.pictures]
        text = [text_part("".join(self._pieces), list(self._annotations))] if self._pieces else []
        refusal = [{"type": "refusal", "refusal": "".join(self._refusal)}] if self._refusal else []
        return [*pictures, *text, *refusal]

    def partial(self) -> PartialMessage:
        """Return what the row writer may save now."""
        return PartialMessage(self.row, self.run, content=self.content, seq=self.run.seq, worker=self.worker)

    def show_pictures(self) -> None:
        """Publish the pictures, with which the message begins, unless they came with the text."""
        if not self._unshown:
            return
        for delta in self._unshown:
            publish_delta(self.run, types.MESSAGE_DELTA, delta)
        self._unshown = []
        self.writer.note(self.row, self.partial)

    def add(self, text: str) -> None:
        """Add a piece of text, which may be half of a citation or a link."""
        if self._refusal:
            self.refuse(text)
        elif self.parser is None:
            self.throttle.add(text)
        else:
            # The parsers copy what they hold back, which a megabyte of half links makes slow.
            for start in range(0, len(text), PARSED_AT_ONCE):
                self._add_pieces(self.parser.feed(text[start : start + PARSED_AT_ONCE]))
        self.show_pictures()

    def refuse(self, text: str) -> None:
        """Add a piece of the words with which the model refuses to answer: a part of its own, after the text."""
        self._end_text()
        self.refusal_throttle.add(text)
        self.show_pictures()

    def add_empty_text(self) -> None:
        """Let the message have a text, which is empty."""
        self.throttle.add("")

    def finish(self) -> None:
        """Publish all that waits and put the content into ``row``, which is about to be saved: the text has ended."""
        self._end_text()
        self.refusal_throttle.flush()
        self.writer.forget(self.row)
        self.row.content = self.content

    def _end_text(self) -> None:
        if self.parser is not None:
            self._add_pieces(self.parser.rest())
        self.throttle.flush()

    async def cite_what_supports(self) -> None:
        """Cite the sources on which the whole text seems to rest, if it cites nothing itself."""
        if self.parser is None:
            return
        self._end_text()
        if any(annotation["type"] == "file_citation" for annotation in self._annotations):
            return
        for place in await asyncio.to_thread(supporting_sources, "".join(self._pieces), self.sources):
            source = self.sources[place]
            self._add_pieces([" ", Citation(marker(place, source.file_name), source.file_id)])

    def _add_pieces(self, pieces: Iterable[TextPiece]) -> None:
        for piece in pieces:
            if isinstance(piece, str):
                self.throttle.add(piece)
            else:
                self.throttle.flush()
                self._publish(piece.text, annotations=[self._annotate(piece)])

    def _annotate(self, piece: Citation | FileLink) -> dict[str, Any]:
        """Keep the annotation of a citation or link that comes next. Return it as a delta shows it."""
        kind = "file_citation" if isinstance(piece, Citation) else "file_path"
        annotation = {
            "type": kind,
            "text": piece.text,
            "start_index": self._length,
            "end_index": self._length + len(piece.text),
            kind: {"file_id": piece.file_id},
        }
        self._annotations.append(annotation)
        return types.annotation_delta(annotation, index=len(self._annotations) - 1)

    def _publish(self, text: str, *, annotations: Sequence[Mapping[str, Any]] = ()) -> None:
        index, first = len(self.pictures), not self._pieces
        self._pieces.append(text)
        self._length += len(text)
        delta = types.message_delta(self.row.id, index=index, text=text, first=first, annotations=annotations)
        publish_delta(self.run, types.MESSAGE_DELTA, types.with_pictures(self._unshown, delta))
        self._unshown = []
        self.throttle.published_at = asyncio.get_running_loop().time()
        self.writer.note(self.row, self.partial)

    def _publish_refusal(self, text: str) -> None:
        self._refusal.append(text)
        index = len(self.pictures) + bool(self._pieces)
        publish_delta(self.run, types.MESSAGE_DELTA, types.refusal_delta(self.row.id, index=index, text=text))
        self.refusal_throttle.published_at = asyncio.get_running_loop().time()
        self.writer.note(self.row, self.partial)
