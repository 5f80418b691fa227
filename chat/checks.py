"""What ``manage.py check`` looks at besides Django's own; ``check --database default`` asks the database too."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError

from chat.models import Provider
from chat.sandbox.state import State, state

HELP = "docs/sandbox.md says what it needs. With EVERTHREAD_SANDBOX=off nothing is tried and nothing is said."
LIVES = 600  # seconds that a run has for all it does
SPARE = 2  # sessions that are kept ready
LEAST_MEMORY = 256  # MB: importing the libraries and drawing a figure take some 100
# Setting → the smallest and the largest value that makes sense.
BOUNDS: dict[str, tuple[int, int | None]] = {
    "EVERTHREAD_SANDBOX_SESSIONS": (1, None),
    "EVERTHREAD_SANDBOX_CELLS": (1, None),
    "EVERTHREAD_SANDBOX_CELL_SECONDS": (1, LIVES),
    "EVERTHREAD_SANDBOX_MEMORY_MB": (LEAST_MEMORY, None),
}


@register(Tags.files)
def data_folder_can_be_written(**_options: Any) -> list[CheckMessage]:
    folder = settings.EVERTHREAD_DATA_DIR
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"Everthread")
    except OSError as error:
        hint = "Set EVERTHREAD_DATA_DIR to a folder that can be written, or make room in it."
        problem = f"The data folder {str(folder)!r} cannot be written: {error.strerror}."
        return [Error(problem, hint=hint, id="chat.E001")]
    return []


@register(Tags.database)
def default_provider_is_set(databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """Nothing to say while the tables are not there: then ``serve`` will make the provider too."""
    if not databases or "default" not in databases:
        return []
    try:
        if Provider.objects.filter(is_default=True, enabled=True).exists():
            return []
    except DatabaseError:
        return []
    hint = "Make one the default in the admin, under Providers."
    return [Warning("No provider is the default, so most model names have no answer.", hint=hint, id="chat.W001")]


@register()
def sandbox_is_able(**_options: Any) -> list[CheckMessage]:
    """What the server that runs, or ran last, has found. Nothing to say before that, nor when it is off by choice."""
    if settings.EVERTHREAD_SANDBOX == "off":
        return []
    found = state(settings.EVERTHREAD_DATA_DIR / "sandbox")
    if found.state == "refused":
        return [Warning(f"The code interpreter refuses to run. {said(found)}", hint=HELP, id="chat.W002")]
    if found.state == "failed":
        return [Warning(found.sentence, hint=HELP, id="chat.W003")]
    return []


def said(found: State) -> str:
    """Why a sandbox refuses: what it says, and what each tier said."""
    reasons = [f"{tier}: {reason.rstrip('.')}." for tier, reason in found.reasons.items()]
    return " ".join(filter(None, [found.message, *reasons]))


@register()
def sandbox_settings_make_sense(**_options: Any) -> list[CheckMessage]:
    """Whether a server with them could run code at all."""
    if settings.EVERTHREAD_SANDBOX == "off":
        return []
    return [*_bounds(), *_python(), *_uids()]


def _bounds() -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for name, (least, most) in BOUNDS.items():
        value = getattr(settings, name)
        if value < least or (most is not None and value > most):
            wanted = f"at least {least}" if most is None else f"from {least} to {most}"
            problems.append(Error(f"{name} is {value}.", hint=f"Set it to {wanted}.", id="chat.E002"))
    return problems


def _python() -> list[CheckMessage]:
    python = settings.EVERTHREAD_SANDBOX_PYTHON
    if python is None or (python.is_file() and os.access(python, os.X_OK)):
        return []
    hint = "Name the program of a Python 3.11 or later, such as /usr/bin/python3, or leave it out."
    return [Error(f"EVERTHREAD_SANDBOX_PYTHON={str(python)!r} is no program.", hint=hint, id="chat.E003")]


def _uids() -> list[CheckMessage]:
    """Each session has one of its own when the server was started as root."""
    first, last = settings.EVERTHREAD_SANDBOX_UIDS
    most = settings.EVERTHREAD_SANDBOX_SESSIONS + SPARE
    if os.geteuid() or settings.EVERTHREAD_SANDBOX_SOCKET or last - first + 1 >= most:
        return []
    problem = f"EVERTHREAD_SANDBOX_UIDS={first}-{last} are too few for {most} sessions."
    hint = f"Name a range of at least {most}, or fewer EVERTHREAD_SANDBOX_SESSIONS."
    return [Warning(problem, hint=hint, id="chat.W004")]
