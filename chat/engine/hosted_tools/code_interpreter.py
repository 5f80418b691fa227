"""Run code for a run, in the session of its thread and with the thread's files. ``dispatch`` calls it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO, cast

from django.conf import settings

from chat.background.database_threads import in_thread, read_in_thread
from chat.engine.hosted_tools import generated_files
from chat.errors import FilesUnavailable, StorageFull
from chat.models import CodeSession, File, Run, RunStep, StepStatus, StepType, Thread
from chat.models.api_objects.objects import Object
from chat.models.runs import HasToolCall
from chat.providers.base import ToolCall
from chat.providers.storable import storable_text
from chat.providers.tool_names import CODE_INTERPRETER
from chat.sandbox import client
from chat.sandbox.client import OnWaiting, Sandbox
from chat.sandbox.errors import FileRefused, SandboxError, SandboxUnavailable, SessionLost
from chat.sandbox.sessions.answers import MAX_ENTRIES
from chat.sandbox.state import read_state
from chat.sandbox.values import DataFile
from chat.tools import code_interpreter

MOST_KEPT = 50  # files of one cell
PREPARING = 300.0  # seconds that a run waits for a sandbox that is being prepared
LOOK = 1.0
IN_MEMORY = 4 * 1024 * 1024  # bytes of a file on its way
ANEW = "[The session was started anew: variables and imports of earlier code are lost; the files are there.]"
LOST = "[The session ended: {reason}. Variables, imports and what else this code wrote are lost; earlier files stay.]"
TAKEN = "Another worker has taken over this conversation's code."
QUEUED = "[Ahead of it: {ahead}.]"
REFUSED = "The code interpreter cannot be used now. {message}"

ShowCall = Callable[[Object], Awaitable[None]]


async def run_code_call(run: Run, call: ToolCall, *, pictures: int, show: ShowCall) -> Object:
    """Run the code of ``call``; return the call with its outputs. ``pictures`` is how many the run has shown before.

    ``show`` is told how the call stands meanwhile. Never raises for what code or the sandbox does.
    """
    call_with = partial(code_interpreter.code_call, call.id, code := code_interpreter.read_code(call.arguments))

    async def show_waiting(ahead: int) -> None:
        await show(call_with(status="waiting", note=QUEUED.format(ahead=ahead)))

    cell = CodeCell(run, code, pictures, on_waiting=show_waiting, on_start=lambda: show(call_with(status="running")))
    try:
        try:
            return call_with(**await cell.run_in_session())
        except SandboxUnavailable:
            if not await wait_until_prepared(show=lambda words: show(call_with(status="waiting", note=words))):
                raise
            return call_with(**await cell.run_in_session())
    except SessionLost as lost:
        note = LOST.format(reason=lost.message.rstrip("."))
        return call_with(status="died", outputs=code_interpreter.logs(note), note=note)
    except SandboxError as error:
        message = REFUSED.format(message=error.message)
        return call_with(status="refused", outputs=code_interpreter.logs(message))


async def wait_until_prepared(*, show: Callable[[str], Awaitable[None]]) -> bool:
    """Wait while the sandbox is on its way, at most ``PREPARING`` seconds; ``show`` is told how far it is.

    Return False if it was not on its way.
    """
    sentence = ""
    for _time in range(int(PREPARING / LOOK)):
        sandbox_state = await asyncio.to_thread(read_state, settings.EVERTHREAD_DATA_DIR / "sandbox")
        if sandbox_state.state not in ("preparing", "starting"):
            break
        if sandbox_state.sentence != sentence:
            sentence = sandbox_state.sentence
            await show(sentence)
        await asyncio.sleep(LOOK)
    return bool(sentence)


def sandbox() -> Sandbox:
    return client.sandbox_in(settings.EVERTHREAD_DATA_DIR / "sandbox", socket=settings.EVERTHREAD_SANDBOX_SOCKET)


def end_session(thread: Thread) -> None:
    """End the session of a thread that is deleted."""
    client.forget(sandbox(), thread.id, owner=str(thread.owner_id))


@dataclass
class CodeCell:
    """One piece of code of ``run``, which has shown that many ``pictures`` before."""

    run: Run
    code: str
    pictures: int
    on_waiting: OnWaiting
    on_start: Callable[[], Awaitable[None]]
    notes: list[str] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)  # that the code left

    async def run_in_session(self) -> dict[str, Any]:
        """Run the code in the session of the run's thread. Return what the call keeps besides it."""
        owner = str(self.run.thread.owner_id)
        self.session, _ = await in_thread(CodeSession.objects.get_or_create, thread_id=self.run.thread_id)
        leased = sandbox().lease(self.run.thread_id, owner=owner, id=self.session.session, on_waiting=self.on_waiting)
        async with leased as lease:
            self.lease = lease
            await self._furnish()
            outcome = await lease.run(self.code, on_waiting=self.on_waiting, on_start=self.on_start)
            if outcome.status == "died":
                self.notes.append(LOST.format(reason=outcome.reason))
            outputs = code_interpreter.logs(storable_text(outcome.logs))
            if outcome.images:
                outputs += await self._keep_pictures(outcome.images)
            if outcome.status != "died":
                await self._keep_files()
            elif not outputs:
                outputs = code_interpreter.logs(self.notes[-1])
        return {
            "status": outcome.status,
            "outputs": outputs,
            "seconds": round(outcome.seconds, 2),
            "files": self.files,
            "note": "\n".join(self.notes),
        }

    async def _furnish(self) -> None:
        """Bring ``/mnt/data`` to what the rows say. Raise ``SessionLost`` if another worker runs code of the thread."""
        mounted = await read_in_thread(code_interpreter.mounted_files, self.run)
        before = {entry.name: entry for entry in await self.lease.files()}
        last_calls = await read_in_thread(last_code_calls, self.run)
        if self.lease.is_new and last_calls:
            self.notes.append(ANEW)
        # What the session has of each name, by the file's id. What it made and nobody kept is in no row.
        held = {} if self.lease.is_new else self.session.files
        ids = {name: file.id for name, file in mounted.items()}
        missing = [name for name, id in ids.items() if name not in before or held.get(name, [""])[0] != id]
        surplus = [name for name in held if name in before and name not in ids]
        for name in surplus:
            await self._remove(name)
        for name in missing:
            await self._put(name, mounted[name])
        if missing or surplus:
            before = {entry.name: entry for entry in await self.lease.files()}
        statuses = [] if self.lease.is_new else [call[call["type"]].get("status") for call in last_calls]
        kept = {name: entry for name, entry in held.items() if name in ids and name not in missing}
        put = {name: _record(ids[name], before[name]) for name in missing if name in before}
        await self._record_files(kept | put)
        # Stopped code left its files unkept: those that are not as they were recorded.
        self.before = before if "interrupted" not in statuses else _recorded(self.session.files)

    async def _record_files(self, files: dict[str, list[Any]]) -> None:
        if not await in_thread(self.session.record, self.lease.id, files):
            raise SessionLost(TAKEN)

    async def _remove(self, name: str) -> None:
        try:
            await self.lease.remove(name)
        except FileRefused as refused:
            self.notes.append(f"[{name!r} could not be removed from /mnt/data: {refused.message}]")

    async def _put(self, name: str, file: File) -> None:
        try:
            content = await asyncio.to_thread(file.content.open, "rb")
        except FileNotFoundError:  # deleted this moment
            return
        except FilesUnavailable as refusal:
            self.notes.append(f"[{name!r} is not in /mnt/data now: {refusal.message}]")
            return
        with content:
            try:
                await self.lease.put(name, cast("BinaryIO", content))
            except FileRefused as refused:
                self.notes.append(f"[{name!r} could not be put into /mnt/data: {refused.message}]")

    async def _keep_pictures(self, images: Sequence[bytes]) -> list[code_interpreter.Call]:
        outputs = []
        for number, png in enumerate(images, start=self.pictures + 1):
            try:
                row = await in_thread(generated_files.keep_picture, self.run, png, number=number)
            except (StorageFull, FilesUnavailable) as refusal:
                self.notes.append(f"[A picture could not be kept: {refusal.message}]")
                break
            outputs.append(code_interpreter.image(row.id))
        return outputs

    async def _keep_files(self) -> None:
        """Keep the files that the code made or changed, and those of earlier cells that were stopped before.

        That fails without an error: the code was run.
        """
        try:
            after = {entry.name: entry for entry in await self.lease.files()}
            gone = self.before.keys() - after.keys()
            changed = [entry for name, entry in after.items() if self.before.get(name) != entry]
            if (gone or changed) and not await read_in_thread(lambda: self.session.is_latest):
                raise SessionLost(TAKEN)
            if gone and len(after) < MAX_ENTRIES:  # a list that is cut off does not say what is gone
                await in_thread(generated_files.forget_files, self.run, gone)
            if len(changed) > MOST_KEPT:
                few = f"[Only {MOST_KEPT} of {len(changed)} new files were kept; write one archive instead.]"
                self.notes.append(few)
            for entry in changed[:MOST_KEPT]:
                await self._keep(entry)
            made = {file["name"]: _record(file["file_id"], after[file["name"]]) for file in self.files}
            await self._record_files(self.session.files | made)
        except SessionLost as lost:
            self.notes.append(LOST.format(reason=lost.message.rstrip(".")))
        except SandboxError as error:
            self.notes.append(f"[Files could not be kept: {error.message}]")

    async def _keep(self, entry: DataFile) -> None:
        most = settings.EVERTHREAD_MAX_UPLOAD_MB * 1024 * 1024
        if entry.size > most:
            self.notes.append(f"[{entry.name!r} is too large to be kept: at most {most} bytes.]")
            return
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as content:
            try:
                async for chunk in self.lease.get(entry.name, most=entry.size):
                    await asyncio.to_thread(content.write, chunk)
                row = await in_thread(generated_files.keep_file, self.run, entry.name, content)
            except (FileRefused, StorageFull, FilesUnavailable) as refusal:
                self.notes.append(f"[{entry.name!r} could not be kept: {refusal.message}]")
                return
        self.files.append({"name": entry.name, "file_id": row.id, "bytes": row.bytes})


def _record(file_id: str, entry: DataFile) -> list[Any]:
    return [file_id, entry.size, entry.modified]


def _recorded(files: dict[str, list[Any]]) -> dict[str, DataFile]:
    return {name: DataFile(name, size, modified) for name, (_id, size, modified) in files.items()}


def last_code_calls(run: Run) -> list[Object]:
    """Return the calls of the last step with code in the thread, as far as it has ended; empty: none was run."""
    steps = RunStep.objects.filter(run__thread_id=run.thread_id, type=StepType.TOOL_CALLS)
    with_code = steps.exclude(status=StepStatus.IN_PROGRESS).filter(HasToolCall("details", type=CODE_INTERPRETER))
    last = with_code.order_by("-created_at", "-number").first()
    return last.details["tool_calls"] if last else []
