"""The consumer of the websocket for programs, ``/ws/threads/<thread_id>/`` (docs/websocket.md).

Three tasks run side by side, so that none waits for another: one sends events; one carries out commands in the order in
which they came; each cancel has one of its own and overtakes them.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from django.db import OperationalError

from chat.api.websocket.commands import execute
from chat.api.websocket.frames import AnyFrame, CancelRun, Resume, parse_frame
from chat.api.websocket.replies import accepted_frame, error_frame, event_frame, snapshot_frame
from chat.background.database_threads import in_thread, read_in_thread
from chat.engine.follow import ThreadSnapshot, follow, read_run_snapshot
from chat.errors import MalformedFrame, Refusal, database_refusal
from chat.events.types import RUN_ENDED, THREAD_CHANGED, Event, coalesce
from chat.sockets.auth import Close
from chat.sockets.thread_socket import ThreadSocket

MAX_WAITING = 32  # commands in the queue, and tasks
MAX_MALFORMED = 10  # malformed frames in a row that get an error; the next one closes the socket


class ProgramConsumer(ThreadSocket):
    """Sends the thread's events from the start, and carries out the frames that come in."""

    async def on_admitted(self) -> None:
        self.commands: asyncio.Queue[AnyFrame] = asyncio.Queue(MAX_WAITING)
        self.malformed = 0
        self.open_run = ""  # id of the run whose end has not been sent
        self.following = self.start(self.follow(None))
        self.start(self.execute_in_order())

    async def on_frame(self, text: str) -> None:
        try:
            frame = parse_frame(text)
        except MalformedFrame as refusal:
            self.malformed += 1
            if self.malformed > MAX_MALFORMED:
                await self.close(Close.MALFORMED)
            else:
                self.start(self.send_text(error_frame(refusal, request_id=refusal.request_id)))
            return
        self.malformed = 0
        await self.enqueue(frame)

    async def enqueue(self, frame: AnyFrame) -> None:
        """Queue the frame, or carry it out beside the queue; close the socket if too many wait."""
        if len(self.tasks) > MAX_WAITING or self.commands.full():
            await self.close(Close.TOO_MANY)
        elif isinstance(frame, CancelRun):
            self.start(self.execute(frame))
        else:
            self.commands.put_nowait(frame)

    # --- what comes in ---------------------------------------------------------------------------------------------

    async def execute_in_order(self) -> None:
        while True:
            frame = await self.commands.get()
            if isinstance(frame, Resume):
                await self.resume(frame)
            else:
                await self.execute(frame)

    async def execute(self, frame: AnyFrame) -> None:
        # A key may have been revoked since the last frame, or its owner deactivated.
        if not await self.check_access():
            return
        try:
            objects = await in_thread(execute, self.user, self.thread_id, frame)
            reply = accepted_frame(frame.request_id, **objects)
        except Refusal as refusal:
            reply = error_frame(refusal, request_id=frame.request_id)
        except OperationalError as error:
            reply = error_frame(database_refusal(error), request_id=frame.request_id)
        await self.send_text(reply)

    async def resume(self, frame: Resume) -> None:
        self.following.cancel()
        await asyncio.wait([self.following])
        await self.send_text(accepted_frame(frame.request_id))
        self.following = self.start(self.follow((frame.run_id, frame.seq)))

    # --- what goes out ---------------------------------------------------------------------------------------------

    async def follow(self, after: tuple[str, int] | None) -> None:
        async with aclosing(follow(self.thread_id, after=after)) as items:
            async for item in items:
                if isinstance(item, ThreadSnapshot):
                    await self.send_snapshot(item)
                else:
                    await self.send_events(item)

    async def send_events(self, events: list[Event]) -> None:
        if any(event.name == THREAD_CHANGED for event in events) and not await self.check_access():
            return
        for event in coalesce(events):
            await self.send_text(event_frame(event))
            self.open_run = "" if event.name in RUN_ENDED else event.run_id

    async def send_snapshot(self, snapshot: ThreadSnapshot) -> None:
        """Send the snapshot, after that of the run whose end the program has not received."""
        newest = snapshot.run["id"] if snapshot.run else ""
        if self.open_run and newest not in ("", self.open_run):
            await self.send_text(snapshot_frame(await read_in_thread(read_run_snapshot, self.open_run)))
        await self.send_text(snapshot_frame(snapshot))
        self.open_run = newest if snapshot.live else ""
