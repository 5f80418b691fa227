"""The sweep of what has expired, once a minute beside the workers. The server runs it."""

from __future__ import annotations

from django.db import close_old_connections

from chat.actions.expiry_sweep import sweep
from chat.background.database_threads import in_thread
from chat.background.polling import PollingLoop

PERIOD = 60.0  # seconds


class Housekeeping(PollingLoop):
    """Sweeps until it is stopped. A sweep that fails is logged, and the next one tries again."""

    def __init__(self, *, period: float = PERIOD) -> None:
        super().__init__()
        self.interval = period

    async def poll(self) -> None:
        await in_thread(sweep_expired)


def sweep_expired() -> None:
    """Sweep, and close the thread's connection rather than keep it until the next sweep."""
    try:
        sweep()
    finally:
        close_old_connections()
