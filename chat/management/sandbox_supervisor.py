"""The supervisor of the sandbox, as the settings configure it. The server runs it."""

from __future__ import annotations

import os
from typing import cast

from django.conf import settings

from chat.sandbox.broker_options import BrokerOptions, options_for
from chat.sandbox.libraries import LibrarySet
from chat.sandbox.state import SOCKET
from chat.sandbox.supervisor import Supervisor
from chat.sandbox.values import MB, Limits


def create_supervisor() -> Supervisor:
    """Return the supervisor of the data folder's sandbox. If that is off or elsewhere, it only says so."""
    folder = settings.EVERTHREAD_DATA_DIR / "sandbox"
    is_off = settings.EVERTHREAD_SANDBOX == "off"
    elsewhere = None if is_off else settings.EVERTHREAD_SANDBOX_SOCKET
    options = None if is_off or elsewhere else _broker_options()
    return Supervisor(
        folder,
        options=options,
        python=settings.EVERTHREAD_SANDBOX_PYTHON,
        libraries=cast("LibrarySet", settings.EVERTHREAD_SANDBOX_LIBRARIES),
        elsewhere=elsewhere,
    )


def _broker_options() -> BrokerOptions:
    folder, tier = settings.EVERTHREAD_DATA_DIR / "sandbox", settings.EVERTHREAD_SANDBOX
    return options_for(
        folder,
        socket=folder / SOCKET,
        tier=None if tier == "auto" else tier,
        uids=None if os.geteuid() else settings.EVERTHREAD_SANDBOX_UIDS,
        leashed=True,
        sessions=settings.EVERTHREAD_SANDBOX_SESSIONS,
        cells=settings.EVERTHREAD_SANDBOX_CELLS,
        limits=Limits(
            memory=settings.EVERTHREAD_SANDBOX_MEMORY_MB * MB, seconds=float(settings.EVERTHREAD_SANDBOX_CELL_SECONDS)
        ),
    )
