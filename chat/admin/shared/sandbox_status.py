"""The state of the code interpreter's sandbox, in words, and who of the staff may see it."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chat.sandbox import client
from chat.sandbox.state import Stage, State, read_state

VIEW_PERMISSION = "chat.change_assistant"
PENDING = ("preparing", "starting")

LABELS: dict[Stage, Promise] = {
    "off": _("off"),
    "preparing": _("being prepared"),
    "starting": _("starting"),
    "ready": _("ready"),
    "refused": _("refused"),
    "failed": _("failed"),
}
CSS_CLASSES: dict[Stage, str] = {  # those of a run in a state like it
    "off": "cancelled",
    "preparing": "in_progress",
    "starting": "in_progress",
    "ready": "completed",
    "refused": "failed",
    "failed": "failed",
}


def may_view(request: HttpRequest) -> bool:
    """Return whether the staff member may see the sandbox's page: those may who can let an assistant run code."""
    return request.user.has_perm(VIEW_PERMISSION)


def may_test(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser


def folder() -> Path:
    return Path(settings.EVERTHREAD_DATA_DIR) / "sandbox"


def state() -> State:
    return read_state(folder())


def sandbox() -> client.Sandbox:
    return client.sandbox_in(folder(), socket=settings.EVERTHREAD_SANDBOX_SOCKET)


def unavailable_reason() -> str:
    """Return why no code runs now, in a sentence; empty where it does."""
    return state().sentence


def page_url() -> str:
    return reverse("admin:sandbox")
