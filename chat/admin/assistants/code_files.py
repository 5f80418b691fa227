"""The files that an assistant's code interpreter starts with: which of them staff see, and how they are chosen."""

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

OFFERED = 50  # other files of the owner, the newest


def ids_in(resources: dict[str, dict[str, list[str]]]) -> list[str]:
    """The ids of the files in ``tool_resources``."""
    return resources.get(CODE_INTERPRETER, {}).get("file_ids", [])


def files_of(assistant: Assistant) -> list[File]:
    """Those that are still there, in their order."""
    return files.get_present(assistant.owner, ids_in(assistant.tool_resources))


def are_private(request: HttpRequest, assistant: Assistant) -> bool:
    """Whether they are another person's own: then their names are not shown. Whoever may use an assistant can have it
    list its files, so those of a shared one are no secret.
    """
    own = assistant.owner_id == request.user.pk or assistant.audience != Audience.OWNER
    return not own and not may_read_all(request)


def others_of(request: HttpRequest, assistant: Assistant, *, besides: Iterable[File]) -> list[File]:
    """Further files of the owner that the staff member may choose; for a new assistant, their own."""
    owner: Any = assistant.owner if assistant.owner_id else request.user
    if owner.pk != request.user.pk and not may_read_all(request):
        return []
    found = files.listed(owner).filter(purpose="assistants").exclude(pk__in=[file.pk for file in besides])
    return list(found.order_by("-created_at", "-number")[:OFFERED])


def label_of(file: File) -> str:
    return f"{file.filename} ({filesizeformat(file.bytes)})"


def counted(private: Sequence[File]) -> str:
    """What is said of files that are not named; empty for none."""
    if not private:
        return ""
    told = ngettext("%(count)d private file of the owner", "%(count)d private files of the owner", len(private))
    return told % {"count": len(private)}


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class UploadsField(forms.FileField):
    """Any number of files, none of them empty or over EVERTHREAD_MAX_UPLOAD_MB."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> Sequence[Any]:
        return [self._cleaned(each) for each in data or []]

    def _cleaned(self, upload: Any) -> Any:
        taken = super().clean(upload)
        if taken.size > settings.EVERTHREAD_MAX_UPLOAD_MB * 1024 * 1024:
            told = {"name": taken.name, "most": settings.EVERTHREAD_MAX_UPLOAD_MB}
            raise ValidationError(_("The file “%(name)s” is too large: at most %(most)d MB.") % told)
        return taken
