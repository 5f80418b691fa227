"""An answer that is being written, as the page follows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.utils.safestring import SafeString

from chat.actions.conversation.citations import Numbering, Search, flat
from chat.models.objects import Object
from chat.web.live.deltas import Said
from chat.web.markdown import BlockStream, with_numbers
from chat.web.timeline.cited_sources import marks_of
from chat.web.timeline.generated_files import links_of, pictures_in


class Writing:
    """Its pictures, its closed blocks, with chips for what it cites, and its open end. ``searches`` are those of its
    run.
    """

    def __init__(self, searches: Sequence[Search] = ()) -> None:
        self.stream = BlockStream()
        self.numbering = Numbering(searches)
        self.pictures: list[str] = []  # ids of files
        self.length = 0  # of the text so far
        self.grown = ""  # what was added last, as the open end shows it

    @property
    def blocks(self) -> list[SafeString]:
        return self.stream.blocks

    @property
    def tail(self) -> str:
        return self.stream.tail

    def add(self, said: Said) -> list[SafeString]:
        """More of it. Returns the blocks that it closed."""
        marks = marks_of(self.numbering.take(said.annotations))
        begin, self.length = self.length, self.length + len(said.text)
        inside = [replace(mark, start=mark.start - begin, end=mark.end - begin) for mark in marks]
        self.grown = with_numbers(said.text, inside)
        self.pictures += said.pictures
        return self.stream.feed(said.text, marks, links_of(said.annotations))

    def catch_up(self, content: Sequence[Object]) -> list[SafeString]:
        """All of the message's ``content``, of which some is there already. Returns the blocks that the rest closed."""
        text, annotations = flat(content)
        new = [each for each in annotations if each["start_index"] >= self.length]
        return self.add(Said(text[self.length :], new, pictures_in(content)[len(self.pictures) :]))
