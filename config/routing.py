"""The addresses of the websockets. Each consumer does its own authentication and origin check."""

from __future__ import annotations

from typing import Any

from django.urls import path

from chat.api.websocket.consumer import ProgramConsumer
from chat.web.live.consumer import ChatSocket

websocket_urlpatterns: list[Any] = [
    path("ws/chat/<str:thread_id>/", ChatSocket.as_asgi()),
    path("ws/threads/<str:thread_id>/", ProgramConsumer.as_asgi()),
]
