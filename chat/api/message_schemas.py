"""The shapes of a message that a program sends, in a request or in a frame of the websocket."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from chat.api import schemas
from chat.models.threads import MAX_TEXT

Detail = Literal["auto", "low", "high"]
Text = Annotated[str, Field(max_length=MAX_TEXT)]


class ImageFile(schemas.Body):
    file_id: schemas.Id
    detail: Detail = "auto"


class ImageUrl(schemas.Body):
    url: Annotated[str, Field(min_length=1)]
    detail: Detail = "auto"


class TextPart(schemas.Body):
    type: Literal["text"]
    text: Text


class ImageFilePart(schemas.Body):
    type: Literal["image_file"]
    image_file: ImageFile


class ImageUrlPart(schemas.Body):
    type: Literal["image_url"]
    image_url: ImageUrl


Part = Annotated[TextPart | ImageFilePart | ImageUrlPart, Discriminator("type")]
Content = Annotated[
    Annotated[Text, Tag("string")] | Annotated[list[Part], Field(min_length=1), Tag("array")],
    Discriminator(lambda value: "array" if isinstance(value, list) else "string"),
]


class AttachmentTool(schemas.Body):
    type: Literal["code_interpreter", "file_search"]


class Attachment(schemas.Body):
    file_id: schemas.Id
    tools: list[AttachmentTool]


class NewMessage(schemas.Body):
    role: Literal["user", "assistant"]
    content: Content
    attachments: list[Attachment] | None = None
    metadata: schemas.Metadata | None = None
