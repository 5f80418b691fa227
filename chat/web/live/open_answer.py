"""An answer that is being written, as one page follows it, and the deltas of its text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.safestring import SafeString

from chat.actions.conversation.citations import Numbering, flatten_content
from chat.events import types
from chat.events.types import Event
from chat.models.api_objects.objects import Object
from chat.models.resource_uses import pictures_in
from chat.models.threads import texts_of
from chat.web.markdown import BlockStream
from chat.web.timeline.cited_sources import citation_marks, file_links


@dataclass(frozen=True, slots=True)
class MessageDelta:
    """More of a message: ``annotations`` have offsets in the whole message's text, ``pictures`` are ids of files."""

    text: str
    annotations: Sequence[Object] = ()
    pictures: Sequence[str] = ()


def message_deltas(events: Iterable[Event]) -> dict[str, MessageDelta]:
    """Return what ``events`` add to each message, by its id."""
    parts: dict[str, list[Object]] = {}
    for event in events:
        if event.name == types.MESSAGE_DELTA:
            parts.setdefault(event.data["id"], []).extend(event.data["delta"]["content"])
    deltas = {}
    for id, content in parts.items():
        texts = [part["text"] for part in content if part["type"] == "text"]
        deltas[id] = MessageDelta(
            "".join(texts_of(content)),
            [annotation for text in texts for annotation in text.get("annotations") or ()],
            pictures_in(content) if len(texts) < len(content) else (),
        )
    return deltas


@dataclass(slots=True)
class OpenAnswer:
    """An answer as a page has it: blocks of HTML, with chips for citations; behind them the open end, a plain text."""

    numbering: Numbering  # of the citations: an answer cites nothing but its run's searches
    stream: BlockStream = field(default_factory=BlockStream)
    pictures: list[str] = field(default_factory=list)  # ids of files
    length: int = 0  # of the text so far

    def add(self, delta: MessageDelta) -> list[SafeString]:
        """Add more text and pictures. Return the blocks that this closed."""
        self.length += len(delta.text)
        self.pictures += delta.pictures
        if not delta.annotations:
            return self.stream.feed(delta.text)
        marks = citation_marks(self.numbering.add(delta.annotations))
        return self.stream.feed(delta.text, marks, file_links(delta.annotations))

    def catch_up(self, content: Sequence[Object]) -> list[SafeString]:
        """Add what is missing of the message's ``content``. Return the blocks that this closed."""
        text, annotations = flatten_content(content)
        new = [each for each in annotations if each["start_index"] >= self.length]
        return self.add(MessageDelta(text[self.length :], new, pictures_in(content)[len(self.pictures) :]))
