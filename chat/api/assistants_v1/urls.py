"""The addresses of the API for clients that do not say ``assistants=v2``: the same, and those that only v1 had."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from ninja.renderers import JSONRenderer

from chat.api.assistants_v1 import assistants, files
from chat.api.assistants_v1.bodies import converted
from chat.api.assistants_v1.shapes import shown
from chat.api.http.error_responses import no_such_address
from chat.api.http.json_parser import WireParser
from chat.api.http.request import ApiRequest
from chat.api.urls import RESOURCES, WireAPI, mounted


class OldParser(WireParser):
    def parse_body(self, request: HttpRequest) -> Any:
        body = converted(request.path, super().parse_body(request))
        cast(ApiRequest, request).json_body = body
        return body


class OldRenderer(JSONRenderer):
    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> Any:
        asked = cast(ApiRequest, request)
        if asked.beta == "v1":
            data = shown(data, user=asked.user)
        return super().render(request, data, response_status=response_status)


api = WireAPI(parser=OldParser(), renderer=OldRenderer(), urls_namespace="old", openapi_url="", docs_url="")
# The old ones first: they take the place of what has the same address.
urlpatterns = mounted(api, [assistants.router, files.router, *RESOURCES])


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """In place of Django's page, whose links are not among these addresses."""
    return no_such_address(request)
