"""Assistants: instructions, a model and tools, used in many threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from chat.models.ids import PublicIdField, PublicObject
from chat.models.prepared_queries import Parameter

if TYPE_CHECKING:
    from chat.models.accounts.users import User

ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]  # as openai's SDK has them


def auto() -> str:
    return "auto"


class Audience(models.TextChoices):
    """Who may use an assistant besides its owner."""

    OWNER = "owner", _("Only the owner")
    GROUPS = "groups", _("The groups below")
    EVERYONE = "everyone", _("Everyone who can sign in")


class AssistantQuerySet(models.QuerySet["Assistant"]):
    def usable_by(self, user: User | Parameter) -> AssistantQuerySet:
        """Return the assistants that ``user`` owns or that are shared with them."""
        # Each by an index of its own: of conditions joined by OR the databases would compare all rows.
        in_groups = Assistant.groups.through.objects.filter(group__user=user).values("assistant")
        keys = Assistant.objects.order_by().values("pk")
        for_all = keys.filter(audience=Audience.EVERYONE)
        for_groups = keys.filter(audience=Audience.GROUPS, pk__in=in_groups)
        return self.filter(pk__in=keys.filter(owner=user).union(for_all, for_groups))


class Assistant(PublicObject):
    """Fields and limits: reference, sections 3 and 4. ``tools`` is the API's list, normalised."""

    id = PublicIdField(prefix="asst_")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="assistants")
    name = models.CharField(max_length=256, blank=True)
    description = models.CharField(max_length=512, blank=True)
    instructions = models.TextField(blank=True, validators=[MaxLengthValidator(256_000)])
    model = models.CharField(
        max_length=256,
        default="default",
        help_text=_("A model, an alias, or “default” for the default provider's own."),
    )
    tools = models.JSONField(default=list, blank=True)
    tool_resources = models.JSONField(default=dict, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    # Null: nobody chose, so the model's server is told nothing.
    temperature = models.FloatField(null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(2)])
    top_p = models.FloatField(null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(1)])
    reasoning_effort = models.CharField(max_length=20, blank=True)
    response_format = models.JSONField(default=auto, blank=True)
    starter_prompts = models.JSONField(default=list, blank=True)
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.OWNER)
    groups = models.ManyToManyField(Group, blank=True, related_name="assistants")

    objects = AssistantQuerySet.as_manager()

    class Meta(PublicObject.Meta):
        verbose_name = _("assistant")
        verbose_name_plural = _("assistants")
        indexes = [
            models.Index(fields=["audience"], name="assistant_by_audience"),
            models.Index(fields=["-created_at", "-number"], name="assistant_newest"),
        ]

    def __str__(self) -> str:
        return self.name or self.id

    def is_usable_by(self, user: User) -> bool:
        """Return whether ``usable_by`` has this assistant: to ask for that one row takes longer than all else."""
        if self.owner_id == user.pk or self.audience == Audience.EVERYONE:
            return True
        return self.audience == Audience.GROUPS and self.groups.filter(user=user).exists()
