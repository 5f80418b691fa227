"""The addresses of the API for clients without ``assistants=v2``: the same, and those that only v1 had."""

from __future__ import annotations

import re
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from ninja.renderers import JSONRenderer

from chat.api.assistants_v1 import assistants, files
from chat.api.assistants_v1.bodies import convert_body
from chat.api.assistants_v1.shapes import to_v1
from chat.api.http.parser import JsonParser
from chat.api.http.request import ApiRequest
from chat.api.urls import ROUTERS, EverthreadAPI, url_patterns
from chat.errors import Refusal


class V1Parser(JsonParser):
    def parse_body(self, request: HttpRequest) -> Any:
        body = convert_body(request.path, super().parse_body(request))
        cast(ApiRequest, request).json_body = body
        return body


class V1API(EverthreadAPI):
    """The API in whose refusals the files of a message have the names that v1 clients sent."""

    def on_exception(self, request: HttpRequest, exc: Exception | type[Exception]) -> HttpResponse:
        response = super().on_exception(request, exc)
        if cast(ApiRequest, request).beta == "v1" and isinstance(exc, Refusal):
            response.content = re.sub(rb"attachments\[(\d+)\]\.file_id", rb"file_ids[\1]", response.content)
        return response


class V1Renderer(JSONRenderer):
    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> Any:
        api_request = cast(ApiRequest, request)
        if api_request.beta == "v1":
            data = to_v1(data, user=api_request.user)
        return super().render(request, data, response_status=response_status)


api = V1API(parser=V1Parser(), renderer=V1Renderer(), urls_namespace="old", openapi_url="", docs_url="")
# The old routers come first, to take the place of operations with the same address.
urlpatterns = url_patterns(api, [assistants.router, files.router, *ROUTERS])
