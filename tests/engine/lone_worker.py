"""A worker in a process of its own: ``python -m tests.engine.lone_worker FOLDER``. It works until it is killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import django

django.setup()

from chat.actions.conversation import sending  # noqa: E402
from chat.engine.worker import Worker  # noqa: E402

if __name__ == "__main__":
    worker = Worker(folder=Path(sys.argv[1]), limit=10, after_run=sending.post_next)
    asyncio.run(worker.run())
