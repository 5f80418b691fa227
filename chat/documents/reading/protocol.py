"""The protocol between the child and the server: JSON lines, each a section, the summary or a refusal."""

from __future__ import annotations

import msgspec

from chat.documents.sections import Section, Summary

SECTION_CHARACTERS = 1 << 16
"""Longer sections are sent in pieces."""

LINE_BYTES = 1 << 20
"""Room for a section of the longest characters."""


class Refused(msgspec.Struct):
    """The document is unreadable; the fields are those of ``Unreadable``. ``cause`` is for our log only."""

    message: str
    code: str
    cause: str = ""


class Line(msgspec.Struct, omit_defaults=True):
    """One of its fields is set. ``summary`` and ``refused`` come last."""

    section: Section | None = None
    summary: Summary | None = None
    refused: Refused | None = None


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Line).decode
