"""What is done beside the workers, once a minute."""

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
        await in_thread(swept)


def swept() -> None:
    """A sweep whose thread does not keep a connection of its own for the minutes between."""
    try:
        sweep()
    finally:
        close_old_connections()
