"""The form field for a store's embedding model: the one built in, or one of a provider."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from chat.models import Kind, Provider, VectorStore
from chat.models.vector_stores import BUILT_IN

EmbeddingChoice = tuple[Provider | None, str]  # None: built in; and the name of the model


class EmbeddingField(forms.ChoiceField):
    """Cleans to an ``EmbeddingChoice`` of those that ``set_choices`` found."""

    def set_choices(self, store: VectorStore) -> None:
        """Offer the built-in model, those of enabled providers, and the one of ``store``, whatever its provider has."""
        self.choices_by_key: dict[str, EmbeddingChoice] = {"": (None, "")}
        usable = Provider.objects.filter(kind=Kind.OPENAI, enabled=True).exclude(embedding_model="")
        for provider in usable:
            self.choices_by_key[choice_key(provider)] = (provider, provider.embedding_model)
        if store.embedding_provider is not None:
            self.choices_by_key[store.embedder] = (store.embedding_provider, store.embedding_model)
            self.initial = store.embedder
        elif store.pk is None:
            self.initial = next((choice_key(provider) for provider in usable if provider.embeds_new_stores), "")
        self.choices = [(value, embedding_label(choice)) for value, choice in self.choices_by_key.items()]

    def clean(self, value: str) -> EmbeddingChoice:
        try:
            return self.choices_by_key[value or ""]
        except KeyError:
            raise ValidationError(_("Choose one of those that are offered.")) from None


def choice_key(provider: Provider) -> str:
    return f"{provider.pk}:{provider.embedding_model}"


def embedding_label(choice: EmbeddingChoice) -> str:
    provider, model = choice
    if provider is None:
        return _("Built in: %(model)s (15 languages, on this machine)") % {"model": BUILT_IN}
    return _("%(provider)s: %(model)s") % {"provider": provider, "model": model}


def store_embedding_label(store: VectorStore) -> str:
    return embedding_label((store.embedding_provider, store.embedding_model))
