"""What ``manage.py serve`` and ``manage.py work`` do before they begin, others perhaps at the same moment."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError, OutputWrapper
from django.db import connection

from chat.errors import Refusal
from chat.models import Installation, Kind, Provider
from chat.providers.embedded.file_lock import FileLock
from chat.providers.embedded.weights.progress_bar import ensure_weights_with_bar

M_ARENA_MAX = -8  # of glibc's malloc.h
ADVISORY_LOCK = 0x45766572  # any number that others who use the database have not chosen
ANOTHER_KEY = (
    "This process has another secret key than the one that this database was set up with, so that it could neither"
    " tell who is signed in nor use the keys of providers. Set DJANGO_SECRET_KEY to the secret of the other processes,"
    " or copy their file {path}. To change the secret, set DJANGO_SECRET_KEY to the new one and"
    " DJANGO_SECRET_KEY_FALLBACKS to the old one. If the old one is lost, start once with --new-secret: everyone has to"
    " sign in again, and the keys of providers have to be entered again."
)


@contextmanager
def set_up_alone() -> Iterator[None]:
    """Wait until no other process sets up the same data folder or database."""
    with ExitStack() as locks:
        for folder in sorted({settings.EVERTHREAD_DATA_DIR, *_database_folder()}):
            lock = FileLock(folder / "start.lock")
            locks.callback(lock.close)
            lock.acquire()
        if connection.vendor == "postgresql":
            locks.enter_context(_advisory_lock())
        yield


def _database_folder() -> list[Path]:
    """Return the folder of an SQLite database, which may be elsewhere than the rest of the data."""
    return [Path(connection.settings_dict["NAME"]).parent] if connection.vendor == "sqlite" else []


@contextmanager
def _advisory_lock() -> Iterator[None]:
    # On a connection of its own, which nothing that is set up can close.
    own = connection.copy()
    try:
        with own.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
            yield
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])
    finally:
        own.close()


def check_secret(*, renew: bool) -> None:
    """Raise ``CommandError`` if the secret key is not that of the installation; ``renew``: make it so."""
    if renew:
        Installation.objects.all().delete()
    if not Installation.accepts(settings.SECRET_KEY, earlier=settings.SECRET_KEY_FALLBACKS):
        raise CommandError(ANOTHER_KEY.format(path=settings.EVERTHREAD_DATA_DIR / "secret_key"))


def limit_malloc_arenas() -> None:
    """Have all threads allocate from two heaps. Call it before the first thread starts."""
    # By default glibc gives each thread a heap of its own, and all of them grow to the size of the largest transcript:
    # 26 long runs took 20 to 40 MB more that way, and take 10 now.
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_ARENA_MAX, 2)


def prepare_model(provider: Provider, stdout: OutputWrapper, stderr: OutputWrapper) -> None:
    """Fetch the embedded model's weights if they are needed; without them the process starts all the same."""
    stdout.write(f"Answers come from the provider “{provider}”.")
    if provider.kind != Kind.EMBEDDED or settings.EVERTHREAD_MODEL_PATH:
        return
    try:
        ensure_weights_with_bar(settings.EVERTHREAD_DATA_DIR)
    except Refusal as refusal:
        stderr.write(f"{refusal.message}\nUntil then no language model is configured; the pages say so.")
