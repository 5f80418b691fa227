"""The form of a provider. Its API key is never shown again, nor sent to another server than it was entered for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.models import Kind, Provider
from chat.models.providers import origin

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Provider]
else:
    ModelForm = forms.ModelForm

# The key is sent to the address that stands beside it, so a form must not be able to name just any secret.
KEY_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*API_KEY")


class ProviderForm(ModelForm):
    api_key = forms.CharField(
        required=False,
        strip=True,
        label=gettext_lazy("API key"),
        widget=forms.PasswordInput(attrs={"class": "vTextField", "autocomplete": "new-password"}),
    )
    forget_key = forms.BooleanField(
        required=False,
        label=gettext_lazy("Forget the API key"),
    )
    send_variable = forms.BooleanField(
        required=False,
        label=gettext_lazy("Send the key of the variable to the new address"),
    )
    make_default = forms.BooleanField(
        required=False,
        label=gettext_lazy("Make it the default provider"),
        help_text=gettext_lazy("It then answers to the model name “default”, and to names that nobody else knows."),
    )
    embed_new_stores = forms.BooleanField(
        required=False,
        label=gettext_lazy("New knowledge uses its embeddings"),
        help_text=gettext_lazy(
            "Instead of the model that is built in, which knows English best. What is there already stays as it is."
        ),
    )

    by_superuser = False  # the admin sets it

    class Meta:
        model = Provider
        fields = (
            "name",
            "kind",
            "base_url",
            "key_variable",
            "default_model",
            "accepts_any_name",
            "embedding_model",
            "enabled",
            "timeout",
        )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        row = self.instance
        self.fields["api_key"].help_text = (
            _("A key is set. Leave this empty to keep it; it is not shown again.")
            if row.encrypted_key
            else _("No key is set. It is kept encrypted and not shown again.")
        )
        if not row.encrypted_key:
            del self.fields["forget_key"]
        if not (row.key_variable and self.by_superuser):
            del self.fields["send_variable"]
        if not self.by_superuser:
            field = self.fields["key_variable"]
            field.disabled, field.help_text = True, _("Only a superuser can have a variable's key sent to a server.")
        if row.is_default:
            field = self.fields["make_default"]
            field.label, field.initial, field.disabled = _("It is the default provider"), True, True
            field.help_text = _("To change this, make another provider the default.")
        else:
            self.fields["make_default"].initial = not Provider.objects.filter(is_default=True).exists()
        self.fields["embed_new_stores"].initial = row.embeds_new_stores

    def clean_key_variable(self) -> str:
        name: str = self.cleaned_data["key_variable"].strip()
        if name and not KEY_VARIABLE.fullmatch(name):
            raise ValidationError(
                _("Name a variable that ends in API_KEY, such as OPENAI_API_KEY: other secrets must not leave here.")
            )
        return name

    def clean_enabled(self) -> bool:
        if self.instance.is_default and not self.cleaned_data["enabled"]:
            raise ValidationError(_("The default provider is needed. Make another one the default first."))
        return bool(self.cleaned_data["enabled"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        key, forget = data.get("api_key"), data.get("forget_key")
        if key and forget:
            self.add_error("forget_key", _("Either enter a new key or forget the old one."))
        if key and data.get("key_variable"):
            self.add_error("api_key", _("Either enter a key here or name the variable that holds it."))
        if self._has_moved(data):
            self._check_moved_key(data)
        if data.get("make_default") and not data.get("enabled", True):
            self.add_error("enabled", _("The default provider must be enabled."))
        self._check_embeddings(data)
        return data

    def _check_moved_key(self, data: dict[str, Any]) -> None:
        """Refuse another server for a key unless it is entered again, or a superuser has the variable's sent there."""
        row = self.instance
        if row.encrypted_key and not data.get("api_key") and not data.get("forget_key"):
            self.add_error("api_key", _("The server is another one now: enter its API key, or forget the old one."))
        if not row.key_variable or data.get("key_variable") != row.key_variable:
            return
        if not self.by_superuser:
            self.add_error("base_url", _("Only a superuser can have the variable's key sent to another server."))
        elif not data.get("send_variable"):
            problem = _("The server is another one now: tick this if it is to get the key of the variable.")
            self.add_error("send_variable", problem)

    def _check_embeddings(self, data: dict[str, Any]) -> None:
        if data.get("embedding_model") and data.get("kind") not in (None, Kind.OPENAI):
            self.add_error("embedding_model", _("Only an OpenAI-compatible server has embeddings of its own."))
        if not data.get("embed_new_stores"):
            return
        if not data.get("embedding_model"):
            self.add_error("embedding_model", _("Name the model that makes the embeddings."))
        if not data.get("enabled", True):
            self.add_error("enabled", _("A provider that new knowledge uses must be enabled."))

    def _has_moved(self, data: dict[str, Any]) -> bool:
        """Return whether the key would be sent to another server than the one that it was set for."""
        bound_to = self.instance.key_origin
        return bound_to is not None and bound_to != origin(data.get("base_url", ""))

    def save(self, commit: bool = True) -> Provider:
        if self.cleaned_data["api_key"] or self.cleaned_data.get("forget_key"):
            self.instance.set_key(self.cleaned_data["api_key"])
        if "key_variable" in self.changed_data or self.cleaned_data.get("send_variable"):
            self.instance.bind_key()
        return super().save(commit)
