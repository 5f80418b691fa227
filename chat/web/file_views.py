"""Files: attach one, look at one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from chat.actions import files
from chat.actions.files import IMAGE_TYPES
from chat.errors import InvalidRequest, NotFound, Refusal
from chat.web.doors import PersonRequest, door

if TYPE_CHECKING:
    Upload = UploadedFile[bytes]

SANDBOX = "default-src 'none'; sandbox"


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
            taken.append(files.create(request.user, upload=cast("Upload", each)))
        except Refusal as refusal:
            refused.append(refusal.message)
    return render(request, "chat/attachments.html", {"files": taken, "refused": refused})


@require_safe
@door
def download(request: PersonRequest, file_id: str) -> HttpResponseBase:
    """A picture is shown, anything else is saved; neither can run anything here."""
    file = files.get(request.user, file_id)
    is_picture = file.content_type in IMAGE_TYPES.values()
    try:
        content = file.content.open("rb")
    except FileNotFoundError:
        raise NotFound(_("The file is no longer stored.")) from None
    answer = FileResponse(
        content,
        as_attachment=not is_picture,
        filename=file.filename,
        content_type=file.content_type if is_picture else "application/octet-stream",
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = SANDBOX
    answer["Cache-Control"] = "private, max-age=3600"
    return answer
