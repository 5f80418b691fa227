"""What a message is made of when a program sends it: parts and attachments, checked and in the form that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chat.actions.files import files
from chat.actions.knowledge import enqueue
from chat.errors import InvalidRequest
from chat.models import User
from chat.models.objects import Object
from chat.models.threads import MAX_TEXT, text_part
from chat.providers.tool_names import FILE_SEARCH

ADDRESSES = ("https://", "http://", "data:image/")


def checked(user: User, *, content: str | Sequence[Object], attachments: Sequence[Object]) -> dict[str, Any]:
    """``content`` and ``attachments`` as columns of a message. A plain string is one text part.

    ``content`` has parts ``{"type": "text", "text": str}``, ``{"type": "image_file", "image_file": {"file_id", …}}`` or
    ``{"type": "image_url", "image_url": {"url", …}}``. Raises ``InvalidRequest`` for an empty or too long message and
    for an attachment that no tool of it can read, and ``NotFound`` for a file that is not the user's.
    """
    given = [{"type": "text", "text": content}] if isinstance(content, str) else content
    parts = [_part(user, part, param=f"content[{place}]") for place, part in enumerate(given)]
    texts = [part["text"]["value"] for part in parts if part["type"] == "text"]
    if not parts or (len(texts) == len(parts) and not "".join(texts).strip()):
        raise InvalidRequest("Message content must be non-empty.", param="content")
    if (length := sum(map(len, texts))) > MAX_TEXT:
        raise InvalidRequest(
            f"Invalid 'content': string too long. Expected a string with maximum length {MAX_TEXT}, but got a string"
            f" with length {length} instead.",
            param="content",
            code="string_above_max_length",
        )
    _check_attachments(user, attachments)
    return {"content": parts, "attachments": list(attachments)}


def _check_attachments(user: User, attachments: Sequence[Object]) -> None:
    """A file that cannot be searched may be attached for the code interpreter, and then for the search too: programs
    of the first API attach for every tool.
    """
    named = [attachment for attachment in attachments if attachment.get("file_id")]
    found = {file.id: file for file in files.get_all(user, [attachment["file_id"] for attachment in named])}
    tools = [{tool["type"] for tool in attachment.get("tools") or []} for attachment in named]
    only_searched = [found[one["file_id"]] for one, used in zip(named, tools, strict=True) if used == {FILE_SEARCH}]
    enqueue.check_searchable(only_searched, param="attachments")


def _part(user: User, part: Object, *, param: str) -> Object:
    if part["type"] == "text":
        return text_part(part["text"].replace("\x00", ""))
    if part["type"] == "image_file":
        file = files.get(user, part["image_file"]["file_id"])
        if not file.is_image:
            raise InvalidRequest(f"The file {file.id!r} is not an image.", param=param)
    elif not part["image_url"]["url"].startswith(ADDRESSES):
        raise InvalidRequest("An image's address must begin with https://, http:// or data:image/.", param=param)
    kind = part["type"]
    return {"type": kind, kind: part[kind] | {"detail": part[kind].get("detail") or "auto"}}
