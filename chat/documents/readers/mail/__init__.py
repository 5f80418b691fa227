"""E-mail as programs send it (``.eml``, RFC 5322 and MIME), by the standard library."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_binary_file, policy
from email.message import EmailMessage, Message
from pathlib import Path

from chat.documents import charsets
from chat.documents.readers.mail.text import Mail, mail_sections
from chat.documents.sections import Notice, Section
from chat.errors import Unreadable

_SAMPLE = 1 << 16
"""Bytes whose letters tell the encoding of a body that does not name it."""

_HEADERS = ("From", "To", "Cc", "Date", "Subject")


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the message at ``path``. Raise ``Unreadable`` if it has none of the headers of a message."""
    with path.open("rb") as file:
        message = message_from_binary_file(file, policy=policy.default)
    headers = {name: value for name in _HEADERS if (value := _header(message, name))}
    if not headers:
        raise Unreadable("The file is not an e-mail message, though its name says so.")
    texts: dict[str, str] = {}
    attachments = []
    for part in _parts(message):
        kind = part.get_content_type()
        if part.is_attachment() or kind not in ("text/plain", "text/html"):
            attachments.append(_name(part) or kind)
        else:
            texts[kind] = texts.get(kind, "") + _content(part)
    yield from mail_sections(Mail(headers, texts.get("text/plain", ""), texts.get("text/html", ""), attachments))


def _header(message: Message, name: str) -> str:
    """Return a header in one line, decoded; ``""`` if there is none, or nothing can be made of it."""
    try:
        return " ".join(str(message.get(name, "")).split())
    except Exception:  # the parser of addresses stumbles over many a malformed one
        return ""


def _parts(message: Message) -> Iterator[EmailMessage]:
    """Yield the parts that contain no others; of a message within the message only itself. Not by recursion."""
    waiting: list[object] = [message]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, EmailMessage):
            continue
        content = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(content, list):
            waiting += reversed(content)
        else:
            yield part


def _name(part: EmailMessage) -> str:
    """Return the name of an attached file, or the subject of an attached message."""
    content = part.get_payload()
    inner = content[0] if isinstance(content, list) and content else None
    return _header(inner, "Subject") if isinstance(inner, Message) else part.get_filename() or ""


def _content(part: EmailMessage) -> str:
    """Return the text of a part, in the encoding that it declares or looks like."""
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    for name in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return content.decode(name)
        except (LookupError, UnicodeError):
            continue
    return content.decode(charsets.guess(content[:_SAMPLE])[0], "replace")
