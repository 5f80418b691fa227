"""What every Django project pays: a view that returns JSON, on Daphne, without a middleware."""

from __future__ import annotations

import argparse

import django
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import path

settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="bench", ROOT_URLCONF=__name__, LOGGING_CONFIG=None)
django.setup()

# Only now can these be imported: they read the settings, and Daphne chooses Twisted's reactor.
from daphne.server import Server  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402


def view(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


urlpatterns = [path("", view)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    Server(get_asgi_application(), endpoints=[f"tcp:{options.port}:interface=127.0.0.1"]).run()
