"""Trying a search out: what would be found in a store, in which order, and why."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.admin.knowledge.passages import place_of
from chat.models import VectorStore
from chat.retrieval.search.hits import Hit
from chat.retrieval.search.scores import RankingWeights
from chat.retrieval.search.search import search_stores

MAX_QUERY = 2000  # characters
MAX_RESULTS = 50  # reference, section 4
AROUND = 240  # characters of the passage on either side of the quote
MAX_PAIRS = 100  # of attributes, offered to filter by
LOOKED_AT = 1000  # files whose attributes are looked at for these


class TrialForm(forms.Form):
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
        pairs = pairs_of(store)
        field = self.fields["attribute"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("any attributes")), *((json.dumps(pair), f"{pair[0]}: {pair[1]}") for pair in pairs)]
        if not pairs:
            del self.fields["attribute"]

    def filters(self) -> Mapping[str, Any] | None:
        """The API's, for the chosen attribute."""
        chosen = self.cleaned_data.get("attribute")
        if not chosen:
            return None
        key, value = json.loads(chosen)
        return {"type": "eq", "key": key, "value": value}


def pairs_of(store: VectorStore) -> list[tuple[str, Any]]:
    """Attributes that files in ``store`` have, in alphabetical order."""
    having = store.entries.exclude(attributes={}).values_list("attributes", flat=True)[:LOOKED_AT]
    # True and 1 are one key of a dict, but not one value of an attribute.
    found = {(key, type(value).__name__, str(value)): value for each in having for key, value in each.items()}
    return [(key, found[key, kind, text]) for key, kind, text in sorted(found)][:MAX_PAIRS]


@dataclass(frozen=True, slots=True)
class Found:
    """A hit as it is shown: its passage in three parts, of which ``quote`` fits best."""

    hit: Hit
    rank: int
    place: str
    before: str
    quote: str
    after: str

    @property
    def lead(self) -> str:
        """The end of what comes before the quote."""
        return self.before if len(self.before) <= AROUND else "…" + self.before[-AROUND:].partition(" ")[2]

    @property
    def trail(self) -> str:
        return self.after if len(self.after) <= AROUND else self.after[:AROUND].rpartition(" ")[0] + "…"

    @property
    def is_shortened(self) -> bool:
        return len(self.before) > AROUND or len(self.after) > AROUND


@dataclass(frozen=True, slots=True)
class Trial:
    """What a search found, and after how many milliseconds."""

    found: list[Found]
    milliseconds: int
    weights: RankingWeights

    @property
    def shares(self) -> dict[str, int]:
        """What words and meaning count for in a score, in percent."""
        words = round(100 * self.weights.text / (self.weights.text + self.weights.embedding))
        return {"words": words, "meaning": 100 - words}

    @property
    def by_words_alone(self) -> bool:
        return bool(self.found) and not any(found.hit.meaning for found in self.found)


def try_out(form: TrialForm) -> Trial:
    """Search with what is in the valid ``form``."""
    given = form.cleaned_data
    weights = RankingWeights()
    began = time.monotonic()
    hits = search_stores(
        [form.store],
        [given["q"]],
        limit=given["limit"] or form.fields["limit"].initial,
        threshold=given["threshold"] or 0.0,
        filters=form.filters(),
        weights=weights,
    )
    took = round((time.monotonic() - began) * 1000)
    return Trial([_found(hit, rank) for rank, hit in enumerate(hits, start=1)], took, weights)


def _found(hit: Hit, rank: int) -> Found:
    passage = hit.passage
    first, last = passage.page_at(hit.quote[0]), passage.page_at(hit.quote[1] - 1)
    begin, end = (max(0, place - passage.char_from) for place in hit.quote)
    return Found(
        hit=hit,
        rank=rank,
        place=place_of(first, last, filename=passage.entry.file.filename),
        before=passage.text[:begin],
        quote=passage.text[begin:end],
        after=passage.text[end:],
    )
