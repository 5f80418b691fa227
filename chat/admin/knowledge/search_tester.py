"""The search tester on the page of a vector store: a form, and the hits with their scores."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.admin.knowledge.passages import place_label
from chat.models import VectorStore
from chat.retrieval.search.scores import RankingWeights
from chat.retrieval.search.search import Hit, search_stores

MAX_QUERY = 2000  # characters
MAX_RESULTS = 50  # reference, section 4
MAX_CONTEXT = 240  # characters of the passage on either side of the quote
MAX_PAIRS = 100  # of attributes, offered to filter by
MAX_FILES = 1000  # whose attributes are read for these


class SearchTestForm(forms.Form):
    """The query and the limits of a search in ``store``."""

    q = forms.CharField(
        required=False,
        max_length=MAX_QUERY,
        label=gettext_lazy("Question or words"),
        widget=forms.TextInput(attrs={"type": "search", "class": "vTextField", "autocomplete": "off"}),
    )
    limit = forms.IntegerField(
        required=False, min_value=1, max_value=MAX_RESULTS, initial=5, label=gettext_lazy("Results")
    )
    threshold = forms.FloatField(
        required=False,
        min_value=0,
        max_value=1,
        initial=0,
        label=gettext_lazy("Score from"),
        widget=forms.NumberInput(attrs={"step": "0.05"}),
    )
    attribute = forms.ChoiceField(required=False, label=gettext_lazy("Files with"))

    def __init__(self, *args: Any, store: VectorStore, **options: Any) -> None:
        super().__init__(*args, **options)
        self.store = store
        pairs = attribute_pairs(store)
        field = self.fields["attribute"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("any attributes")), *((json.dumps(pair), f"{pair[0]}: {pair[1]}") for pair in pairs)]
        if not pairs:
            del self.fields["attribute"]

    def filters(self) -> Mapping[str, Any] | None:
        """Return the API's filter for the chosen attribute, if there is one."""
        chosen = self.cleaned_data.get("attribute")
        if not chosen:
            return None
        key, value = json.loads(chosen)
        return {"type": "eq", "key": key, "value": value}


def attribute_pairs(store: VectorStore) -> list[tuple[str, Any]]:
    """Return keys and values of attributes of the files in ``store``, in alphabetical order."""
    attributes = store.entries.exclude(attributes={}).values_list("attributes", flat=True)[:MAX_FILES]
    # True and 1 are one key of a dict, but not one value of an attribute.
    values = {(key, type(value).__name__, str(value)): value for each in attributes for key, value in each.items()}
    return [(key, values[key, kind, text]) for key, kind, text in sorted(values)][:MAX_PAIRS]


@dataclass(frozen=True, slots=True)
class HitRow:
    """A hit, with its passage in three parts, of which ``quote`` fits the query best."""

    hit: Hit
    rank: int
    place: str
    before: str
    quote: str
    after: str

    @property
    def lead(self) -> str:
        """The end of the text before the quote."""
        return self.before if len(self.before) <= MAX_CONTEXT else "…" + self.before[-MAX_CONTEXT:].partition(" ")[2]

    @property
    def trail(self) -> str:
        """The beginning of the text after the quote."""
        return self.after if len(self.after) <= MAX_CONTEXT else self.after[:MAX_CONTEXT].rpartition(" ")[0] + "…"

    @property
    def is_shortened(self) -> bool:
        return len(self.before) > MAX_CONTEXT or len(self.after) > MAX_CONTEXT


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """The hits of a search, and how long it took."""

    rows: list[HitRow]
    milliseconds: int
    weights: RankingWeights

    @property
    def shares(self) -> dict[str, int]:
        """The weights of words and of meaning in a score, in percent."""
        words = round(100 * self.weights.text / (self.weights.text + self.weights.embedding))
        return {"words": words, "meaning": 100 - words}

    @property
    def by_words_alone(self) -> bool:
        return bool(self.rows) and not any(row.hit.meaning for row in self.rows)


def run_search(form: SearchTestForm) -> SearchOutcome:
    """Search in the form's store with its query and limits. ``form`` is valid."""
    data = form.cleaned_data
    weights = RankingWeights()
    began = time.monotonic()
    hits = search_stores(
        [form.store],
        [data["q"]],
        limit=data["limit"] or form.fields["limit"].initial,
        threshold=data["threshold"] or 0.0,
        filters=form.filters(),
        weights=weights,
    )
    took = round((time.monotonic() - began) * 1000)
    return SearchOutcome([_hit_row(hit, rank) for rank, hit in enumerate(hits, start=1)], took, weights)


def _hit_row(hit: Hit, rank: int) -> HitRow:
    passage = hit.passage
    first, last = passage.page_at(hit.quote[0]), passage.page_at(hit.quote[1] - 1)
    begin, end = (max(0, place - passage.char_from) for place in hit.quote)
    return HitRow(
        hit=hit,
        rank=rank,
        place=place_label(first, last, filename=passage.entry.file.filename),
        before=passage.text[:begin],
        quote=passage.text[begin:end],
        after=passage.text[end:],
    )
