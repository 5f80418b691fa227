"""What rows and files came to: counts and digests, by which the sent and the received are compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256

import msgspec

from chat.management.transfer.tables import Row, TransferTable

MODULUS = 2**256
encode = msgspec.msgpack.Encoder().encode


class RowTotals(msgspec.Struct):
    """How many rows, and the digest of them in any order: the sum of each one's SHA-256, modulo 2 to the power of 256.

    Databases order texts differently, so that no order of rows is the same in all.
    """

    count: int = 0
    digest: str = f"{0:064x}"

    def add(self, row: bytes) -> None:
        self.count += 1
        number = int(self.digest, 16) + int.from_bytes(sha256(row).digest())
        self.digest = f"{number % MODULUS:064x}"


class Totals(msgspec.Struct):
    """What was transferred. ``serials``: the highest numbers that tables have given, by table.

    ``deleted`` names files of rows that were deleted after the rows had been read, so that their bytes are not there.
    """

    tables: dict[str, RowTotals] = {}
    files: RowTotals = msgspec.field(default_factory=RowTotals)
    bytes: int = 0  # of files
    serials: dict[str, int] = {}
    deleted: list[str] = []

    def add_row(self, table: TransferTable, row: Row) -> int:
        """Count a row. Return about how many bytes it has."""
        encoded = encode(_canonical(row, table.json_places) if table.json_places else row)
        self.tables.setdefault(table.name, RowTotals()).add(encoded)
        return len(encoded)

    def add_file(self, name: str, size: int, digest: str) -> None:
        self.files.add(encode([name, size, digest]))
        self.bytes += size

    @property
    def rows(self) -> int:
        return sum(table.count for table in self.tables.values())

    def differences(self, other: Totals, *, files: bool) -> list[str]:
        """Return the names of tables whose rows are not the same, and "files" if ``files`` count and are not."""
        none = RowTotals()
        names = sorted({*self.tables, *other.tables})
        found = [name for name in names if self.tables.get(name, none) != other.tables.get(name, none)]
        return found + ["files"] * (files and self.files != other.files)


def _canonical(row: Row, places: Sequence[int]) -> Row:
    """Return ``row`` with its JSON in one form: PostgreSQL keeps what it says, not how it was written."""
    made = list(row)
    for place in places:
        if made[place] is not None:
            made[place] = _canonical_json(made[place])
    return made


@lru_cache(maxsize=256)
def _short_json(text: str) -> str:
    return json.dumps(json.loads(text, parse_float=_number), sort_keys=True)


def _canonical_json(text: str) -> str:
    # Most JSON columns of most rows are empty lists and objects.
    return _short_json(text) if len(text) < 20 else _short_json.__wrapped__(text)


def _number(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() else number
