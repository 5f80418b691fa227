"""Frames that the chat page would not send: the socket answers them or closes, and does not break."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings as django_settings
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chat.actions.conversation import threads
from chat.models import Assistant, User
from chat.sockets.thread_socket import INTERNAL_ERROR
from config.asgi import application

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("x" * 70_000))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.dictionaries(st.sampled_from(["last", "open", "works", "run", "language"]), VALUES, max_size=4)
FRAMES = st.one_of(
    st.builds(
        lambda kind, fields: fields | {"type": kind}, st.sampled_from(["have", "stop", "ping", "", None, 1]), FIELDS
    ),
    VALUES,
).map(json.dumps)
TEXTS = st.one_of(
    FRAMES, st.text(max_size=20), st.sampled_from(["[" * 100_000, '{"type": "have", "seq": ' + "9" * 5000 + "}"])
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"content-type", b"accept-language", b"user-agent", b"sec-websocket-protocol", b"x-forwarded-for"]
        ),
        st.sampled_from([b"a/b; boundary*=x''a", b"\xff\xfe", b"9" * 5000, b"", b"[::"]),
    ),
    max_size=2,
)


async def say(path: str, headers: list[tuple[bytes, bytes]], texts: list[str]) -> list[dict[str, Any]]:
    """Return all that the socket sends to someone who says ``texts`` and goes."""
    socket = WebsocketCommunicator(application, path, headers)
    await socket.send_input({"type": "websocket.connect"})
    for text in texts:
        await socket.send_input({"type": "websocket.receive", "text": text})
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait(timeout=20)
    return [socket.output_queue.get_nowait() for _ in range(socket.output_queue.qsize())]


def test_an_odd_frame_breaks_nothing(ada: User, assistant: Assistant) -> None:
    client = Client()
    client.force_login(ada)
    name = django_settings.SESSION_COOKIE_NAME
    cookie = f"{name}={client.cookies[name].value}; timezone=../..; \xff".encode("latin-1")
    known = [(b"host", b"localhost"), (b"origin", b"http://localhost"), (b"cookie", cookie)]
    path = f"/ws/chat/{threads.create(ada, assistant=assistant).id}/"

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        headers=HEADERS,
        texts=st.lists(TEXTS, max_size=3),
        query=st.sampled_from(["", "?language=%ff", "?language=" + "a" * 900]),
    )
    def check(headers: list[tuple[bytes, bytes]], texts: list[str], query: str) -> None:
        sent = asyncio.run(say(path + query, known + headers, texts))
        assert sent[0]["type"] == "websocket.accept"
        assert [event for event in sent if event.get("code") == INTERNAL_ERROR] == []

    check()
