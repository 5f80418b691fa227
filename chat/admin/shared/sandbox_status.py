"""How the sandbox stands, in words for the admin."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chat.sandbox import client
from chat.sandbox.state import Stage, State
from chat.sandbox.state import state as read_state

LOOK = "chat.change_assistant"
OUTSTANDING = ("preparing", "starting")

WORDS: dict[Stage, Promise] = {
    "off": _("off"),
    "preparing": _("being prepared"),
    "starting": _("starting"),
    "ready": _("ready"),
    "refused": _("refused"),
    "failed": _("failed"),
}
TONES: dict[Stage, str] = {  # the classes that colour a state
    "off": "cancelled",
    "preparing": "in_progress",
    "starting": "in_progress",
    "ready": "completed",
    "refused": "failed",
    "failed": "failed",
}


def may_look(request: HttpRequest) -> bool:
    """Whether the staff member may see the sandbox's page: those may who give assistants its use."""
    return request.user.has_perm(LOOK)


def may_run(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser


def folder() -> Path:
    return Path(settings.EVERTHREAD_DATA_DIR) / "sandbox"


def state() -> State:
    return read_state(folder())


def sandbox() -> client.Sandbox:
    return client.here(folder(), socket=settings.EVERTHREAD_SANDBOX_SOCKET)


def note() -> str:
    """Why no code runs now, in a sentence; empty when it does."""
    return state().sentence


def address() -> str:
    """Of the sandbox's page."""
    return reverse("admin:sandbox")
