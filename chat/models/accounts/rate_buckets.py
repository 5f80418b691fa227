"""The rate limits of API keys, counted in the database over all processes."""

from __future__ import annotations

from django.db import connection, models


class RateBucket(models.Model):
    """The token bucket of an API key that has a limit. No foreign key: a key may go while its request is counted."""

    key_id = models.BigIntegerField(primary_key=True)
    full_at = models.BigIntegerField()  # nanoseconds since 1970

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"bucket of key {self.key_id}"


# One statement, so that requests to any process wait for one another at the row. On PostgreSQL the time is the
# database's, since the clocks of machines differ.
NOW = {"postgresql": "CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000000000 AS bigint)"}
LATEST = {"postgresql": "GREATEST", "sqlite": "MAX"}
TAKE = """
INSERT INTO chat_ratebucket (key_id, full_at) VALUES (%(key)s, {now} + %(cost)s)
ON CONFLICT (key_id) DO UPDATE SET full_at = {latest}(chat_ratebucket.full_at, {now}) + %(cost)s
WHERE {latest}(chat_ratebucket.full_at, {now}) + %(cost)s <= {now} + %(size)s
RETURNING full_at - {now}
"""
LOOK = "SELECT {latest}(full_at - {now}, 0) FROM chat_ratebucket WHERE key_id = %(key)s"


def spend(key_id: int, *, cost: int, size: int, now: int) -> tuple[bool, int]:
    """Take ``cost`` nanoseconds from the key's bucket of ``size`` if they are there.

    Return whether they were, and how long the bucket then takes to be full. ``now`` is for databases without a clock.
    """
    words = {"now": NOW.get(connection.vendor, "%(now)s"), "latest": LATEST[connection.vendor]}
    values = {"key": key_id, "cost": cost, "size": size, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(TAKE.format(**words), values)
        row = cursor.fetchone()
        if row is not None:
            return True, row[0]
        cursor.execute(LOOK.format(**words), values)
        row = cursor.fetchone()
        return False, row[0] if row is not None else 0
