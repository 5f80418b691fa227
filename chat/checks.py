"""The checks of ``manage.py check`` besides Django's own; with ``--database default`` the database is checked too.

With ``--deploy`` the database, Redis and the bucket are reached, and the bucket is written to.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import DatabaseError, connection

from chat import data_folder
from chat.errors import FilesUnavailable
from chat.models.providers import default_providers
from chat.sandbox.state import State, read_state

HELP = "docs/sandbox.md says what it needs. With EVERTHREAD_SANDBOX=off nothing is tried and nothing is said."
MAX_SECONDS = 600  # that a run has in all
TIMEOUT = 5  # seconds that a service may take to answer
SPARE_SESSIONS = 2  # kept ready besides those in use
MIN_MEMORY_MB = 256  # importing the libraries and drawing a figure take some 100
# Setting → the smallest and the largest value that makes sense.
LIMITS: dict[str, tuple[int, int | None]] = {
    "EVERTHREAD_SANDBOX_SESSIONS": (1, None),
    "EVERTHREAD_SANDBOX_CELLS": (1, None),
    "EVERTHREAD_SANDBOX_CELL_SECONDS": (1, MAX_SECONDS),
    "EVERTHREAD_SANDBOX_MEMORY_MB": (MIN_MEMORY_MB, None),
}


@register(Tags.files)
def check_data_folder(**_options: Any) -> list[CheckMessage]:
    folder = settings.EVERTHREAD_DATA_DIR
    try:
        data_folder.check_writable()
    except OSError as error:
        hint = "Set EVERTHREAD_DATA_DIR to a folder that can be written, or make room in it."
        problem = f"The data folder {str(folder)!r} cannot be written: {error.strerror}."
        return [Error(problem, hint=hint, id="chat.E001")]
    if exposed := data_folder.exposed_paths():
        problem = f"Other users of this machine can get at {', '.join(map(str, exposed))}."
        hint = "The next start of the server takes that from them; so does: chmod -R go-rwx, but for the sandbox's."
        return [Warning(problem, hint=hint, id="chat.W005")]
    return []


@register(Tags.database)
def check_default_provider(databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    if not databases or "default" not in databases:
        return []
    try:
        if default_providers.first():
            return []
    except DatabaseError:
        # Without tables there is nothing to say: ``serve`` will make the provider with them.
        return []
    hint = "Make one the default in the admin, under Providers."
    return [Warning("No provider is the default, so most model names have no answer.", hint=hint, id="chat.W001")]


@register()
def check_sandbox(**_options: Any) -> list[CheckMessage]:
    """Return what the server that runs, or ran last, reports of its sandbox."""
    if settings.EVERTHREAD_SANDBOX == "off":
        return []
    sandbox = read_state(settings.EVERTHREAD_DATA_DIR / "sandbox")
    if sandbox.state == "refused":
        return [Warning(f"The code interpreter refuses to run. {refusal_reasons(sandbox)}", hint=HELP, id="chat.W002")]
    if sandbox.state == "failed":
        return [Warning(sandbox.sentence, hint=HELP, id="chat.W003")]
    return []


def refusal_reasons(sandbox: State) -> str:
    """Return why the sandbox refuses to run: its own message and the reason of each tier."""
    reasons = [f"{tier}: {reason.rstrip('.')}." for tier, reason in sandbox.reasons.items()]
    return " ".join(filter(None, [sandbox.message, *reasons]))


@register()
def check_sandbox_settings(**_options: Any) -> list[CheckMessage]:
    """Return the settings with which a server could not run code."""
    if settings.EVERTHREAD_SANDBOX == "off":
        return []
    return [*_check_limits(), *_check_python(), *_check_uids()]


def _check_limits() -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for name, (least, most) in LIMITS.items():
        value = getattr(settings, name)
        if value < least or (most is not None and value > most):
            allowed = f"at least {least}" if most is None else f"from {least} to {most}"
            problems.append(Error(f"{name} is {value}.", hint=f"Set it to {allowed}.", id="chat.E002"))
    return problems


def _check_python() -> list[CheckMessage]:
    python = settings.EVERTHREAD_SANDBOX_PYTHON
    if python is None or (python.is_file() and os.access(python, os.X_OK)):
        return []
    hint = "Name the program of a Python 3.11 or later, such as /usr/bin/python3, or leave it out."
    return [Error(f"EVERTHREAD_SANDBOX_PYTHON={str(python)!r} is no program.", hint=hint, id="chat.E003")]


def _check_uids() -> list[CheckMessage]:
    # A server that root starts gives each session a user id of its own.
    first, last = settings.EVERTHREAD_SANDBOX_UIDS
    most = settings.EVERTHREAD_SANDBOX_SESSIONS + SPARE_SESSIONS
    if os.geteuid() or settings.EVERTHREAD_SANDBOX_SOCKET or last - first + 1 >= most:
        return []
    problem = f"EVERTHREAD_SANDBOX_UIDS={first}-{last} are too few for {most} sessions."
    hint = f"Name a range of at least {most}, or fewer EVERTHREAD_SANDBOX_SESSIONS."
    return [Warning(problem, hint=hint, id="chat.W004")]


@register(Tags.database, deploy=True)
def check_database_answers(**_options: Any) -> list[CheckMessage]:
    try:
        if connection.vendor == "postgresql":
            _connect_to_postgres()
        else:
            connection.ensure_connection()
    except Exception as error:  # the driver's, which is not installed everywhere
        hint = "Look at DATABASE_URL, and whether the server runs and lets this machine in."
        return [Error(f"The database cannot be reached: {_first_line(error)}", hint=hint, id="chat.E004")]
    return []


def _connect_to_postgres() -> None:
    import psycopg

    # Not through the pool, which waits 20 seconds and does not say why.
    parameters = {**connection.get_connection_params(), "connect_timeout": TIMEOUT}
    psycopg.connect(**parameters).close()


@register(deploy=True)
def check_redis_answers(**_options: Any) -> list[CheckMessage]:
    if not settings.REDIS_URL:
        return []
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=TIMEOUT, socket_timeout=TIMEOUT) as redis:
            redis.ping()
    except RedisError as error:
        hint = "Look at REDIS_URL. Without Redis servers read the rows, once a second, to know of each other."
        return [Error(f"Redis does not answer: {_first_line(error)}", hint=hint, id="chat.E005")]
    return []


@register(Tags.files, deploy=True)
def check_bucket(**_options: Any) -> list[CheckMessage]:
    """Write a small file to the bucket, read it and delete it."""
    if isinstance(default_storage, FileSystemStorage):
        return []
    sample = secrets.token_bytes(32)
    try:
        # Under ``files/``, so that it is swept if it cannot be deleted now.
        name = default_storage.save(f"files/check-{secrets.token_hex(8)}", ContentFile(sample))
        with default_storage.open(name) as stored:
            is_whole = stored.read() == sample
        default_storage.delete(name)
    except (FilesUnavailable, OSError) as error:
        hint = (
            "Look at EVERTHREAD_STORAGE_URL and the AWS_ variables. The keys must allow to put, get, list and delete."
        )
        problem = f"The bucket cannot be written and read: {_first_line(error.__cause__ or error)}"
        return [Error(problem, hint=hint, id="chat.E006")]
    return [] if is_whole else [Error("The bucket gives back other bytes than it was given.", id="chat.E006")]


def _first_line(error: BaseException) -> str:
    """Return what a library says of an error, without its further lines of advice."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
