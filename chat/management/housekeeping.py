"""The sweep of what has expired, each minute beside the workers, and of what is left over, each hour. The server runs
it.
"""

from __future__ import annotations

import time

from chat.actions.expiry_sweep import prune_timelines, sweep
from chat.actions.files.orphans import sweep_orphans
from chat.background.database_threads import in_thread
from chat.background.polling import PollingLoop
from chat.retrieval.indexing import cleanup

PERIOD = 60.0  # seconds
LEFT_OVERS_EVERY = 3600.0  # seconds; each time all stored files are listed, and all expired stores


class Housekeeping(PollingLoop):
    """Sweeps until it is stopped. A sweep that fails is logged, and the next one tries again."""

    def __init__(self, *, period: float = PERIOD) -> None:
        super().__init__()
        self.interval = period
        self.left_overs_due = time.monotonic()

    async def poll(self) -> None:
        await in_thread(sweep)
        if time.monotonic() >= self.left_overs_due:
            self.left_overs_due = time.monotonic() + LEFT_OVERS_EVERY
            await in_thread(sweep_orphans)
            await in_thread(cleanup.sweep)
            await in_thread(prune_timelines)
