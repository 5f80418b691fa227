"""The files of an assistant's code interpreter in its form: which of them staff see and may choose, and uploads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat.actions.files import files
from chat.admin.shared.permissions import may_read_all
from chat.models import Assistant, Audience, File
from chat.providers.tool_names import CODE_INTERPRETER

MAX_OFFERED = 50  # other files of the owner, the newest


def file_ids_in(resources: dict[str, dict[str, list[str]]]) -> list[str]:
    """Return the ids of the code interpreter's files in ``tool_resources``."""
    return resources.get(CODE_INTERPRETER, {}).get("file_ids", [])


def files_of(assistant: Assistant) -> list[File]:
    """Return the files that still exist, in the assistant's order."""
    return files.get_present(assistant.owner, file_ids_in(assistant.tool_resources))


def are_private(request: HttpRequest, assistant: Assistant) -> bool:
    """Return whether the files are another person's own, so that the staff member may not see their names."""
    if assistant.audience != Audience.OWNER:
        return False  # who may use an assistant can have it list its files, so they are no secret
    return assistant.owner_id != request.user.pk and not may_read_all(request)


def further_files(request: HttpRequest, assistant: Assistant, *, besides: Iterable[File]) -> list[File]:
    """Return further files of the owner that the staff member may choose; for a new assistant, their own."""
    owner: Any = assistant.owner if assistant.owner_id else request.user
    if owner.pk != request.user.pk and not may_read_all(request):
        return []
    others = files.of_user(owner).filter(purpose="assistants").exclude(pk__in=[file.pk for file in besides])
    return list(others.order_by("-created_at", "-number")[:MAX_OFFERED])


def file_label(file: File) -> str:
    return f"{file.filename} ({filesizeformat(file.bytes)})"


def private_files_label(files: Sequence[File]) -> str:
    """Return how many ``files`` there are, in place of their names; empty for none."""
    if not files:
        return ""
    label = ngettext("%(count)d private file of the owner", "%(count)d private files of the owner", len(files))
    return label % {"count": len(files)}


class MultipleFileInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class MultipleFileField(forms.FileField):
    """Any number of uploads, none of them empty or over EVERTHREAD_MAX_UPLOAD_MB. Cleans to a list of them."""

    widget = MultipleFileInput

    def clean(self, data: Any, initial: Any = None) -> Sequence[Any]:
        return [self._clean_upload(each) for each in data or []]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)

    def _clean_upload(self, data: Any) -> Any:
        upload = super().clean(data)
        if upload.size > settings.EVERTHREAD_MAX_UPLOAD_MB * 1024 * 1024:
            values = {"name": upload.name, "most": settings.EVERTHREAD_MAX_UPLOAD_MB}
            raise ValidationError(_("The file “%(name)s” is too large: at most %(most)d MB.") % values)
        return upload
