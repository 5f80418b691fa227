"""Links to files of the code interpreter in an answer (reference, section 5): ``sandbox:/mnt/data/out.csv``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

SCHEME = "sandbox:"
_GOES_ON = re.compile(r"[\w/-]|\.\w")  # after a name, so that it is the beginning of another
FOLDER = "/mnt/data"


@dataclass(frozen=True, slots=True)
class FileLink:
    """A link in the text of an answer, to a file that is there."""

    text: str
    file_id: str


def link_to(name: str) -> str:
    """``name`` is a path from ``/mnt/data``."""
    return f"{SCHEME}{FOLDER}/{name}"


class LinkReader:
    """Finds links to known files in a text that comes in pieces: what may become one is held back until it is certain.

    ``files`` are ids of files by their names; a name may stand in an address with its blanks escaped.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self.links = {link_to(form): id for name, id in files.items() for form in (name, quote(name))}
        self.buffer = ""

    def feed(self, text: str) -> Iterator[str | FileLink]:
        """Yield what is certain now that ``text`` has come: texts, never empty, and links."""
        if not self.links:
            yield text
            return
        self.buffer += text
        while self.buffer:
            certain = self.buffer[: self._begin()]
            self.buffer = self.buffer[len(certain) :]
            if certain:
                yield certain
            if self._may_become_more():
                return
            yield self._first()

    def rest(self) -> Iterator[str | FileLink]:
        """Yield what was held back: the text has ended."""
        while self.buffer:
            yield self._first()

    def _begin(self) -> int:
        """Where a link begins, or may begin once more has come."""
        if (start := self.buffer.find(SCHEME)) >= 0:
            return start
        longest = min(len(SCHEME) - 1, len(self.buffer))
        part = next((size for size in range(longest, 0, -1) if SCHEME.startswith(self.buffer[-size:])), 0)
        return len(self.buffer) - part

    def _may_become_more(self) -> bool:
        """Return whether later text decides; True for an empty buffer."""
        if any(len(link) >= len(self.buffer) and link.startswith(self.buffer) for link in self.links):
            return True
        return self.buffer.endswith(".") and self.buffer[:-1] in self.links

    def _first(self) -> str | FileLink:
        """The link with which the held text begins, else its first characters. A name that goes on is another one."""
        whole = [link for link in self.links if self.buffer.startswith(link)]
        link = max((one for one in whole if not _GOES_ON.match(self.buffer, len(one))), key=len, default="")
        piece = link or self.buffer[: len(SCHEME)]
        self.buffer = self.buffer[len(piece) :]
        return FileLink(link, self.links[link]) if link else piece
