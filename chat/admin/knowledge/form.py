"""The form of a vector store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy

from chat.admin.shared.embedding_field import EmbeddingField
from chat.admin.shared.form_fields import MetadataField, MultilineInput
from chat.models import VectorStore

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[VectorStore]
else:
    ModelForm = forms.ModelForm

MAX_DAYS = 365  # reference, section 4


class StoreForm(ModelForm):
    """The form of a vector store, with its embedding model."""

    expires_after = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_DAYS,
        label=gettext_lazy("Expires after"),
        help_text=gettext_lazy("Days without use. Empty: never."),
    )
    embedding = EmbeddingField(
        required=False,
        label=gettext_lazy("Embeddings"),
        help_text=gettext_lazy(
            "The model that finds passages by their meaning; words are always searched too. When you change it, all"
            " files are embedded anew, and words alone find each until it has been."
        ),
    )
    metadata = MetadataField()

    class Meta:
        model = VectorStore
        fields = ("name", "description", "owner", "expires_after", "lends_files", "metadata")
        widgets = {"description": MultilineInput(rows=2)}
        help_texts = {
            "owner": gettext_lazy("Only the owner’s assistants can search it. It is deleted together with its owner."),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "name" not in self.fields:  # someone who may only look has a form without fields
            return
        self.fields["name"].required = True
        embedding = self.fields["embedding"]
        assert isinstance(embedding, EmbeddingField)
        embedding.set_choices(self.instance)
        self.initial["embedding"] = embedding.initial
