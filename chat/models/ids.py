"""Public ids and the order of rows.

Every object that a program can name has two keys: ``id``, the public one (``thread_…``), which foreign keys point to,
so that ``message.thread_id`` is what goes over the wire; and ``number``, the primary key, which breaks ties between
rows of the same instant. Lengths and prefixes: reference, section 1.3.
"""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone

ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """``prefix`` and ``length`` random characters of ``[A-Za-z0-9]``."""
    return id_of(secrets.randbelow(len(ALPHABET) ** length), prefix, length)


def id_of(number: int, prefix: str, length: int = 24) -> str:
    """``prefix`` and ``length`` characters of ``[A-Za-z0-9]``, the same ones for the same ``number``."""
    tail = ""
    for _place in range(length):
        number, digit = divmod(number, len(ALPHABET))
        tail += ALPHABET[digit]
    return prefix + tail


if TYPE_CHECKING:
    CharField = models.CharField[str, str]
else:
    CharField = models.CharField


class PublicIdField(CharField):
    """A unique public id that is made when the object is."""

    def __init__(self, *, prefix: str, length: int = 24, **options: Any) -> None:
        self.prefix, self.length = prefix, length
        # Imported objects keep their old ids, whose tails may be longer than ours.
        options |= {"max_length": 64, "unique": True, "editable": False}
        super().__init__(**options)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, options = super().deconstruct()
        for fixed in ("max_length", "unique", "editable"):
            options.pop(fixed, None)
        return name, path, args, {**options, "prefix": self.prefix, "length": self.length}

    def get_default(self) -> str:
        return new_id(self.prefix, self.length)


class HexIdField(PublicIdField):
    """A public id whose tail is 32 hexadecimal digits; the first eight are the second of its making."""

    def __init__(self, *, prefix: str, length: int = 32, **options: Any) -> None:
        super().__init__(prefix=prefix, length=length, **options)

    def get_default(self) -> str:
        return f"{self.prefix}{int(time.time()):08x}{secrets.token_hex(12)}"


class PublicObject(models.Model):
    """A row with a public id; subclasses add ``id = PublicIdField(prefix=…)``."""

    id: PublicIdField
    number = models.BigAutoField(primary_key=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True
        ordering = ["-created_at", "-number"]
