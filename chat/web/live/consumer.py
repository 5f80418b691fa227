"""The consumer of the chat page's socket, ``/ws/chat/<thread_id>/``.

The page sends JSON frames of the types "have", "stop" and "ping". Frames to the page are HTML for htmx to
swap in by id, or JSON: ``{"m", "t"}`` more text ``t`` for the open end of ``m``, a message or code that a model writes;
``{"pong"}``; ``{"error"}``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import aclosing
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.http import parse_cookie
from django.utils import timezone, translation

from chat.actions.conversation import runs
from chat.background.database_threads import in_thread
from chat.engine.follow import follow
from chat.errors import NotFound, Refusal, WrongRunStatus
from chat.sockets.auth import Close
from chat.sockets.thread_socket import ThreadSocket
from chat.web.live.feed import Feed, PageState, only_grows
from chat.web.middleware import zone_of

MAX_FRAME = 64 * 1024  # bytes; the page's own frames are far smaller


class ChatSocket(ThreadSocket):
    """A page's socket. It sends nothing until the page has said what it has."""

    following = False

    async def on_frame(self, text: str) -> None:
        if len(text.encode()) > MAX_FRAME:
            await self.close(Close.TOO_LARGE)
            return
        try:
            frame = json.loads(text)
            handle = {"have": self.begin, "stop": self.stop, "ping": self.pong}[frame["type"]]
        except (ValueError, TypeError, KeyError, RecursionError):
            await self.send_error("This is no frame that the chat page sends.")
            await self.close(Close.MALFORMED)
            return
        await handle(frame)

    async def begin(self, frame: dict[str, Any]) -> None:
        if not self.following:
            self.following = True
            self.start(self.follow(page_state(frame)))

    async def stop(self, frame: dict[str, Any]) -> None:
        self.start(self.cancel(str(frame.get("run"))))

    async def pong(self, _frame: dict[str, Any]) -> None:
        self.start(self.send_text('{"pong": true}'))

    async def send_error(self, message: str) -> None:
        await self.send_text(json.dumps({"error": message}))

    # --- beside the socket -----------------------------------------------------------------------------------------

    async def follow(self, page: PageState) -> None:
        """Send the page what it lacks, and then what happens, until the thread is gone."""
        feed = Feed(self.user, self.thread_id, page)
        for_reader = self.for_reader()
        try:
            async with aclosing(follow(self.thread_id)) as items:
                async for item in items:
                    if isinstance(item, list) and all(map(only_grows, item)):
                        if feed.is_light(item):
                            frames = for_reader(feed.text_frames, item)
                        else:
                            frames = await in_thread(for_reader, feed.text_frames, item)
                    else:
                        frames = [await in_thread(for_reader, feed.apply, item)]
                    for frame in filter(None, frames):
                        await self.send_text(frame)
        except NotFound:
            await self.close(Close.NOT_FOUND)

    async def cancel(self, run_id: str) -> None:
        """Stop a run of this thread, unless it has ended or stops already."""

        def stop() -> None:
            runs.cancel(runs.get(self.user, self.thread_id, run_id))

        try:
            await in_thread(stop)
        except WrongRunStatus:
            pass
        except Refusal as refusal:
            await self.send_error(refusal.message)

    def for_reader(self) -> Callable[..., Any]:
        """Return a caller of functions in the language that the page's address names and the zone of its cookie."""
        wished = parse_qs(self.scope["query_string"].decode("latin1")).get("language", [""])[0]
        language = wished if translation.check_for_language(wished) else settings.LANGUAGE_CODE
        cookies = dict(self.scope["headers"]).get(b"cookie", b"").decode("latin1")
        zone = zone_of(parse_cookie(cookies))

        def call(function: Callable[..., Any], *args: Any) -> Any:
            with translation.override(language), timezone.override(zone):
                return function(*args)

        return call


def page_state(frame: dict[str, Any]) -> PageState:
    """Return what the page says that it has; anything odd counts as nothing, so that it is sent."""
    last, open, code = frame.get("last"), frame.get("open"), frame.get("works")
    return PageState(
        last=last if isinstance(last, str) else "",
        open={id: blocks for id, blocks in _pairs(open) if isinstance(blocks, int) and blocks >= 0},
        code={id: state for id, state in _pairs(code) if isinstance(state, str)},
    )


def _pairs(value: object) -> Iterable[tuple[str, object]]:
    return value.items() if isinstance(value, dict) else ()
