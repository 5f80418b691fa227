"""Views of files: upload one for the composer, and fetch one's own. The chips of files in the composer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from chat.actions.conversation import attachments
from chat.actions.conversation.attachments import FOR_CODE
from chat.actions.files import files
from chat.documents.formats import extension
from chat.downloads import download_response
from chat.errors import InvalidRequest, Refusal
from chat.models import File
from chat.models.files import IMAGE_TYPES
from chat.web.decorators import SignedInRequest, signed_in_page

MOST_FILES = 20  # of one message

if TYPE_CHECKING:
    Upload = UploadedFile[bytes]


@require_POST
@signed_in_page
def upload(request: SignedInRequest) -> HttpResponse:
    """Store files that were picked, dropped or pasted. Return a chip for each, or why it was refused."""
    uploads = request.FILES.getlist("upload")
    if not uploads:
        raise InvalidRequest(_("Choose a file first."), param="upload")
    stored, refused = [], []
    for each in uploads:
        try:
            stored.append(attachments.create_attachable(request.user, upload=cast("Upload", each)))
        except Refusal as refusal:
            refused.append(refusal.message)
    return render(request, "chat/attachments.html", {"chips": attachment_chips(stored), "refusals": refused})


@require_safe
@signed_in_page
def chips(request: SignedInRequest) -> HttpResponse:
    """Return chips for those of the files ``?file=`` that are still there, for a composer whose draft names them."""
    kept = files.get_present(request.user, request.GET.getlist("file")[:MOST_FILES])
    return render(request, "chat/attachments.html", {"chips": attachment_chips(kept)})


@require_safe
@signed_in_page
def download(request: SignedInRequest, file_id: str) -> HttpResponseBase:
    """Return a file: a picture to be shown, anything else to be saved. Neither can run anything here."""
    file = files.get(request.user, file_id)
    is_picture = file.content_type in IMAGE_TYPES.values()
    content_type = file.content_type if is_picture else "application/octet-stream"
    response = download_response(request, file, as_attachment=not is_picture, content_type=content_type)
    response["Cache-Control"] = "private, max-age=3600"
    return response


@require_POST
@signed_in_page
def discard(request: SignedInRequest, file_id: str) -> HttpResponse:
    """Delete a file that was taken off the composer, unless it was sent all the same."""
    files.discard(request.user, file_id)
    return HttpResponse(status=204)


@dataclass(frozen=True, slots=True)
class AttachmentChip:
    """A file in the composer. ``becomes`` says what it is used for; empty for a picture, which is seen as it is."""

    file: File
    becomes: str


def attachment_chips(files: Iterable[File]) -> list[AttachmentChip]:
    chips = []
    for file in files:
        use = _("for code") if extension(file.filename) in FOR_CODE else _("will be read")
        chips.append(AttachmentChip(file, "" if file.is_image else use))
    return chips
