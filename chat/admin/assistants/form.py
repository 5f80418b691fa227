"""The form of an assistant: its own fields, with those on searching in files and on running code."""

from __future__ import annotations

from typing import Any, get_args

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.admin.assistants.code_form import CodeForm
from chat.admin.assistants.file_search_form import FileSearchForm
from chat.admin.assistants.functions_field import FunctionsField
from chat.admin.shared.form_fields import DatalistInput, LinesField, MetadataField, MultilineInput
from chat.admin.shared.served_models import suggestions
from chat.models import Assistant, Audience
from chat.models.assistants import ReasoningEffort
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH, FUNCTION
from chat.tools.functions import MAX_TOOLS


class AssistantForm(FileSearchForm, CodeForm):
    """The form of an assistant. What the API stored and the form does not show (the response format) stays."""

    starter_prompts = LinesField(
        required=False,
        label=gettext_lazy("Starter prompts"),
        help_text=gettext_lazy("Questions that an empty chat offers, one a line."),
    )
    functions = FunctionsField(
        required=False,
        label=gettext_lazy("Functions"),
        help_text=gettext_lazy(
            "What the model may call and a program answers: a JSON list of objects with name, description and "
            "parameters (a JSON schema). Chats on the page wait for such a program; leave this empty if there is none."
        ),
    )
    metadata = MetadataField()

    class Meta:
        model = Assistant
        fields = (
            "name",
            "description",
            "instructions",
            "model",
            "starter_prompts",
            "audience",
            "groups",
            "owner",
            "temperature",
            "top_p",
            "reasoning_effort",
            "metadata",
        )
        widgets = {
            "description": MultilineInput(rows=2),
            "instructions": MultilineInput(rows=18),
            "model": DatalistInput(suggestions),
            "temperature": forms.NumberInput(attrs={"min": 0, "max": 2, "step": "any"}),
            "top_p": forms.NumberInput(attrs={"min": 0, "max": 1, "step": "any"}),
            "reasoning_effort": DatalistInput(lambda: get_args(ReasoningEffort)),
            "groups": forms.CheckboxSelectMultiple,
        }
        help_texts = {
            "instructions": gettext_lazy("Who the assistant is and how it should answer. Sent with every question."),
            "audience": gettext_lazy("The owner may always use it."),
            "owner": gettext_lazy("The assistant is deleted together with its owner."),
            "temperature": gettext_lazy("0 to 2: how freely the model chooses its words. Empty: its own."),
            "top_p": gettext_lazy("0 to 1: how many unlikely words it considers. Empty: its own."),
            "reasoning_effort": gettext_lazy("For models that think first, such as “low” or “high”. Empty: their own."),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        tools = self.instance.tools
        self.initial["functions"] = [tool["function"] for tool in tools if tool["type"] == FUNCTION]
        if "name" in self.fields:  # someone who may only look has a form without fields
            self.fields["name"].required = True
            self.fields["instructions"].strip = False  # type: ignore[attr-defined]  # as the API leaves them

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("audience") == Audience.GROUPS and not data.get("groups"):
            self.add_error("groups", _("Choose at least one group, or another audience."))
        switches = {FILE_SEARCH: "search_in_files", CODE_INTERPRETER: "run_code"}
        hosted = [name for name, switch in switches.items() if data.get(switch)]
        functions = data.get("functions") or []
        if len(hosted) + len(functions) > MAX_TOOLS:
            self.add_error("functions", _("At most %(most)d, please.") % {"most": MAX_TOOLS - len(hosted)})
        for name in {function["name"] for function in functions}.intersection(hosted):
            self.add_error("functions", _("“%(name)s” is the name of a tool that is built in.") % {"name": name})
        return data

    def save(self, commit: bool = True) -> Assistant:
        functions = [{"type": FUNCTION, "function": function} for function in self.cleaned_data["functions"]]
        self.instance.tools = [*(tool for tool in self.instance.tools if tool["type"] != FUNCTION), *functions]
        return super().save(commit)
