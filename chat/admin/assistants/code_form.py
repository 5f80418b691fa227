"""The fields on running code in the form of an assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.actions.assistants.tool_resources import MAX_FILES
from chat.actions.files import files
from chat.admin.assistants import code_files
from chat.admin.assistants.code_files import MultipleFileField, file_label, private_files_label
from chat.admin.shared import sandbox_status
from chat.errors import ModelNotFound
from chat.models import Assistant, Audience, File, ToolUse, User
from chat.models.providers import resolve
from chat.providers.tool_names import CODE_INTERPRETER

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Assistant]
else:
    ModelForm = forms.ModelForm

FIELDS = ("run_code", "code_files", "new_code_files")
KEEP_ALL = "kept"  # the value of the choice that stands for all files of the assistant, where they are not named


class CodeForm(ModelForm):
    """The fields on running code. ``request`` is that of the staff member who fills it in."""

    request: HttpRequest

    run_code = forms.BooleanField(required=False, label=gettext_lazy("Run Python code"))
    code_files = forms.MultipleChoiceField(
        required=False,
        label=gettext_lazy("Files for it"),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "file-choice"}),
    )
    new_code_files = MultipleFileField(
        required=False,
        label=gettext_lazy("Upload files for it"),
        help_text=gettext_lazy("At most 20 files in all. They belong to the assistant’s owner."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "code_files" not in self.fields:  # someone who may only look has a form without fields
            return
        assistant = self.instance
        self.current_files = code_files.files_of(assistant) if assistant.pk else []
        self.files_are_private = bool(assistant.pk) and code_files.are_private(self.request, assistant)
        self.initial = {
            **self.initial,
            "run_code": has_code_interpreter(assistant),
            "code_files": [KEEP_ALL] if self.files_are_private else [file.id for file in self.current_files],
        }
        self.fields["run_code"].help_text = run_code_help(self.request, assistant)
        choice = self.fields["code_files"]
        assert isinstance(choice, forms.MultipleChoiceField)
        choice.choices = self._file_choices()
        if not choice.choices:
            choice.help_text = _("None yet.")

    def _file_choices(self) -> list[Any]:
        """Return the assistant's files, and in a group the owner's further files that the staff member sees."""
        current = [(file.id, file_label(file)) for file in self.current_files]
        if current and self.files_are_private:
            current = [(KEEP_ALL, private_files_label(self.current_files))]
        others = code_files.further_files(self.request, self.instance, besides=self.current_files)
        if not others:
            return current
        return [*current, (_("Other files of the owner"), [(file.id, file_label(file)) for file in others])]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.chosen_ids = self._ids_of_choices(data.get("code_files") or [])
        if owner := data.get("owner"):
            self._check_owner_of_files(owner)
            self._check_privacy_of_files(data)
        uploads = data.get("new_code_files") or []
        if len(self.chosen_ids) + len(uploads) > MAX_FILES:
            problem = _("At most %(most)d files, please.") % {"most": MAX_FILES}
            self.add_error("new_code_files" if uploads else "code_files", problem)
        return data

    def _ids_of_choices(self, values: list[str]) -> list[str]:
        current = [file.id for file in self.current_files] if KEEP_ALL in values else []
        return [*current, *(value for value in values if value != KEEP_ALL)]

    def _check_owner_of_files(self, owner: User) -> None:
        file = File.objects.filter(id__in=self.chosen_ids).exclude(owner=owner).select_related("owner").first()
        if file is None:
            return
        if self.files_are_private:
            self.add_error("code_files", _("These files belong to somebody else than the assistant. Choose others."))
            return
        values = {"file": file, "theirs": file.owner, "owner": owner}
        problem = _(
            "“%(file)s” belongs to %(theirs)s, but the assistant to %(owner)s. An assistant can work only with files of"
            " its own owner."
        )
        self.add_error("code_files", problem % values)

    def _check_privacy_of_files(self, data: dict[str, Any]) -> None:
        # Everyone who uses an assistant can have its code read its files.
        if data.get("audience") not in (None, Audience.OWNER) and self.files_are_private and self.chosen_ids:
            problem = _("Its code has private files of its owner. Take them away before others may use it.")
            self.add_error("audience", problem)

    def save(self, commit: bool = True) -> Assistant:
        assistant, data = self.instance, self.cleaned_data
        if not data["run_code"]:
            assistant.tools = [tool for tool in assistant.tools if tool["type"] != CODE_INTERPRETER]
        elif not has_code_interpreter(assistant):
            assistant.tools = [{"type": CODE_INTERPRETER}, *assistant.tools]
        # A list that was not touched stays as it is, with the ids of files that were deleted.
        if data["new_code_files"] or self.chosen_ids != [file.id for file in self.current_files]:
            others = {name: value for name, value in assistant.tool_resources.items() if name != CODE_INTERPRETER}
            ids = [*self.chosen_ids, *self._store_uploads(data["new_code_files"])]
            assistant.tool_resources = others | ({CODE_INTERPRETER: {"file_ids": ids}} if ids else {})
        return super().save(commit)

    def _store_uploads(self, uploads: list[Any]) -> list[str]:
        """Store the uploads as files of the owner, and return their ids. Raise ``StorageFull``, with none stored."""
        stored: list[File] = []
        try:
            for upload in uploads:
                stored.append(files.create(self.instance.owner, upload=upload))
        except BaseException:
            # Their rows go with the transaction.
            for file in stored:
                file.content.delete(save=False)
            raise
        return [file.id for file in stored]


def has_code_interpreter(assistant: Assistant) -> bool:
    """Return whether ``assistant`` has the code interpreter."""
    return any(tool["type"] == CODE_INTERPRETER for tool in assistant.tools)


def cannot_call_tools(name: str) -> bool:
    """Return whether the model that answers to ``name`` cannot call any tool."""
    try:
        return resolve(name).tool_use == ToolUse.NONE
    except ModelNotFound:
        return False


def run_code_help(request: HttpRequest, assistant: Assistant) -> str:
    """Return what the switch ``run_code`` does; and why it would have no effect now, if so."""
    text = _(
        "The assistant writes Python to calculate, to work with files and to draw charts. It runs in a sandbox, apart"
        " from this server and without network; files that are attached to the chat are there, and so are those below."
    )
    if assistant.pk and cannot_call_tools(assistant.model):
        text += " " + _("The model “%(name)s” cannot call tools, so it will not.") % {"name": assistant.model}
    reason = sandbox_status.unavailable_reason()
    if not reason:
        return format_html("{}", text)
    if not sandbox_status.may_view(request):
        return format_html('{} <strong class="sandbox-note">{}</strong>', text, reason)
    link = sandbox_status.page_url()
    return format_html(
        '{} <strong class="sandbox-note">{} <a href="{}">{}</a></strong>',
        text,
        reason,
        link,
        _("Status of the sandbox"),
    )
