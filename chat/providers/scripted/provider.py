"""A provider that answers from a script, for tests, demonstrations and trying the page without a model.

In tests, replies are given in order and the first that fits is played::

    provider = ScriptedProvider([
        Reply(call("weather", city="Oslo"), when="weather"),
        Reply("It is ", "raining.", when="weather", after_tools=True),
        Reply("One moment", Pause(0.1), RateLimited(), once=True),
    ])

A step is a text (one piece as it stands), a call, any other piece, a ``Pause``, an ``asyncio.Event`` to wait for, or a
``ProviderError`` to raise. ``Usage`` and ``Finish`` need not be written: they follow from the texts and calls.
``provider.requests`` are the requests that it got, ``provider.stopped`` those whose stream was closed before its end.

Where no reply fits, the last message of the user decides, so that a person, a demonstration or a browser test can
choose what happens. It is repeated word by word, as "You said: …", unless it is a command; the results of tools are
repeated as "NAME returned: …".

    /say TEXT                 TEXT, word by word
    /stream [N [PER_SECOND]]  N numbered words (20), so many a second (50; 0 is as fast as possible)
    /slow [N]                 N numbered words (30), one a second
    /wait [SECONDS]           silence (5), then a short answer
    /fail CODE [N]            N words (0), then an error: rate_limit, key, unreachable, timeout, context, model, busy,
                              server; "/fail unreachable 5" is a connection that breaks after five words
    /finish REASON [N]        N words (5), then an end for the reason stop, length or content_filter
    /call NAME [JSON]         a call of the function NAME; what follows the name is sent as it stands
    /search QUERY             a search in files, then what it found, each passage cited by its marker
    /python CODE              CODE for the code interpreter, as it is written; then what it printed, with links to the
                              files that it wrote
    /pythons                  several pieces of code at once, with lines of --- between them
    /calls                    several calls at once, one a line below: NAME [JSON]
    /markdown                 a sample of everything that Markdown offers, with code, a table and formulas
    /request                  the request that this provider got, as JSON
    /help                     the names of the commands
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence

from chat.errors import ProviderError
from chat.providers import tokens
from chat.providers.base import Finish, Piece, Request, Text, ToolCall, ToolCallPiece, Turn, Usage
from chat.providers.scripted import commands, replies
from chat.providers.scripted.replies import Pause, Reply, Step, call, last_user_text, paced, word_by_word

__all__ = ["Pause", "Reply", "ScriptedProvider", "call"]


class ScriptedProvider:
    """Plays ``replies``. ``seconds`` is the pause after each word where no reply fits."""

    def __init__(self, replies: Sequence[Reply] = (), *, seconds: float = 0.02) -> None:
        self.requests: list[Request] = []
        self.stopped: list[Request] = []
        self._replies = list(replies)
        self._seconds = seconds

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """See ``chat.providers.base.ChatProvider``."""
        self.requests.append(request)
        performance = _Performance(request)
        is_over = False
        try:
            for step in self._steps(request):
                # As a network would, let others run between two pieces.
                await asyncio.sleep(0)
                for piece in await performance.play(step):
                    yield piece
                if performance.finish is not None:
                    break
            is_over = True
            for piece in performance.end():
                yield piece
        except ProviderError:
            is_over = True
            raise
        finally:
            if not is_over:
                self.stopped.append(request)

    async def models(self) -> list[str]:
        """Return one name; ``stream`` accepts every other too."""
        return ["scripted"]

    async def limits(self, _model: str) -> None:
        """Return None: its answers have none."""

    async def aclose(self) -> None:
        """Do nothing: a script has no connections."""

    def _steps(self, request: Request) -> Iterable[Step]:
        reply = next((reply for reply in self._replies if reply.fits(request)), None)
        if reply is not None:
            if reply.once:
                self._replies.remove(reply)
            return reply.steps
        if request.turns and request.turns[-1].role == "tool":
            if cited := replies.cite_passages(request.turns):
                return paced(cited, seconds=self._seconds)
            description = replies.describe_code_results(request.turns) or "\n\n".join(_results(request.turns))
            return word_by_word(description, seconds=self._seconds)
        command = commands.parse_command(request, seconds=self._seconds)
        if command is not None:
            return command
        return word_by_word(f"You said: {last_user_text(request)}", seconds=self._seconds)


class _Performance:
    """One answer while it is played: numbers the calls and counts tokens."""

    def __init__(self, request: Request) -> None:
        self.finish: Finish | None = None
        self._prompt = sum(tokens.estimate(turn.text) for turn in request.turns)
        self._spoken: list[str] = []
        self._calls = 0
        self._usage: Usage | None = None

    async def play(self, step: Step) -> list[Piece]:
        match step:
            case Pause():
                await asyncio.sleep(step.seconds)
            case asyncio.Event():
                await step.wait()
            case ProviderError():
                raise step.with_traceback(None)
            case Finish():
                self.finish = step
            case Usage():
                self._usage = step
            case _:
                return self._speak(step)
        return []

    def end(self) -> list[Piece]:
        usage = self._usage or Usage(self._prompt, tokens.estimate("".join(self._spoken)))
        return [usage, self.finish or Finish("tool_calls" if self._calls else "stop")]

    def _speak(self, step: str | Text | ToolCall | ToolCallPiece) -> list[Piece]:
        match step:
            case ToolCall():
                piece: Piece = ToolCallPiece(self._calls, step.id, step.name, step.arguments)
                self._calls += 1
                self._spoken.append(step.name + step.arguments)
            case ToolCallPiece():
                piece = step
                self._calls = max(self._calls, step.index + 1)
                self._spoken.append(step.arguments)
            case _:
                piece = Text(step) if isinstance(step, str) else step
                self._spoken.append(piece.value)
        return [piece]


def _results(turns: Sequence[Turn]) -> list[str]:
    """Return the results of tools that the request ends with, each with its tool's name."""
    names = {call.id: call.name for turn in turns for call in turn.tool_calls}
    results: list[str] = []
    for turn in reversed(turns):
        if turn.role != "tool":
            break
        results.insert(0, f"{names.get(turn.tool_call_id or '', 'The tool')} returned: {turn.text}")
    return results
