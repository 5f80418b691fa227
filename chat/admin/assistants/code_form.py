"""The part of an assistant's form that is about running code."""

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
from chat.admin.assistants.code_files import UploadsField, counted, label_of
from chat.admin.shared import sandbox_status
from chat.errors import ModelNotFound
from chat.models import Assistant, Audience, File, ToolUse, User
from chat.models.providers import resolve
from chat.providers.tool_names import CODE_INTERPRETER

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Assistant]
else:
    ModelForm = forms.ModelForm

NAMES = ("run_code", "code_files", "new_code_files")
KEPT = "kept"  # stands for all files of the assistant, where they are not named


class CodeForm(ModelForm):
    """``request`` is that of the staff member who fills it in."""

    request: HttpRequest

    run_code = forms.BooleanField(required=False, label=gettext_lazy("Run Python code"))
    code_files = forms.MultipleChoiceField(
        required=False,
        label=gettext_lazy("Files for it"),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "file-choice"}),
    )
    new_code_files = UploadsField(
        required=False,
        label=gettext_lazy("Upload files for it"),
        help_text=gettext_lazy("At most 20 files in all. They belong to the assistant’s owner."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "code_files" not in self.fields:  # someone who may only look has a form without fields
            return
        assistant = self.instance
        self.present = code_files.files_of(assistant) if assistant.pk else []
        self.hidden = bool(assistant.pk) and code_files.are_private(self.request, assistant)
        self.initial = {
            **self.initial,
            "run_code": has_code(assistant),
            "code_files": [KEPT] if self.hidden else [file.id for file in self.present],
        }
        self.fields["run_code"].help_text = help_on_code(self.request, assistant)
        choice = self.fields["code_files"]
        assert isinstance(choice, forms.MultipleChoiceField)
        choice.choices = self._file_choices()
        if not choice.choices:
            choice.help_text = _("None yet.")

    def _file_choices(self) -> list[Any]:
        """What the assistant has, and what else the owner has that the staff member sees."""
        kept = [(file.id, label_of(file)) for file in self.present]
        if kept and self.hidden:
            kept = [(KEPT, counted(self.present))]
        others = code_files.others_of(self.request, self.instance, besides=self.present)
        if not others:
            return kept
        return [*kept, (_("Other files of the owner"), [(file.id, label_of(file)) for file in others])]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        self.chosen = self._chosen(found.get("code_files") or [])
        if owner := found.get("owner"):
            self._check_owner_of_files(owner)
            self._check_privacy_of_files(found)
        uploads = found.get("new_code_files") or []
        if len(self.chosen) + len(uploads) > MAX_FILES:
            told = _("At most %(most)d files, please.") % {"most": MAX_FILES}
            self.add_error("new_code_files" if uploads else "code_files", told)
        return found

    def _chosen(self, values: list[str]) -> list[str]:
        kept = [file.id for file in self.present] if KEPT in values else []
        return [*kept, *(value for value in values if value != KEPT)]

    def _check_owner_of_files(self, owner: User) -> None:
        theirs = File.objects.filter(id__in=self.chosen).exclude(owner=owner).select_related("owner").first()
        if theirs is None:
            return
        if self.hidden:
            self.add_error("code_files", _("These files belong to somebody else than the assistant. Choose others."))
            return
        told = {"file": theirs, "theirs": theirs.owner, "owner": owner}
        problem = _(
            "“%(file)s” belongs to %(theirs)s, but the assistant to %(owner)s. An assistant can work only with files of"
            " its own owner."
        )
        self.add_error("code_files", problem % told)

    def _check_privacy_of_files(self, found: dict[str, Any]) -> None:
        """Whoever uses an assistant can have its code read its files."""
        if found.get("audience") not in (None, Audience.OWNER) and self.hidden and self.chosen:
            problem = _("Its code has private files of its owner. Take them away before others may use it.")
            self.add_error("audience", problem)

    def save(self, commit: bool = True) -> Assistant:
        assistant, given = self.instance, self.cleaned_data
        if not given["run_code"]:
            assistant.tools = [tool for tool in assistant.tools if tool["type"] != CODE_INTERPRETER]
        elif not has_code(assistant):
            assistant.tools = [{"type": CODE_INTERPRETER}, *assistant.tools]
        # A list that nobody touched stays as it is, with what is gone of it.
        if given["new_code_files"] or self.chosen != [file.id for file in self.present]:
            resources = {name: kept for name, kept in assistant.tool_resources.items() if name != CODE_INTERPRETER}
            ids = [*self.chosen, *self._taken_in(given["new_code_files"])]
            assistant.tool_resources = resources | ({CODE_INTERPRETER: {"file_ids": ids}} if ids else {})
        return super().save(commit)

    def _taken_in(self, uploads: list[Any]) -> list[str]:
        """Raises ``StorageFull``; then nothing of them is left."""
        made: list[File] = []
        try:
            for upload in uploads:
                made.append(files.create(self.instance.owner, upload=upload))
        except BaseException:
            for file in made:
                file.content.delete(save=False)
            raise
        return [file.id for file in made]


def has_code(assistant: Assistant) -> bool:
    """Whether ``assistant`` may run code."""
    return any(tool["type"] == CODE_INTERPRETER for tool in assistant.tools)


def is_without_tools(name: str) -> bool:
    """Whether the model that answers to ``name`` cannot call any tool."""
    try:
        return resolve(name).tool_use == ToolUse.NONE
    except ModelNotFound:
        return False


def help_on_code(request: HttpRequest, assistant: Assistant) -> str:
    """What the switch does; and why it would do nothing now."""
    text = _(
        "The assistant writes Python to calculate, to work with files and to draw charts. It runs in a sandbox, apart"
        " from this server and without network; files that are attached to the chat are there, and so are those below."
    )
    if assistant.pk and is_without_tools(assistant.model):
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
