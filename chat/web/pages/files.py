"""Files: attach one, look at one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from chat.actions.conversation import attachments
from chat.actions.files import files
from chat.downloads import download
from chat.errors import InvalidRequest, Refusal
from chat.models.storing import IMAGE_TYPES
from chat.web.decorators import PersonRequest, door
from chat.web.pages.attachment_chips import chips

if TYPE_CHECKING:
    Upload = UploadedFile[bytes]


@require_POST
@door
def upload(request: PersonRequest) -> HttpResponse:
    """Keep files that were picked, dropped or pasted; each answers with a chip for the composer, or why not."""
    given = request.FILES.getlist("upload")
    if not given:
        raise InvalidRequest(_("Choose a file first."), param="upload")
    taken, refused = [], []
    for each in given:
        try:
            taken.append(attachments.take(request.user, upload=cast("Upload", each)))
        except Refusal as refusal:
            refused.append(refusal.message)
    return render(request, "chat/attachments.html", {"chips": chips(taken), "refused": refused})


@require_safe
@door
def show(request: PersonRequest, file_id: str) -> HttpResponseBase:
    """A picture is shown, anything else is saved; neither can run anything here."""
    file = files.get(request.user, file_id)
    is_picture = file.content_type in IMAGE_TYPES.values()
    content_type = file.content_type if is_picture else "application/octet-stream"
    answer = download(request, file, as_attachment=not is_picture, content_type=content_type)
    answer["Cache-Control"] = "private, max-age=3600"
    return answer


@require_POST
@door
def discard(request: PersonRequest, file_id: str) -> HttpResponse:
    """A file was taken off the composer; one that was sent all the same stays."""
    files.discard(request.user, file_id)
    return HttpResponse(status=204)
