"""In the server's process: has the sandbox's Python made, starts the broker, and starts it again when it ends.

Of several servers on one data folder one does so; another takes over when it ends. The file of ``chat.sandbox.state``
has the state. Used by ``chat.management``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from chat.sandbox.broker_options import BrokerOptions
from chat.sandbox.child_process import ChildProcess, last_line
from chat.sandbox.client import Sandbox
from chat.sandbox.environment.provision import provide_python
from chat.sandbox.errors import SandboxUnavailable
from chat.sandbox.libraries import LibrarySet
from chat.sandbox.state import Stage, State, attend, write_state

log = logging.getLogger(__name__)
LOCK_SECONDS = 1.0  # between two tries for the lock
QUICK, SLOW = 0.2, 5.0  # seconds between two status requests to a broker that is starting, and to another
PATIENCE = 45.0  # seconds without an answer after which a broker is taken for hung
PAUSES = (1.0, 5.0, 30.0, 120.0, 600.0)  # seconds before it is started again
STEADY = 60.0  # seconds after which the end of a broker is not counted with those before
GRACE = 6.0  # seconds that it has to end its sessions
NOT_LINUX = "The code interpreter needs Linux."
OFF = "The code interpreter is switched off (EVERTHREAD_SANDBOX)."


class Supervisor:
    """``await run()`` until ``await stop()``. ``options`` are the broker's; None starts no broker.

    ``python`` is the one to make the sandbox's from, ``libraries`` what it gets. ``elsewhere`` is the socket of a
    broker that is started by others and only watched. ``pauses`` are the growing ones before a broker is started
    again, in seconds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        options: BrokerOptions | None,
        python: Path | None = None,
        libraries: LibrarySet = "full",
        elsewhere: Path | None = None,
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        self.folder, self.options, self.python, self.elsewhere = folder, options, python, elsewhere
        self.libraries: LibrarySet = libraries
        self.pauses = pauses
        self.state = State("off")
        self.task: asyncio.Task[Any] | None = None
        self.is_stopped = False

    async def run(self) -> None:
        if self.is_stopped:
            return
        self.task = asyncio.current_task()
        with suppress(asyncio.CancelledError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            while (lock := attend(self.folder)) is None:  # noqa: ASYNC110 -- held by another process
                await asyncio.sleep(LOCK_SECONDS)
            try:
                await self._attend()
            finally:
                os.close(lock)

    async def stop(self) -> None:
        """End the broker and all that it runs."""
        self.is_stopped = True
        if self.task is not None and not self.task.done():
            self.task.cancel()
            await asyncio.wait({self.task})

    async def _attend(self) -> None:
        if self.elsewhere is not None:
            await self._watch(self.elsewhere, patience=None)
        elif self.options is not None and sys.platform == "linux":
            await self._keep(self.options)
        else:
            self._set_state(State("off", OFF) if self.options is None else State("refused", NOT_LINUX))
            await asyncio.Event().wait()

    async def _keep(self, options: BrokerOptions) -> None:
        """Run a broker, and another one when it ends."""
        failures = 0
        while True:
            began_at = time.monotonic()
            try:
                python = await provide_python(
                    self.folder, base=self.python, libraries=self.libraries, progress=self._set_progress
                )
                await self._serve(python, options)
            except (SandboxUnavailable, OSError) as error:
                self._set_state(State("failed", str(error)))
            except Exception as error:
                log.exception("the broker could not be kept; it is tried again")
                self._set_state(State("failed", str(error)))
            failures = 0 if time.monotonic() - began_at > STEADY else failures
            await asyncio.sleep(self.pauses[min(failures, len(self.pauses) - 1)])
            failures += 1

    async def _serve(self, python: Path, options: BrokerOptions) -> None:
        """Run a broker until it ends. Raise ``SandboxUnavailable`` then."""
        self._set_state(State("starting"))
        error_log = self.folder / "broker.log"
        with error_log.open("wb") as errors:
            broker = ChildProcess(python, "chat.sandbox.broker", options.to_json(), environment={}, errors=errors)
        watching = asyncio.ensure_future(self._watch(options.socket, patience=PATIENCE))
        ending = asyncio.ensure_future(broker.wait())
        try:
            await asyncio.wait({watching, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (watching, ending):
                task.cancel()
            await broker.stop(grace=GRACE)
        raise SandboxUnavailable(f"The broker ended. {last_line(error_log)}".strip())

    async def _watch(self, socket: Path, *, patience: float | None) -> None:
        """Ask the broker for its status, until it has not answered for ``patience`` seconds."""
        answered_at = time.monotonic()
        while True:
            try:
                status = await Sandbox(socket).status()
            except SandboxUnavailable:
                if patience is None:
                    self._set_state(State("failed", f"No broker answers at {socket}."))
                elif time.monotonic() - answered_at > patience:
                    return
            else:
                answered_at = time.monotonic()
                self._set_state(state_from_status(status))
            await asyncio.sleep(QUICK if self.state.state == "starting" else SLOW)

    def _set_progress(self, progress: float, message: str) -> None:
        self._set_state(State("preparing", message, progress=progress))

    def _set_state(self, state: State) -> None:
        """Write the state into its file, and into the log when it has changed."""
        if state == self.state:
            return
        if (state.state, state.message) != (self.state.state, self.state.message) and state.state in REMARKS:
            level, remark = REMARKS[state.state]
            reasons = "; ".join(f"{tier}: {reason}" for tier, reason in state.reasons.items())
            log.log(level, remark, state.tier or f"{state.message} {reasons}".strip())
        self.state = state
        try:
            write_state(self.folder, state)
        except OSError as error:
            log.warning("how the code interpreter stands could not be written down: %s", error)


def state_from_status(status: Mapping[str, Any]) -> State:
    """Return the state that a broker's status means; one of another version may lack fields."""
    known: dict[Any, Stage] = {"starting": "starting", "ready": "ready", "refused": "refused"}
    return State(
        known.get(status.get("state"), "failed"),
        str(status.get("message", "")),
        tier=status.get("tier"),
        reasons=status.get("reasons") or {},
    )


REMARKS = {
    "ready": (logging.INFO, "the code interpreter is ready (isolation: %s)"),
    "refused": (logging.WARNING, "the code interpreter refuses to run: %s"),
    "failed": (logging.WARNING, "the code interpreter could not be started: %s"),
}
