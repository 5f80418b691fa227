"""The fields on searching in files in the form of an assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.admin.shared.store_access import store_ids_in, visible_stores
from chat.models import Assistant, Audience, VectorStore
from chat.models.vector_stores import Origin
from chat.providers.tool_names import FILE_SEARCH
from chat.tools.declarations import normalised

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Assistant]
else:
    ModelForm = forms.ModelForm

MAX_RESULTS = 50  # reference, section 4
MOST_STORES = 200  # that the form offers
FIELDS = ("search_in_files", "store", "max_results", "score_threshold")


class FileSearchForm(ModelForm):
    """The fields on searching in files. ``request`` is that of the staff member who fills it in."""

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
        tool = file_search_tool(self.instance)
        settings = (tool or {}).get(FILE_SEARCH) or {}
        self.current_store_id = next(iter(store_ids_in(self.instance.tool_resources)), "")
        self.initial = {
            **self.initial,
            "search_in_files": tool is not None,
            "store": self.current_store_id,
            "max_results": settings.get("max_num_results"),
            "score_threshold": (settings.get("ranking_options") or {}).get("score_threshold") or None,
        }
        choice = self.fields["store"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = self._choices()

    def _choices(self) -> list[tuple[str, str]]:
        """Return the stores that the staff member sees, and the assistant's own, which they may not see into.

        Of many they are the newest, of all owners and of the assistant's.
        """
        stores = visible_stores(self.request).exclude(origin=Origin.ATTACHMENT).select_related("owner")
        newest = {*stores[:MOST_STORES], *stores.filter(owner=self.instance.owner_id)[:MOST_STORES]}
        label = _("%(name)s (%(owner)s)")
        offered = {
            store.id: label % {"name": store, "owner": store.owner}
            for store in sorted(newest, key=lambda store: (store.name, store.pk))
        }
        if self.current_store_id and self.current_store_id not in offered:
            owned = VectorStore.objects.filter(id=self.current_store_id, owner=self.instance.owner_id).exists()
            offered[self.current_store_id] = _("Private files of the owner") if owned else _("Knowledge that is gone")
        return [("", _("None but what is attached to the chat")), *offered.items()]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        store = VectorStore.objects.filter(id=data.get("store") or "").select_related("owner").first()
        if store is not None and data.get("owner"):
            self._check_owner(store, data)
            self._check_privacy(store, data)
        return data

    def _check_owner(self, store: VectorStore, data: dict[str, Any]) -> None:
        if store.owner_id != data["owner"].pk:
            values = {"store": store, "theirs": store.owner, "owner": data["owner"]}
            problem = _(
                "“%(store)s” belongs to %(theirs)s, but the assistant to %(owner)s. An assistant can search only what"
                " belongs to its own owner."
            )
            if self._can_see(store):
                self.add_error("store", problem % values)
            else:
                self.add_error("store", _("These files belong to somebody else than the assistant. Choose others."))

    def _check_privacy(self, store: VectorStore, data: dict[str, Any]) -> None:
        # Everyone who uses an assistant can get at all that it searches.
        if data.get("audience") not in (None, Audience.OWNER) and not self._can_see(store):
            problem = _("It searches private files of its owner. Choose other knowledge before others may use it.")
            self.add_error("audience", problem)

    def _can_see(self, store: VectorStore) -> bool:
        return visible_stores(self.request).filter(pk=store.pk).exists()

    def save(self, commit: bool = True) -> Assistant:
        assistant, data = self.instance, self.cleaned_data
        place = next((place for place, tool in enumerate(assistant.tools) if tool["type"] == FILE_SEARCH), None)
        tools = [tool for tool in assistant.tools if tool["type"] != FILE_SEARCH]
        if data["search_in_files"]:
            tools.insert(0 if place is None else place, self._declare_tool(file_search_tool(assistant)))
        assistant.tools = tools
        if data["store"] != self.current_store_id:
            others = {name: value for name, value in assistant.tool_resources.items() if name != FILE_SEARCH}
            chosen = {FILE_SEARCH: {"vector_store_ids": [data["store"]]}} if data["store"] else {}
            assistant.tool_resources = others | chosen
        return super().save(commit)

    def _declare_tool(self, before: dict[str, Any] | None) -> dict[str, Any]:
        """Return the tool's declaration, with those settings of ``before`` that the form does not show."""
        settings: dict[str, Any] = dict((before or {}).get(FILE_SEARCH) or {})
        ranking = (settings.get("ranking_options") or {}) | {
            "score_threshold": self.cleaned_data["score_threshold"] or 0.0
        }
        settings |= {"max_num_results": self.cleaned_data["max_results"], "ranking_options": ranking}
        (tool,) = normalised([{"type": FILE_SEARCH, FILE_SEARCH: settings}])
        return tool


def file_search_tool(assistant: Assistant) -> dict[str, Any] | None:
    """Return the declaration of file search among the assistant's tools, if it has it."""
    return next((tool for tool in assistant.tools if tool["type"] == FILE_SEARCH), None)
