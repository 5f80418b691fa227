"""The set-up of a server when others of the same installation may start at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

from chat.models import Installation
from chat.providers.embedded.file_lock import FileLock

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
