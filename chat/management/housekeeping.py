"""What is swept beside the workers each minute, and each hour: what has expired, and what is left over.

On SQLite every process that works does so by a clock of its own, on PostgreSQL one of them by Procrastinate's.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from chat.actions.expiry_sweep import prune_timelines, sweep
from chat.actions.files.orphans import sweep_orphans
from chat.actions.knowledge.staff import reindex_all
from chat.background.database_threads import in_thread
from chat.background.polling import PollingLoop
from chat.retrieval.indexing import cleanup

log = logging.getLogger(__name__)
Sweeps = Mapping[str, Callable[[], object]]
MINUTELY: Sweeps = {"sweep_expired": sweep, "renew_vectors": reindex_all}
# All stored files are listed each time, and all expired stores.
HOURLY: Sweeps = {"sweep_orphans": sweep_orphans, "sweep_passages": cleanup.sweep, "prune_timelines": prune_timelines}
MINUTE, HOUR = 60.0, 3600.0  # seconds


class Housekeeping(PollingLoop):
    """Sweeps until it is stopped. A sweep that fails is logged, and tried again when it is due again."""

    def __init__(self, *, period: float = MINUTE) -> None:
        super().__init__()
        self.interval = period
        self.hourly_due = time.monotonic()

    async def poll(self) -> None:
        await self._run(MINUTELY)
        if time.monotonic() >= self.hourly_due:
            self.hourly_due = time.monotonic() + HOUR
            await self._run(HOURLY)

    async def _run(self, sweeps: Sweeps) -> None:
        for name, work in sweeps.items():
            try:
                await in_thread(work)
            except Exception:
                log.exception("%s failed", name)
