"""An answer that is being written, as the page follows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.utils.safestring import SafeString

from chat.actions.citations import Numbering, Search, flat
from chat.models.objects import Object
from chat.web.markdown import BlockStream, with_numbers
from chat.web.sources import marks_of


class Writing:
    """Its closed blocks, with chips for what it cites, and its open end. ``searches`` are those of its run."""

    def __init__(self, searches: Sequence[Search] = ()) -> None:
        self.stream = BlockStream()
        self.numbering = Numbering(searches)
        self.length = 0  # of the text so far
        self.grown = ""  # what was added last, as the open end shows it

    @property
    def blocks(self) -> list[SafeString]:
        return self.stream.blocks

    @property
    def tail(self) -> str:
        return self.stream.tail

    def add(self, text: str, annotations: Iterable[Object] = ()) -> list[SafeString]:
        """More text, with annotations whose offsets are those of all text. Returns the blocks that it closed."""
        marks = marks_of(self.numbering.take(annotations))
        begin, self.length = self.length, self.length + len(text)
        inside = [replace(mark, start=mark.start - begin, end=mark.end - begin) for mark in marks]
        self.grown = with_numbers(text, inside)
        return self.stream.feed(text, marks)

    def catch_up(self, content: Iterable[Object]) -> list[SafeString]:
        """All of the message's ``content``, of which some is there already. Returns the blocks that the rest closed."""
        text, annotations = flat(content)
        new = [each for each in annotations if each["start_index"] >= self.length]
        return self.add(text[self.length :], new)
