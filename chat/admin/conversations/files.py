"""The files and pictures of messages and runs, served to staff who may read these."""

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
from chat.models.files import IMAGE_TYPES
from chat.models.resource_uses import linked_files, pictures_in

OCTET_STREAM = "application/octet-stream"


def message_file_ids(message: Message) -> list[str]:
    """Return the ids of the files that ``message`` shows as pictures, links to or has attached, each once."""
    linked = linked_files(message.content)
    attached = [attachment["file_id"] for attachment in message.attachments if attachment.get("file_id")]
    return list(dict.fromkeys([*pictures_in(message.content), *linked, *attached]))


def existing_files(thread: Thread, ids: Iterable[str]) -> dict[str, File]:
    """Return those of ``ids`` that exist and belong to the thread's owner, by id."""
    return File.objects.there().filter(owner=thread.owner_id).in_bulk(list(ids), field_name="id")


def is_picture(file: File) -> bool:
    return file.content_type in IMAGE_TYPES.values()


def file_url_pattern(
    admin: ModelAdmin[Any], *, thread_of: Callable[[Any], Thread], has_file: Callable[[Any, str], bool]
) -> URLPattern:
    """Return the URL pattern ``chat_…_file`` of ``admin``, at which the files of a row are served.

    ``thread_of`` returns the thread of a row, and ``has_file`` whether a file with that id is the row's.
    """

    def view(request: HttpRequest, pk: int, file_id: str) -> HttpResponseBase:
        row = admin.get_object(request, str(pk))
        if not admin.has_view_permission(request, row):
            raise PermissionDenied
        if row is None or not has_file(row, file_id):
            raise Http404
        return serve_file(request, row, thread=thread_of(row), file_id=file_id)

    name = f"chat_{admin.opts.model_name}_file"
    wrapped = cast("Callable[..., HttpResponseBase]", admin.admin_site.admin_view(require_safe(view)))
    return path("<int:pk>/files/<str:file_id>/", wrapped, name=name)


def serve_file(request: HttpRequest, row: Thread | Run, *, thread: Thread, file_id: str) -> HttpResponseBase:
    """Return a picture to be shown, or any other file to be saved, and note in the history of ``row`` who read it."""
    if not may_read(request, thread):
        raise PermissionDenied
    file = existing_files(thread, [file_id]).get(file_id)
    if file is None:
        raise Http404
    log_thread_access(request, row, thread=thread, once_in=ONE_VISIT)
    # Only pictures keep their type: nothing else may be opened, let alone run, under this address.
    picture = is_picture(file)
    try:
        return download_response(
            request, file, as_attachment=not picture, content_type=file.content_type if picture else OCTET_STREAM
        )
    except NotFound:
        raise Http404 from None


def run_file_ids(run: Run) -> set[str]:
    """Return the ids of the pictures and files that code made in ``run``."""
    return set(ResourceUse.objects.filter(step__run=run).values_list("resource_id", flat=True))


def run_has_file(run: Run, file_id: str) -> bool:
    return ResourceUse.objects.filter(step__run=run, resource_id=file_id).exists()


def thread_has_file(thread: Thread, file_id: str) -> bool:
    """Return whether a message of ``thread`` shows, links to or has the file attached; citing it is not enough."""
    messages = thread.messages.filter(resource_uses__resource_id=file_id)
    return any(file_id in message_file_ids(message) for message in messages)
