"""Where the sockets are. Each consumer brings its own authentication and origin check."""

from __future__ import annotations

from typing import Any

websocket_urlpatterns: list[Any] = []
