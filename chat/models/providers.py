"""Where models are served, what they can do, and under which names."""

from __future__ import annotations

import fnmatch
import os
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.errors import KeyRefused, ModelNotFound
from chat.models.columns import encryption
from chat.models.prepared_queries import Parameter, PreparedQuery
from chat.providers.known_models import ModelLimits, known_limits

DEFAULT = "default"  # the model name that means: the default provider's own default model
UNKNOWN_CONTEXT = 128_000  # tokens assumed for a model that nothing is known of; an overflow makes the engine try less
EMBEDDED_CONTEXT = 4096  # tokens of one slot of the embedded model


class Kind(models.TextChoices):
    OPENAI = "openai", _("OpenAI-compatible server")
    EMBEDDED = "embedded", _("Embedded model on this machine")
    SCRIPTED = "scripted", _("Scripted answers, for tests and demos")


class ToolUse(models.TextChoices):
    """The way in which a model is brought to call tools."""

    NATIVE = "native", _("The model calls tools itself")
    GUIDED = "guided", _("Guided: a small model chooses from a menu")
    NONE = "none", _("No tools")


def check_base_url(value: str) -> None:
    """Raises ``ValidationError`` unless it is an http address. Names without a dot, as containers have, are fine."""
    if not _is_http_address(value):
        raise ValidationError(_("Enter an address such as http://localhost:11434/v1."))


def _is_http_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        host, port = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:  # brackets, a port or a name that cannot be
        return False
    # A name and password in an address would be shown with it; the key has a field of its own.
    has_more = parts.username is not None or parts.query or parts.fragment or " " in value
    return parts.scheme in ("http", "https") and bool(host) and port != 0 and not has_more


