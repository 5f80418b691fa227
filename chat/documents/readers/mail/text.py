"""E-mail as text, whatever the form of its file: who wrote what to whom and when, the message, what was attached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from chat.documents.readers.html import page_sections
from chat.documents.sections import Notice, Section, as_paragraphs

_MOST_NAMED = 20
"""Attachments that a notice names."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message. Of ``text`` and ``page``, its HTML, one may be empty; the text is read if it has words."""

    headers: Mapping[str, str]
    text: str
    page: str
    attachments: Sequence[str]  # their names


def mail_sections(mail: Mail) -> Iterator[Section | Notice]:
    """Yield the message under its subject, and a notice that names the attachments, which are not read."""
    subject = mail.headers.get("Subject", "")
    lines = [f"{name}: {value}" for name, value in mail.headers.items() if value]
    lines += [f"Attachment: {name}" for name in mail.attachments]
    yield Section(None, subject, as_paragraphs("\n".join(lines)))
    if mail.text.strip():
        yield Section(None, subject, as_paragraphs(mail.text))
    else:
        for section in page_sections(mail.page):
            yield replace(section, heading=section.heading or subject)
    if mail.attachments:
        others = len(mail.attachments) - _MOST_NAMED
        named = ", ".join(mail.attachments[:_MOST_NAMED]) + f" and {others} more" * (others > 0)
        yield Notice(f"What is attached to the message was not read: {named}.")
