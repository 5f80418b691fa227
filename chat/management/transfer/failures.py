"""What ends a transfer from outside, in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.db import DatabaseError

from chat import data_folder
from chat.errors import Refusal


@contextmanager
def transfer_failures() -> Iterator[None]:
    """Raise ``CommandError`` for what a disk, a database or a bucket refuses."""
    try:
        yield
    except Refusal as refusal:
        raise CommandError(refusal.message) from refusal
    except DatabaseError as error:
        raise CommandError(data_folder.problem_of(error) or f"The database refuses: {error}") from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise CommandError(f"{error.strerror or error}{where}. Mend that, and try again.") from error
