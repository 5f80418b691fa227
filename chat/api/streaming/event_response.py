"""The response of server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from django.http import StreamingHttpResponse


class EventResponse(StreamingHttpResponse):
    """Server-sent events, as ``chunks`` encodes them."""

    def __init__(self, chunks: AsyncGenerator[bytes, None]) -> None:
        self.chunks = chunks
        super().__init__(chunks, content_type="text/event-stream; charset=utf-8")
        self["Cache-Control"] = "no-cache, no-transform"
        self["X-Accel-Buffering"] = "no"  # nginx would collect the events

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        # Django's wrapper would close itself only, and leave our generator to the garbage collector.
        return self.chunks
