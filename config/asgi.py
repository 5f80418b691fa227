"""The composition root: HTTP goes to Django, ``/ws/`` to the sockets."""

import os
from typing import Any

import django
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpResponseBadRequest
from django.http.multipartparser import MultiPartParserError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

# Only after Django is set up can modules that use its models be imported.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from config.routing import websocket_urlpatterns  # noqa: E402


class FormRequest(ASGIRequest):
    """A request whose form may have parts with headers that Django cannot decode (``filename*=x''a``): it is wrong."""

    def parse_file_upload(self, *form: Any) -> Any:
        try:
            return super().parse_file_upload(*form)
        except LookupError as error:
            raise MultiPartParserError(str(error)) from None


class Handler(ASGIHandler):
    """Django's handler, which answers a request with 400 if its own headers cannot be decoded."""

    request_class = FormRequest

    def create_request(self, scope: Any, body_file: Any) -> Any:
        try:
            request, refusal = super().create_request(scope, body_file)
            if request is not None:
                int(request.META.get("CONTENT_LENGTH") or 0)  # Django itself reads it only with the body
        except (LookupError, ValueError):
            return None, HttpResponseBadRequest()
        return request, refusal


django_application = Handler()
application = ProtocolTypeRouter({"http": django_application, "websocket": URLRouter(websocket_urlpatterns)})
