"""Runs, their steps and their timeline. The life of a run is the table ``TRANSITIONS``."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import models
from django.db.models import BooleanField, Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.assistants import Assistant, auto
from chat.models.ids import PublicIdField, PublicObject
from chat.models.prepared_queries import Parameter, PreparedQuery, PreparedUpdate
from chat.models.threads import Thread

LIFE = timedelta(seconds=600)  # reference, section 6.2; not extended by tool outputs


class RunStatus(models.TextChoices):
    QUEUED = "queued", _("queued")
    IN_PROGRESS = "in_progress", _("in progress")
    REQUIRES_ACTION = "requires_action", _("waiting for tool outputs")
    CANCELLING = "cancelling", _("stopping")
    COMPLETED = "completed", _("completed")
    FAILED = "failed", _("failed")
    INCOMPLETE = "incomplete", _("incomplete")
    CANCELLED = "cancelled", _("stopped")
    EXPIRED = "expired", _("expired")


S = RunStatus

# From which statuses a run may enter each status (reference, section 6.2). ``queued`` is entered again by tool outputs
# and by a worker that hands a run back before its first word. Any live run can fail: its worker may die.
TRANSITIONS: dict[RunStatus, frozenset[RunStatus]] = {
    S.QUEUED: frozenset({S.REQUIRES_ACTION, S.IN_PROGRESS}),
    S.IN_PROGRESS: frozenset({S.QUEUED}),
    S.REQUIRES_ACTION: frozenset({S.IN_PROGRESS}),
    S.CANCELLING: frozenset({S.QUEUED, S.IN_PROGRESS, S.REQUIRES_ACTION}),
    S.COMPLETED: frozenset({S.IN_PROGRESS}),
    S.INCOMPLETE: frozenset({S.IN_PROGRESS}),
    S.FAILED: frozenset({S.QUEUED, S.IN_PROGRESS, S.REQUIRES_ACTION}),
    S.CANCELLED: frozenset({S.CANCELLING}),
    S.EXPIRED: frozenset({S.QUEUED, S.IN_PROGRESS, S.REQUIRES_ACTION, S.CANCELLING}),
}
LIVE = (S.QUEUED, S.IN_PROGRESS, S.REQUIRES_ACTION, S.CANCELLING)
HELD = (S.IN_PROGRESS, S.CANCELLING)  # statuses in which a worker may hold the run
ENDED = tuple(status for status in RunStatus if status not in LIVE)

# The column that keeps the instant of entering a status; ``completed_at`` serves incomplete too, as on the wire.
INSTANTS = {
    S.IN_PROGRESS: "started_at",
    S.COMPLETED: "completed_at",
    S.INCOMPLETE: "completed_at",
    S.FAILED: "failed_at",
    S.CANCELLED: "cancelled_at",
}


class RunQuerySet(models.QuerySet["Run"]):
    def live(self) -> RunQuerySet:
        return self.filter(status__in=LIVE)


def life_end() -> datetime:
    return timezone.now() + LIFE


class Run(PublicObject):
    """One execution of an assistant on a thread. The settings are frozen when it is created (reference, section 6.1).

    ``worker`` names who holds it (empty: nobody), ``seq`` numbers its last event. ``timeline`` lists all events but the
    deltas for the run's page, each ``[seq, name, seconds since created_at, note]``; None when it has been pruned.
    """

    id = PublicIdField(prefix="run_")
    thread = models.ForeignKey(Thread, models.CASCADE, to_field="id", related_name="runs")
    assistant = models.ForeignKey(
        Assistant, models.DO_NOTHING, to_field="id", null=True, db_constraint=False, related_name="runs"
    )
    assistant_name = models.CharField(max_length=256, blank=True)  # stays when the assistant is deleted
    by_program = models.BooleanField(default=False)  # started through the API or its websocket, not on a page
    status = models.CharField(max_length=16, choices=RunStatus.choices, default=S.QUEUED)

    model = models.CharField(max_length=256)
    instructions = models.TextField(blank=True)
    # What the API shows of them to someone who may not see the assistant's own; None: all.
    shown_instructions = models.TextField(null=True, editable=False)  # noqa: DJ001
    tools = models.JSONField(default=list)
    tool_resources = models.JSONField(default=dict)
    metadata = models.JSONField(default=dict, blank=True)
    temperature = models.FloatField(null=True)
    top_p = models.FloatField(null=True)
    reasoning_effort = models.CharField(max_length=20, blank=True)
    max_prompt_tokens = models.PositiveIntegerField(null=True)
    max_completion_tokens = models.PositiveIntegerField(null=True)
    truncation_strategy = models.JSONField(default=dict)
    response_format = models.JSONField(default=auto)
    tool_choice = models.JSONField(default=auto)
    parallel_tool_calls = models.BooleanField(default=True)

    required_action = models.JSONField(null=True)
    last_error = models.JSONField(null=True)
    provider_said = models.TextField(blank=True, editable=False)  # the provider's own words on it, for staff only
    incomplete_details = models.JSONField(null=True)
    usage = models.JSONField(null=True)

    started_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, default=life_end)
    cancelled_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)

    worker = models.CharField(max_length=100, blank=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, editable=False)
    seq = models.PositiveIntegerField(default=0, editable=False)
    timeline = models.JSONField(null=True, editable=False)

    objects = RunQuerySet.as_manager()

    class Meta(PublicObject.Meta):
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        constraints = [
            models.UniqueConstraint(fields=["thread"], condition=Q(status__in=LIVE), name="one_live_run_a_thread")
        ]
        indexes = [
            models.Index(fields=["status", "created_at"], name="run_by_status"),
            models.Index(fields=["thread", "-created_at", "-number"], name="run_newest_of_thread"),
            models.Index(fields=["-created_at", "-number"], name="run_newest"),
            models.Index(fields=["created_at"], name="run_with_timeline", condition=Q(timeline__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    def move(self, to: RunStatus, **fields: Any) -> bool:
        """Enter ``to`` if ``TRANSITIONS`` allows it from what the row says now; in one UPDATE, so that of any number of
        racing moves exactly one wins. Sets the instant, the other ``fields``, and this object. Returns who won.
        """
        if to in INSTANTS:
            fields.setdefault(INSTANTS[to], timezone.now())
        if to != S.REQUIRES_ACTION:
            fields["required_action"] = None
        if to in ENDED:
            fields["worker"] = ""
            if to != S.EXPIRED:
                fields["expires_at"] = None
        fields["status"] = to
        won = _movable[to].update(self.pk, **fields) == 1
        if won:
            for name, value in fields.items():
                setattr(self, name, value)
        return won


def _runs_that_may_enter(to: RunStatus, pk: Parameter) -> RunQuerySet:
    return Run.objects.filter(pk=pk, status__in=TRANSITIONS[to])


_movable = {to: PreparedUpdate(partial(_runs_that_may_enter, to)) for to in TRANSITIONS}


@PreparedQuery
def live_runs_of(thread: Parameter) -> RunQuerySet:
    return Run.objects.live().filter(thread=thread).select_related("thread")


def live_run(thread: Thread) -> Run | None:
    """Return the run that holds ``thread``, or None."""
    return live_runs_of.first(thread.id)


class StepType(models.TextChoices):
    MESSAGE_CREATION = "message_creation", _("wrote a message")
    TOOL_CALLS = "tool_calls", _("called tools")


class StepStatus(models.TextChoices):
    IN_PROGRESS = "in_progress", _("in progress")
    COMPLETED = "completed", _("completed")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("stopped")
    EXPIRED = "expired", _("expired")


class RunStep(PublicObject):
    """An act of a run: it wrote a message, or called tools. ``details`` is the API's ``step_details``."""

    id = PublicIdField(prefix="step_")
    run = models.ForeignKey(Run, models.CASCADE, to_field="id", related_name="steps")
    type = models.CharField(max_length=20, choices=StepType.choices)
    status = models.CharField(max_length=12, choices=StepStatus.choices, default=StepStatus.IN_PROGRESS)
    details = models.JSONField(default=dict)
    last_error = models.JSONField(null=True)
    usage = models.JSONField(null=True)
    completed_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    class Meta(PublicObject.Meta):
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["created_at", "number"]

    def __str__(self) -> str:
        return self.id


class HasToolCall(Func):
    """True where the details of a step, JSON in a column, list a call of ``type``, such as ``code_interpreter``."""

    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, *_template: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        column, in_column = compiler.compile(self.get_source_expressions()[0])
        if connection.vendor == "sqlite":
            calls = f"json_each({column}, '$.tool_calls')"  # the column quoted by Django; no rows without the key
            question = f"EXISTS (SELECT 1 FROM {calls} AS call WHERE json_extract(call.value, '$.type') = %s)"  # noqa: S608
            return question, (*in_column, self.extra["type"])
        pattern = json.dumps({"tool_calls": [{"type": self.extra["type"]}]})
        return f"({column} @> %s::jsonb)", (*in_column, pattern)
