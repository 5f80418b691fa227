"""Files in the composer, and what will become of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from chat.actions.conversation.attachments import FOR_CODE
from chat.documents.formats import extension
from chat.models import File


@dataclass(frozen=True, slots=True)
class Chip:
    """``becomes`` is empty for a picture, which is seen as it is."""

    file: File
    becomes: str


def chips(files: Iterable[File]) -> list[Chip]:
    return [Chip(file, _becomes(file)) for file in files]


def _becomes(file: File) -> str:
    if file.is_image:
        return ""
    return _("for code") if extension(file.filename) in FOR_CODE else _("will be read")
