"""Files with nothing in them, for tests that only need their rows."""

from __future__ import annotations

from chat.models import File, User


def file_of(owner: User, filename: str = "notes.txt") -> File:
    return File.objects.create(owner=owner, filename=filename, content_type="text/plain", bytes=5)


def ids_of(owner: User, count: int) -> list[str]:
    """The ids of ``count`` new files."""
    return [file_of(owner, f"{number}.txt").id for number in range(count)]
