"""The choice of a model that makes vectors: the one built in, or one of a provider that has some."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from chat.models import Kind, Provider, VectorStore
from chat.models.vector_stores import BUILT_IN

Choice = tuple[Provider | None, str]  # who makes the vectors, None: the one built in; and the name of its model


class EmbeddingField(forms.ChoiceField):
    """Cleans to a ``Choice``; ``offer`` says which there are."""

    def offer(self, store: VectorStore) -> None:
        """What ``store`` has is offered too, though the provider may be disabled or have another model by now."""
        self.offered: dict[str, Choice] = {"": (None, "")}
        usable = Provider.objects.filter(kind=Kind.OPENAI, enabled=True).exclude(embedding_model="")
        for provider in usable:
            self.offered[key(provider)] = (provider, provider.embedding_model)
        if store.embedding_provider is not None:
            self.offered[store.embedder] = (store.embedding_provider, store.embedding_model)
            self.initial = store.embedder
        elif store.pk is None:
            self.initial = next((key(provider) for provider in usable if provider.embeds_new_stores), "")
        self.choices = [(value, label(choice)) for value, choice in self.offered.items()]

    def clean(self, value: str) -> Choice:
        try:
            return self.offered[value or ""]
        except KeyError:
            raise ValidationError(_("Choose one of those that are offered.")) from None


def key(provider: Provider) -> str:
    return f"{provider.pk}:{provider.embedding_model}"


def label(choice: Choice) -> str:
    """``choice`` in words."""
    provider, model = choice
    if provider is None:
        return _("Built in: %(model)s (English, on this machine)") % {"model": BUILT_IN}
    return _("%(provider)s: %(model)s") % {"provider": provider, "model": model}


def label_of(store: VectorStore) -> str:
    return label((store.embedding_provider, store.embedding_model))