def origin(address: str) -> str:
    """Return the scheme, and the host with its port; "" for OpenAI itself, what is no address as it is."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    return f"{parts.scheme}://{parts.netloc.lower()}" if address else ""


class Provider(models.Model):
    """An endpoint that serves models. Its API key is encrypted here, or read from a named environment variable.

    The key is for the server that stood beside it when it was set, and is not sent to another.
    """

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.OPENAI)
    base_url = models.CharField(
        _("base URL"),
        max_length=500,
        blank=True,
        validators=[check_base_url],
        help_text=_("Such as http://localhost:11434/v1; empty for OpenAI itself."),
    )
    encrypted_key = models.TextField(blank=True, editable=False)
    key_variable = models.CharField(
        _("key from variable"),
        max_length=100,
        blank=True,
        help_text=_("An environment variable that holds the API key."),
    )
    key_origin = models.CharField(max_length=500, null=True, editable=False)  # noqa: DJ001 -- None: there is no key
    default_model = models.CharField(
        max_length=256, blank=True, help_text=_("What the model name “default” stands for.")
    )
    embedding_model = models.CharField(
        max_length=256,
        blank=True,
        help_text=_("Its model for embeddings, such as text-embedding-3-small, for the search in files."),
    )
    embeds_new_stores = models.BooleanField(
        default=False, help_text=_("New vector stores use its embedding model instead of the one built in.")
    )
    accepts_any_name = models.BooleanField(
        default=True, help_text=_("As the default provider, pass unknown model names on unchanged.")
    )
    is_default = models.BooleanField(default=False)
    enabled = models.BooleanField(default=True)
    timeout = models.PositiveIntegerField(default=600, help_text=_("Seconds without a word before giving up."))
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-is_default", "name"]
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="one_default_provider"),
            models.UniqueConstraint(
                fields=["embeds_new_stores"], condition=Q(embeds_new_stores=True), name="one_provider_embeds_new_stores"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **options: Any) -> None:
        self.updated_at = timezone.now()
        if not (self.encrypted_key or self.key_variable):
            self.key_origin = None
        elif self.key_origin is None:
            self.bind_key()
        super().save(*args, **options)

    def set_key(self, secret: str) -> None:
        """Keep ``secret`` encrypted for this address (not saved yet); an empty one forgets the key."""
        self.encrypted_key = encryption.encrypt(secret) if secret else ""
        self.bind_key()

    def bind_key(self) -> None:
        """Have the key sent to the server that the address names now (not saved yet), and to no other."""
        self.key_origin = origin(self.base_url)

    def get_key(self) -> str:
        """The API key; "" when none is set, as for many local servers.

        Raises ``KeyRefused`` if it cannot be read, or was set for another server.
        """
        if self.key_origin is not None and self.key_origin != origin(self.base_url):
            raise KeyRefused("The API key was set for another server. An administrator can enter it again.")
        if not self.key_variable:
            return encryption.decrypt(self.encrypted_key) if self.encrypted_key else ""
        if self.key_variable not in os.environ:
            raise KeyRefused(f"The environment variable {self.key_variable!r}, which holds the API key, is not set.")
        return os.environ[self.key_variable]

    def make_default(self) -> None:
        """From now on this provider answers to ``default`` and to unknown names."""
        Provider.objects.filter(is_default=True).exclude(pk=self.pk).update(is_default=False)
        Provider.objects.filter(pk=self.pk).update(is_default=True, enabled=True)
        self.is_default = self.enabled = True


class Model(models.Model):
    """A model that a provider serves, with its limits, abilities and prices."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="models")
    name = models.CharField(max_length=256, unique=True, help_text=_("The name that assistants and programs use."))
    upstream_name = models.CharField(
        max_length=256, blank=True, help_text=_("The name that the provider knows, if it is another.")
    )
    enabled = models.BooleanField(default=True)
    context_window = models.PositiveIntegerField(
        default=UNKNOWN_CONTEXT, help_text=_("Tokens, question and answer together.")
    )
    max_output = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Tokens of one answer; empty: no limit.")
    )
    vision = models.BooleanField(_("sees images"), default=False)
    tool_use = models.CharField(max_length=10, choices=ToolUse.choices, default=ToolUse.NATIVE)
    input_price = models.DecimalField(
        max_digits=12, decimal_places=6, null=True, blank=True, help_text=_("Per million tokens.")
    )
    output_price = models.DecimalField(
        max_digits=12, decimal_places=6, null=True, blank=True, help_text=_("Per million tokens.")
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("model")
        verbose_name_plural = _("models")

    def __str__(self) -> str:
        return self.name

    @property
    def served_as(self) -> str:
        return self.upstream_name or self.name


class Alias(models.Model):
    """Another name for a model: exact, or a pattern with ``*``, such as ``gpt-4*``."""

    pattern = models.CharField(max_length=256, unique=True)
    model = models.ForeignKey(Model, models.CASCADE, related_name="aliases")

    class Meta:
        ordering = ["pattern"]
        verbose_name = _("alias")
        verbose_name_plural = _("aliases")

    def __str__(self) -> str:
        return f"{self.pattern} → {self.model}"

    def matches(self, name: str) -> bool:
        return fnmatch.fnmatchcase(name, self.pattern)


def unlisted(provider: Provider, name: str) -> Model:
    """Return an unsaved model row for a name that has none, with what is known of such models."""
    if provider.kind == Kind.EMBEDDED:
        return Model(provider=provider, name=name, context_window=EMBEDDED_CONTEXT, tool_use=ToolUse.GUIDED)
    limits = known_limits(name) or ModelLimits(UNKNOWN_CONTEXT)
    return Model(
        provider=provider,
        name=name,
        vision=True,
        context_window=limits.context_window,
        max_output=limits.max_output,
    )


@PreparedQuery
def served_models() -> models.QuerySet[Model]:
    """Return the enabled models of enabled providers, with these, by name."""
    return Model.objects.filter(enabled=True, provider__enabled=True).select_related("provider")


@PreparedQuery
def served_models_named(name: Parameter) -> models.QuerySet[Model]:
    return Model.objects.filter(name=name, enabled=True, provider__enabled=True).select_related("provider")


@PreparedQuery
def served_aliases() -> models.QuerySet[Alias]:
    """Return the aliases of ``served_models``, with these."""
    return Alias.objects.filter(model__enabled=True, model__provider__enabled=True).select_related("model__provider")


@PreparedQuery
def default_providers() -> models.QuerySet[Provider]:
    """Return the provider of ``default`` and of unknown names; none if there is none or it is not enabled."""
    return Provider.objects.filter(is_default=True, enabled=True)


def resolve(name: str) -> Model:
    """The model that answers to ``name``: an exact row, else an alias (the longest pattern wins), else the default
    provider under that very name if it accepts any. Raises ``ModelNotFound``.
    """
    default = default_providers.first()
    if name == DEFAULT and default and default.default_model:
        name = default.default_model
    if exact := served_models_named.first(name):
        return exact
    if aliases := [alias for alias in served_aliases.rows() if alias.matches(name)]:
        return max(aliases, key=lambda alias: len(alias.pattern)).model
    if default and default.accepts_any_name:
        return unlisted(default, name)
    raise ModelNotFound(f"The model {name!r} does not exist. An administrator can add it, or an alias for it.")
