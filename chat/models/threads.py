"""Threads and what is said in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import BooleanField, F, Func, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.assistants import Assistant
from chat.models.ids import PublicIdField, PublicObject
from chat.models.prepared_queries import Parameter, PreparedUpdate

if TYPE_CHECKING:
    from chat.models.accounts.users import User

MAX_TEXT = 256_000  # characters of one message; reference, section 4


def text_part(value: str, annotations: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """One text part of a message's ``content``."""
    return {"type": "text", "text": {"value": value, "annotations": annotations or []}}


def text_of(part: Mapping[str, Any]) -> str | None:
    """Return the words of one part of a ``content``, or of a delta of it; None for a picture."""
    if part["type"] == "text":
        return str(part["text"].get("value") or "")
    return str(part["refusal"]) if part["type"] == "refusal" else None


def texts_of(content: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the words of each part of a ``content`` that has some."""
    return [text for part in content if (text := text_of(part)) is not None]


class HasPair(Func):
    """True where the JSON object in ``column`` has the string ``value`` under ``key``.

    Django's own transforms take a key of digits for a place in an array, and SQLite's paths know no quotes in keys.
    """

    output_field = BooleanField()

    def __init__(self, column: str, key: str, value: str) -> None:
        super().__init__(F(column), Value(key), Value(value))

    def as_sql(self, compiler: Any, connection: Any, *_template: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        (column, in_column), (key, in_key), (value, in_value) = map(compiler.compile, self.get_source_expressions())
        # What Django compiled: the column quoted, key and value as placeholders.
        if connection.vendor == "sqlite":
            question = f"EXISTS (SELECT 1 FROM json_each({column}) WHERE key = {key} AND value = {value})"  # noqa: S608
        else:
            question = f"(({column} ->> {key}::text) = {value}::text)"
        return question, (*in_column, *in_key, *in_value)


class ThreadQuerySet(models.QuerySet["Thread"]):
    def owned_by(self, user: User) -> ThreadQuerySet:
        return self.filter(owner=user)

    def with_metadata(self, pairs: Mapping[str, str]) -> ThreadQuerySet:
        """Return the threads whose metadata has all of ``pairs``."""
        return self.filter(*(HasPair("metadata", key, value) for key, value in pairs.items()))


class Thread(PublicObject):
    """One conversation. ``assistant`` is the one that the chat page asks; a program may ask any.

    A ``temporary`` one serves a single chat completion and is in no list.
    """

    id = PublicIdField(prefix="thread_")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="threads")
    assistant = models.ForeignKey(
        Assistant, models.DO_NOTHING, to_field="id", null=True, db_constraint=False, related_name="threads"
    )
    title = models.CharField(max_length=200, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    tool_resources = models.JSONField(default=dict, blank=True)
    active_at = models.DateTimeField(default=timezone.now, editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)
    temporary = models.BooleanField(default=False, editable=False)

    objects = ThreadQuerySet.as_manager()

    class Meta(PublicObject.Meta):
        verbose_name = _("thread")
        verbose_name_plural = _("threads")
        indexes = [
            models.Index(fields=["owner", "-active_at"], name="thread_of_owner"),
            models.Index(fields=["owner", "-created_at", "-number"], name="thread_newest_of_owner"),
            models.Index(fields=["-active_at", "-number"], name="thread_by_activity"),
            models.Index(fields=["active_at"], name="thread_temporary", condition=models.Q(temporary=True)),
        ]
        permissions = [("read_messages", _("Can read other people's messages"))]

    def __str__(self) -> str:
        return self.title or str(_("New chat"))

    def touch(self) -> None:
        """Move the thread to the top of its owner's list, and save what a message or run changed of it.

        The row is new or was read under a lock: what it has not changed is as it was.
        """
        self.active_at = timezone.now()
        columns = ("title", "tool_resources", "assistant_id", "active_at")
        threads_with_key.update(self.pk, **{name: getattr(self, name) for name in columns})


@PreparedUpdate
def threads_with_key(pk: Parameter) -> ThreadQuerySet:
    return Thread.objects.filter(pk=pk)


class Message(PublicObject):
    """One entry of a thread. ``content`` is the API's list of parts; ``run_id`` and ``assistant_id`` only on answers.

    ``client_key`` is the page's idempotency key: a second POST with the same one finds this message.
    """

    class Role(models.TextChoices):
        USER = "user", _("user")
        ASSISTANT = "assistant", _("assistant")

    class Status(models.TextChoices):
        IN_PROGRESS = "in_progress", _("in progress")
        INCOMPLETE = "incomplete", _("incomplete")
        COMPLETED = "completed", _("completed")

    id = PublicIdField(prefix="msg_")
    thread = models.ForeignKey(Thread, models.CASCADE, to_field="id", related_name="messages")
    run = models.ForeignKey(
        "Run", models.DO_NOTHING, to_field="id", null=True, db_constraint=False, related_name="messages"
    )
    assistant = models.ForeignKey(
        Assistant, models.DO_NOTHING, to_field="id", null=True, db_constraint=False, related_name="+"
    )
    role = models.CharField(max_length=10, choices=Role.choices)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.COMPLETED)
    content = models.JSONField(default=list)
    attachments = models.JSONField(default=list, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    client_key = models.CharField(max_length=64, null=True, editable=False)  # noqa: DJ001 -- NULLs stay distinct
    incomplete_reason = models.CharField(max_length=20, blank=True)
    completed_at = models.DateTimeField(null=True)
    incomplete_at = models.DateTimeField(null=True)

    class Meta(PublicObject.Meta):
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(fields=["thread", "created_at", "number"], name="message_of_thread"),
            models.Index(fields=["thread", "-number"], name="message_newest_of_thread"),
        ]
        constraints = [models.UniqueConstraint(fields=["thread", "client_key"], name="one_message_a_client_key")]

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def text(self) -> str:
        """The texts, joined by blank lines."""
        return "\n\n".join(texts_of(self.content))


class RenderedMessage(models.Model):
    """The HTML of a long message's text, kept because to draw it takes long. ``digest`` is of all it was made of."""

    message = models.OneToOneField(
        Message, models.CASCADE, to_field="id", primary_key=True, related_name="rendered_message"
    )
    digest = models.CharField(max_length=64)
    html = models.TextField()

    def __str__(self) -> str:
        return self.message_id


class QueuedMessage(models.Model):
    """A message that was sent while a run was live: kept here until the thread is free, then posted in order."""

    thread = models.ForeignKey(Thread, models.CASCADE, to_field="id", related_name="queued_messages")
    content = models.JSONField(default=list)
    attachments = models.JSONField(default=list, blank=True)
    client_key = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["thread", "client_key"], name="one_queued_message_a_client_key")]

    def __str__(self) -> str:
        return "\n\n".join(texts_of(self.content))[:80]
