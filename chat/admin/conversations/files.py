"""Files and pictures of a thread on the pages of staff, who get them only where they may read what was said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from chat.admin.shared.history import ONE_VISIT, log_thread_access
from chat.admin.shared.permissions import may_read
from chat.downloads import download_response
from chat.errors import NotFound
from chat.models import File, Message, ResourceUse, Run, Thread
from chat.models.resource_uses import attached_in, pictures_in
from chat.models.storing import IMAGE_TYPES

UNKNOWN = "application/octet-stream"


def in_message(message: Message) -> list[str]:
    """The ids of the files that ``message`` shows, names or brings along, each once."""
    named = [
        annotation["file_path"]["file_id"]
        for part in message.content
        if part["type"] == "text"
        for annotation in part["text"]["annotations"]
        if annotation["type"] == "file_path"
    ]
    return list(dict.fromkeys([*pictures_in(message.content), *named, *attached_in(message.attachments)]))


def present(thread: Thread, ids: Iterable[str]) -> dict[str, File]:
    """Those of ``ids`` that are still there, by id. A file of another than the thread's owner is never among them."""
    return File.objects.there().filter(owner=thread.owner_id).in_bulk(list(ids), field_name="id")


def is_picture(file: File) -> bool:
    return file.content_type in IMAGE_TYPES.values()


def address(admin: ModelAdmin[Any], *, of: Callable[[Any], Thread], has: Callable[[Any, str], bool]) -> URLPattern:
    """Where the files are served of a row of ``admin``: of the thread ``of`` it, those that the row ``has``."""

    def view(request: HttpRequest, pk: int, file_id: str) -> HttpResponseBase:
        row = admin.get_object(request, str(pk))
        if not admin.has_view_permission(request, row):
            raise PermissionDenied
        if row is None or not has(row, file_id):
            raise Http404
        return serve(request, row, thread=of(row), file_id=file_id)

    name = f"chat_{admin.opts.model_name}_file"
    wrapped = cast("Callable[..., HttpResponseBase]", admin.admin_site.admin_view(require_safe(view)))
    return path("<int:pk>/files/<str:file_id>/", wrapped, name=name)


def serve(request: HttpRequest, row: Thread | Run, *, thread: Thread, file_id: str) -> HttpResponseBase:
    """A picture is shown, anything else is saved; neither can run anything here."""
    if not may_read(request, thread):
        raise PermissionDenied
    file = present(thread, [file_id]).get(file_id)
    if file is None:
        raise Http404
    log_thread_access(request, row, thread=thread, once_in=ONE_VISIT)
    picture = is_picture(file)
    try:
        return download_response(
            request, file, as_attachment=not picture, content_type=file.content_type if picture else UNKNOWN
        )
    except NotFound:
        raise Http404 from None


def in_run(run: Run) -> set[str]:
    """The ids of the pictures and files that code made in ``run``."""
    return set(ResourceUse.objects.filter(step__run=run).values_list("resource_id", flat=True))


def is_in_run(run: Run, file_id: str) -> bool:
    return ResourceUse.objects.filter(step__run=run, resource_id=file_id).exists()


def is_in_thread(thread: Thread, file_id: str) -> bool:
    """Whether a message has it; one that only cites it does not."""
    naming = thread.messages.filter(resource_uses__resource_id=file_id)
    return any(file_id in in_message(message) for message in naming)
