"""The sweep of what has expired, once a minute beside the workers, and of what is left over. The server runs it."""

from __future__ import annotations

import time

from chat.actions.expiry_sweep import sweep
from chat.actions.files.orphans import sweep_orphans
from chat.background.database_threads import in_thread
from chat.background.polling import PollingLoop

PERIOD = 60.0  # seconds
ORPHANS_EVERY = 3600.0  # seconds; each time all stored files are listed


class Housekeeping(PollingLoop):
    """Sweeps until it is stopped. A sweep that fails is logged, and the next one tries again."""

    def __init__(self, *, period: float = PERIOD) -> None:
        super().__init__()
        self.interval = period
        self.orphans_due = time.monotonic()

    async def poll(self) -> None:
        await in_thread(sweep)
        if time.monotonic() >= self.orphans_due:
            self.orphans_due = time.monotonic() + ORPHANS_EVERY
            await in_thread(sweep_orphans)
