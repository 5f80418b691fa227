"""The part of an assistant's form that is about searching in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.admin.shared.store_access import ids_in, visible
from chat.models import Assistant, Audience, VectorStore
from chat.models.vector_stores import Origin
from chat.providers.tool_names import FILE_SEARCH
from chat.tools.declarations import normalised

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Assistant]
else:
    ModelForm = forms.ModelForm

MAX_RESULTS = 50  # reference, section 4
NAMES = ("search_in_files", "store", "max_results", "score_threshold")


class SearchingForm(ModelForm):
    """``request`` is that of the staff member who fills it in."""

    request: HttpRequest

    search_in_files = forms.BooleanField(
        required=False,
        label=gettext_lazy("Search in files"),
        help_text=gettext_lazy("The assistant searches its knowledge and what is attached to the chat, and cites it."),
    )
    store = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Knowledge"),
        help_text=gettext_lazy("A vector store of the assistant’s owner."),
    )
    max_results = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_RESULTS,
        label=gettext_lazy("Passages at most"),
        help_text=gettext_lazy("1 to 50 for each search. Empty: as many as suit the model."),
    )
    score_threshold = forms.FloatField(
        required=False,
        min_value=0,
        max_value=1,
        label=gettext_lazy("Score from"),
        help_text=gettext_lazy("0 to 1: passages that fit less are left out. Try it out on the page of the knowledge."),
        widget=forms.NumberInput(attrs={"min": 0, "max": 1, "step": "any"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "store" not in self.fields:  # someone who may only look has a form without fields
            return
        tool = searching(self.instance)
        settings = (tool or {}).get(FILE_SEARCH) or {}
        self.kept = next(iter(ids_in(self.instance.tool_resources)), "")
        self.initial = {
            **self.initial,
            "search_in_files": tool is not None,
            "store": self.kept,
            "max_results": settings.get("max_num_results"),
            "score_threshold": (settings.get("ranking_options") or {}).get("score_threshold") or None,
        }
        choice = self.fields["store"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = self._choices()

    def _choices(self) -> list[tuple[str, str]]:
        """What the staff member sees; and what the assistant has, though they may not see what is in it."""
        stores = (
            visible(self.request).exclude(origin=Origin.ATTACHMENT).select_related("owner").order_by("name", "number")
        )
        told = _("%(name)s (%(owner)s)")
        offered = {store.id: told % {"name": store, "owner": store.owner} for store in stores}
        if self.kept and self.kept not in offered:
            owned = VectorStore.objects.filter(id=self.kept, owner=self.instance.owner_id).exists()
            offered[self.kept] = _("Private files of the owner") if owned else _("Knowledge that is gone")
        return [("", _("None but what is attached to the chat")), *offered.items()]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        store = VectorStore.objects.filter(id=found.get("store") or "").select_related("owner").first()
        if store is not None and found.get("owner"):
            self._check_owner(store, found)
            self._check_privacy(store, found)
        return found

    def _check_owner(self, store: VectorStore, found: dict[str, Any]) -> None:
        if store.owner_id != found["owner"].pk:
            told = {"store": store, "theirs": store.owner, "owner": found["owner"]}
            problem = _(
                "“%(store)s” belongs to %(theirs)s, but the assistant to %(owner)s. An assistant can search only what"
                " belongs to its own owner."
            )
            if self._sees(store):
                self.add_error("store", problem % told)
            else:
                self.add_error("store", _("These files belong to somebody else than the assistant. Choose others."))

    def _check_privacy(self, store: VectorStore, found: dict[str, Any]) -> None:
        """Whoever uses an assistant can get at all that it searches."""
        if found.get("audience") not in (None, Audience.OWNER) and not self._sees(store):
            problem = _("It searches private files of its owner. Choose other knowledge before others may use it.")
            self.add_error("audience", problem)

    def _sees(self, store: VectorStore) -> bool:
        return visible(self.request).filter(pk=store.pk).exists()

    def save(self, commit: bool = True) -> Assistant:
        assistant, given = self.instance, self.cleaned_data
        before = next((place for place, tool in enumerate(assistant.tools) if tool["type"] == FILE_SEARCH), None)
        tools = [tool for tool in assistant.tools if tool["type"] != FILE_SEARCH]
        if given["search_in_files"]:
            tools.insert(0 if before is None else before, self._tool(searching(assistant)))
        assistant.tools = tools
        if given["store"] != self.kept:
            resources = {name: kept for name, kept in assistant.tool_resources.items() if name != FILE_SEARCH}
            chosen = {FILE_SEARCH: {"vector_store_ids": [given["store"]]}} if given["store"] else {}
            assistant.tool_resources = resources | chosen
        return super().save(commit)

    def _tool(self, before: dict[str, Any] | None) -> dict[str, Any]:
        """The declaration, with what ``before`` has and the form does not show."""
        settings: dict[str, Any] = dict((before or {}).get(FILE_SEARCH) or {})
        ranking = (settings.get("ranking_options") or {}) | {
            "score_threshold": self.cleaned_data["score_threshold"] or 0.0
        }
        settings |= {"max_num_results": self.cleaned_data["max_results"], "ranking_options": ranking}
        (tool,) = normalised([{"type": FILE_SEARCH, FILE_SEARCH: settings}])
        return tool


def searching(assistant: Assistant) -> dict[str, Any] | None:
    """The tool with which ``assistant`` searches in files, if it has it."""
    return next((tool for tool in assistant.tools if tool["type"] == FILE_SEARCH), None)
