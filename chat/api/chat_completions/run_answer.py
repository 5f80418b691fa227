"""The run of an assistant as an answer in pieces: its words, what it cites and draws, its steps, and its calls."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from chat.actions.conversation import completions
from chat.actions.conversation.completions import NewCompletion
from chat.actions.files import files
from chat.api.chat_completions.completion import AnswerPiece, Extra, Silence
from chat.api.chat_completions.words import cite, describe_step
from chat.api.streaming.replay import StreamEvent, StreamProgress
from chat.api.streaming.sse import run_events
from chat.background.database_threads import in_thread
from chat.errors import ContextOverflow, ProviderError, RateLimited, TimedOut, WrongRunStatus
from chat.events import types
from chat.events.bus import bus
from chat.events.types import STREAM_ENDS
from chat.models import Assistant, User
from chat.models.api_objects.objects import Object
from chat.providers.base import Finish, Text, ToolCallPiece
from chat.providers.tool_names import FUNCTION

BETWEEN_MESSAGES = "\n\n"
FAILURES = {"rate_limit_exceeded": RateLimited, "invalid_prompt": ContextOverflow}
STOPPED = "The run was stopped before it ended."
EXPIRED = "The run took longer than ten minutes and expired."


async def answer_pieces(
    user: User, assistant: Assistant, new: NewCompletion, *, shows_steps: bool
) -> AsyncGenerator[AnswerPiece, None]:
    """Run ``assistant`` and yield what it answers. Raise as ``completions.start``, and ``ProviderError`` if it fails.

    A program that goes away stops the run; a thread that is not kept is deleted in the end.
    """
    thread_id = completions.thread_id_of(user, new)
    with bus.hold(thread_id):
        started = await in_thread(completions.start, user, assistant, new, thread_id=thread_id)
        run, answer, has_ended = started.run, RunAnswer(user, shows_steps=shows_steps), False
        progress = StreamProgress(started.known_steps)
        try:
            async with aclosing(run_events(run, progress, after=run.seq)) as batches:
                async for batch in batches:
                    has_ended = any(name in STREAM_ENDS for name, _data in batch)
                    async for piece in answer.pieces(batch):
                        yield piece
            yield await in_thread(completions.usage_since, started)
            yield answer.finish
        finally:
            await in_thread(completions.leave, user, run, has_ended=has_ended)


@dataclass
class RunAnswer:
    """Turns the events of a run into pieces. ``length`` counts the characters of the answer's text so far."""

    user: User
    shows_steps: bool
    finish: Finish = field(default_factory=lambda: Finish("stop"))
    length: int = 0
    message_id: str = ""

    async def pieces(self, batch: list[StreamEvent]) -> AsyncGenerator[AnswerPiece, None]:
        """Yield the pieces in some events. Raise what the run failed with, unless its answer was filtered."""
        if not batch:
            yield Silence()
        for name, data in batch:
            for piece in await self._pieces_of(name, data):
                yield piece

    async def _pieces_of(self, name: str, data: Object) -> list[AnswerPiece]:
        if name == types.MESSAGE_DELTA:
            return [piece for part in data["delta"]["content"] for piece in await self._part(data["id"], part)]
        if name == types.STEP_COMPLETED and self.shows_steps:
            text = describe_step(data)
            return [Extra({"reasoning_content": text})] if text else []
        if name == types.RUN_REQUIRES_ACTION:
            self.finish = Finish("tool_calls")
            return list(_calls(data))
        self._note_end(name, data)
        return []

    async def _part(self, message_id: str, part: Object) -> list[AnswerPiece]:
        if part["type"] == "image_file":
            picture = await in_thread(data_url, self.user, part["image_file"]["file_id"])
            return [Extra({"images": [{"type": "image_url", "image_url": {"url": picture}}]})] if picture else []
        if part["type"] == "refusal":
            return [Text(part["refusal"], is_refusal=True)]
        is_next = self.length > 0 and message_id != self.message_id
        self.message_id = message_id
        start = self.length + (len(BETWEEN_MESSAGES) if is_next else 0)
        text, notes = cite(part["text"]["value"], part["text"].get("annotations", ()), start=start)
        text = BETWEEN_MESSAGES + text if is_next else text
        self.length += len(text)
        pieces: list[AnswerPiece] = [Text(text)] if text else []
        return [*pieces, Extra({"annotations": notes})] if notes else pieces

    def _note_end(self, name: str, data: Object) -> None:
        """Note why a message or the run ended. Raise ``Refusal`` if there is no whole answer."""
        if name == types.MESSAGE_INCOMPLETE and data["incomplete_details"]["reason"] == "content_filter":
            self.finish = Finish("content_filter")
        elif name == types.RUN_INCOMPLETE:
            self.finish = Finish("length")
        elif name == types.RUN_FAILED and self.finish.reason != "content_filter":
            error = data["last_error"]
            raise FAILURES.get(error["code"], ProviderError)(error["message"])
        elif name == types.RUN_EXPIRED:
            raise TimedOut(EXPIRED)
        elif name == types.RUN_CANCELLED:
            raise WrongRunStatus(STOPPED)


def _calls(run: Object) -> Iterator[ToolCallPiece]:
    for index, call in enumerate(run["required_action"]["submit_tool_outputs"]["tool_calls"]):
        yield ToolCallPiece(index, call["id"], call[FUNCTION]["name"], call[FUNCTION]["arguments"])


def data_url(user: User, file_id: str) -> str:
    """Return a picture as a ``data:`` URL; empty when its file is gone."""
    for file in files.get_present(user, [file_id]):
        with suppress(FileNotFoundError), file.content.open("rb") as content:
            return f"data:{file.content_type};base64,{base64.b64encode(content.read()).decode()}"
    return ""
